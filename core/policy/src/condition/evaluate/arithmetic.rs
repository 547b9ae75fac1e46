//! `+ - * / %` as CEL has them: nothing wraps, whole numbers do not divide by zero, doubles follow IEEE 754, and
//! no type is converted on the way.

use std::borrow::Cow;

use super::MAX_SIZE;
use crate::condition::program::Arithmetic;
use crate::condition::value::Span;
use crate::condition::{ErrorKind, Value, time};

pub fn negate(value: Value<'_>) -> Result<Value<'_>, ErrorKind> {
    match value {
        Value::Int(int) => int.checked_neg().map(Value::Int).ok_or(ErrorKind::Overflow),
        Value::Double(double) => Ok(Value::Double(-double)),
        _ => Err(ErrorKind::NoSuchOverload),
    }
}

pub fn apply<'f>(arithmetic: Arithmetic, one: Value<'f>, other: Value<'f>) -> Result<Value<'f>, ErrorKind> {
    match (one, other) {
        (Value::Int(one), Value::Int(other)) => int(arithmetic, one, other),
        (Value::Uint(one), Value::Uint(other)) => uint(arithmetic, one, other),
        (Value::Double(one), Value::Double(other)) => double(arithmetic, one, other),
        (one, other) => match arithmetic {
            Arithmetic::Add => join(one, other),
            Arithmetic::Subtract => apart(one, other),
            Arithmetic::Multiply | Arithmetic::Divide | Arithmetic::Remainder => {
                Err(ErrorKind::NoSuchOverload)
            }
        },
    }
}

fn int<'f>(arithmetic: Arithmetic, one: i64, other: i64) -> Result<Value<'f>, ErrorKind> {
    if other == 0 && matches!(arithmetic, Arithmetic::Divide | Arithmetic::Remainder) {
        return Err(ErrorKind::DivisionByZero);
    }
    let result = match arithmetic {
        Arithmetic::Add => one.checked_add(other),
        Arithmetic::Subtract => one.checked_sub(other),
        Arithmetic::Multiply => one.checked_mul(other),
        Arithmetic::Divide => one.checked_div(other),
        Arithmetic::Remainder => one.checked_rem(other),
    };
    result.map(Value::Int).ok_or(ErrorKind::Overflow)
}

fn uint<'f>(arithmetic: Arithmetic, one: u64, other: u64) -> Result<Value<'f>, ErrorKind> {
    if other == 0 && matches!(arithmetic, Arithmetic::Divide | Arithmetic::Remainder) {
        return Err(ErrorKind::DivisionByZero);
    }
    let result = match arithmetic {
        Arithmetic::Add => one.checked_add(other),
        Arithmetic::Subtract => one.checked_sub(other),
        Arithmetic::Multiply => one.checked_mul(other),
        Arithmetic::Divide => one.checked_div(other),
        Arithmetic::Remainder => one.checked_rem(other),
    };
    result.map(Value::Uint).ok_or(ErrorKind::Overflow)
}

fn double<'f>(arithmetic: Arithmetic, one: f64, other: f64) -> Result<Value<'f>, ErrorKind> {
    Ok(Value::Double(match arithmetic {
        Arithmetic::Add => one + other,
        Arithmetic::Subtract => one - other,
        Arithmetic::Multiply => one * other,
        Arithmetic::Divide => one / other,
        Arithmetic::Remainder => return Err(ErrorKind::NoSuchOverload),
    }))
}

fn join<'f>(one: Value<'f>, other: Value<'f>) -> Result<Value<'f>, ErrorKind> {
    match (one, other) {
        (Value::String(one), Value::String(other)) => {
            bounded(one.len() + other.len())?;
            Ok(Value::String(one + other))
        }
        (Value::Bytes(one), Value::Bytes(other)) => {
            bounded(one.len() + other.len())?;
            Ok(Value::Bytes(Cow::Owned([one, other].concat())))
        }
        (Value::List(one), Value::List(other)) => {
            bounded(one.len() + other.len())?;
            Ok(Value::list(one.iter().chain(other.iter()).collect()))
        }
        (Value::Timestamp(at), Value::Duration(span)) | (Value::Duration(span), Value::Timestamp(at)) => {
            time::timestamp(at.nanoseconds + i128::from(span.nanoseconds))
                .map(Value::Timestamp)
                .ok_or(ErrorKind::Overflow)
        }
        (Value::Duration(one), Value::Duration(other)) => {
            let sum = one.nanoseconds.checked_add(other.nanoseconds);
            sum.map(|nanoseconds| Value::Duration(Span { nanoseconds })).ok_or(ErrorKind::Overflow)
        }
        _ => Err(ErrorKind::NoSuchOverload),
    }
}

fn apart<'f>(one: Value<'f>, other: Value<'f>) -> Result<Value<'f>, ErrorKind> {
    match (one, other) {
        (Value::Timestamp(one), Value::Timestamp(other)) => {
            time::span(one.nanoseconds - other.nanoseconds).map(Value::Duration).ok_or(ErrorKind::Overflow)
        }
        (Value::Timestamp(at), Value::Duration(span)) => {
            time::timestamp(at.nanoseconds - i128::from(span.nanoseconds))
                .map(Value::Timestamp)
                .ok_or(ErrorKind::Overflow)
        }
        (Value::Duration(one), Value::Duration(other)) => {
            let difference = one.nanoseconds.checked_sub(other.nanoseconds);
            difference.map(|nanoseconds| Value::Duration(Span { nanoseconds })).ok_or(ErrorKind::Overflow)
        }
        _ => Err(ErrorKind::NoSuchOverload),
    }
}

pub fn bounded(size: usize) -> Result<(), ErrorKind> {
    if size > MAX_SIZE { Err(ErrorKind::TooLarge) } else { Ok(()) }
}
