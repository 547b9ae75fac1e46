//! Conversions between types: what does not fit is an error, never cut.

use std::borrow::Cow;

use super::arithmetic::bounded;
use crate::condition::functions::Function;
use crate::condition::value::Cidr;
use crate::condition::{ErrorKind, Value, network, time};

pub fn apply<'f>(function: Function, arguments: &[Value<'f>]) -> Result<Value<'f>, ErrorKind> {
    let [value] = arguments else { return Err(ErrorKind::NoSuchOverload) };
    match function {
        Function::Int => int(value).map(Value::Int),
        Function::Uint => uint(value).map(Value::Uint),
        Function::Double => double(value).map(Value::Double),
        Function::String => string(value).map(Value::String),
        Function::Bool => bool(value).map(Value::Bool),
        Function::Bytes => match value {
            Value::Bytes(bytes) => Ok(Value::Bytes(bytes.clone())),
            Value::String(Cow::Borrowed(text)) => Ok(Value::Bytes(Cow::Borrowed(text.as_bytes()))),
            Value::String(text) => Ok(Value::Bytes(Cow::Owned(text.as_bytes().to_vec()))),
            _ => Err(ErrorKind::NoSuchOverload),
        },
        Function::Timestamp => match value {
            Value::Timestamp(at) => Ok(Value::Timestamp(*at)),
            Value::String(text) => {
                time::parse_timestamp(text).map(Value::Timestamp).ok_or(ErrorKind::Conversion)
            }
            Value::Int(seconds) => {
                time::from_unix(*seconds).map(Value::Timestamp).ok_or(ErrorKind::OutOfRange)
            }
            _ => Err(ErrorKind::NoSuchOverload),
        },
        Function::Duration => match value {
            Value::Duration(span) => Ok(Value::Duration(*span)),
            Value::String(text) => time::parse_span(text).map(Value::Duration).ok_or(ErrorKind::Conversion),
            _ => Err(ErrorKind::NoSuchOverload),
        },
        Function::Ip => match value {
            Value::Ip(address) => Ok(Value::Ip(*address)),
            Value::String(text) => network::parse_ip(text).map(Value::Ip).ok_or(ErrorKind::Conversion),
            _ => Err(ErrorKind::NoSuchOverload),
        },
        Function::Cidr => match value {
            Value::Cidr(network) => Ok(Value::Cidr(*network)),
            Value::String(text) => Cidr::parse(text).map(Value::Cidr).ok_or(ErrorKind::Conversion),
            _ => Err(ErrorKind::NoSuchOverload),
        },
        Function::TypeOf => Ok(Value::Type(value.type_name())),
        _ => Err(ErrorKind::NoSuchOverload),
    }
}

fn int(value: &Value<'_>) -> Result<i64, ErrorKind> {
    match value {
        Value::Int(int) => Ok(*int),
        Value::Uint(uint) => i64::try_from(*uint).map_err(|_| ErrorKind::Overflow),
        // The bounds themselves are doubles; the upper one is 2⁶³, which no int holds.
        Value::Double(double) if *double > i64::MIN as f64 && *double < i64::MAX as f64 => Ok(*double as i64),
        Value::Double(_) => Err(ErrorKind::Overflow),
        Value::String(text) => text.parse().map_err(|_| ErrorKind::Conversion),
        Value::Timestamp(at) => {
            i64::try_from(at.nanoseconds.div_euclid(time::SECOND)).map_err(|_| ErrorKind::Overflow)
        }
        _ => Err(ErrorKind::NoSuchOverload),
    }
}

fn uint(value: &Value<'_>) -> Result<u64, ErrorKind> {
    match value {
        Value::Uint(uint) => Ok(*uint),
        Value::Int(int) => u64::try_from(*int).map_err(|_| ErrorKind::Overflow),
        Value::Double(double) if *double > -1.0 && *double < u64::MAX as f64 => Ok(*double as u64),
        Value::Double(_) => Err(ErrorKind::Overflow),
        Value::String(text) => text.parse().map_err(|_| ErrorKind::Conversion),
        _ => Err(ErrorKind::NoSuchOverload),
    }
}

fn double(value: &Value<'_>) -> Result<f64, ErrorKind> {
    match value {
        Value::Double(double) => Ok(*double),
        Value::Int(int) => Ok(*int as f64),
        Value::Uint(uint) => Ok(*uint as f64),
        Value::String(text) => text.parse().map_err(|_| ErrorKind::Conversion),
        _ => Err(ErrorKind::NoSuchOverload),
    }
}

fn bool(value: &Value<'_>) -> Result<bool, ErrorKind> {
    match value {
        Value::Bool(bool) => Ok(*bool),
        Value::String(text) => match text.as_ref() {
            "true" | "True" | "TRUE" | "t" | "1" => Ok(true),
            "false" | "False" | "FALSE" | "f" | "0" => Ok(false),
            _ => Err(ErrorKind::Conversion),
        },
        _ => Err(ErrorKind::NoSuchOverload),
    }
}

fn string<'f>(value: &Value<'f>) -> Result<Cow<'f, str>, ErrorKind> {
    Ok(match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => Cow::Borrowed("true"),
        Value::Bool(false) => Cow::Borrowed("false"),
        Value::Int(int) => Cow::Owned(int.to_string()),
        Value::Uint(uint) => Cow::Owned(uint.to_string()),
        Value::Double(double) => Cow::Owned(format_double(*double)),
        Value::Bytes(Cow::Borrowed(bytes)) => {
            Cow::Borrowed(std::str::from_utf8(bytes).map_err(|_| ErrorKind::Conversion)?)
        }
        Value::Bytes(bytes) => {
            bounded(bytes.len())?;
            Cow::Owned(String::from_utf8(bytes.to_vec()).map_err(|_| ErrorKind::Conversion)?)
        }
        Value::Timestamp(at) => Cow::Owned(time::format_timestamp(*at)),
        Value::Duration(span) => Cow::Owned(time::format_span(*span)),
        Value::Ip(address) => Cow::Owned(address.to_string()),
        Value::Cidr(network) => Cow::Owned(format!("{}/{}", network.address, network.prefix)),
        _ => return Err(ErrorKind::NoSuchOverload),
    })
}

/// The shortest digits that read back as the same double; beyond 10²¹ and below 10⁻⁴ with an exponent.
fn format_double(double: f64) -> String {
    let magnitude = double.abs();
    if double.is_nan() {
        "NaN".to_owned()
    } else if double.is_infinite() {
        if double > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() }
    } else if magnitude != 0.0 && !(1e-4..1e21).contains(&magnitude) {
        let text = format!("{double:e}");
        match text.split_once('e') {
            Some((digits, exponent)) => match exponent.strip_prefix('-') {
                Some(exponent) => format!("{digits}e-{exponent:0>2}"),
                None => format!("{digits}e+{exponent:0>2}"),
            },
            None => text,
        }
    } else {
        double.to_string()
    }
}

pub fn is_ip(text: &str) -> bool {
    network::parse_ip(text).is_some()
}

pub fn is_cidr(text: &str) -> bool {
    Cidr::parse(text).is_some()
}

pub fn is_timestamp(text: &str) -> bool {
    time::parse_timestamp(text).is_some()
}

pub fn is_duration(text: &str) -> bool {
    time::parse_span(text).is_some()
}
