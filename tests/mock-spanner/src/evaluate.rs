//! What an expression is worth for a row, and of what type it is for all of them. NULL spreads as in SQL.

use std::cmp::Ordering;
use std::collections::HashMap;

use googleapis_tonic_google_spanner_v1::google::spanner::v1::{Type, TypeCode};
use prost_types::Struct;
use tonic::Status;

use crate::schema::Table;
use crate::sql::{Expression, Operator};
use crate::store::PENDING;
use crate::value::{Value, scalar};

/// A statement's parameters and their declared types.
pub struct Parameters<'r> {
    pub values: Option<&'r Struct>,
    pub types: &'r HashMap<String, Type>,
    /// A plan needs no values.
    pub plan: bool,
}

pub struct Scope<'s> {
    pub table: Option<&'s Table>,
    pub row: &'s [Value],
    pub parameters: &'s Parameters<'s>,
}

impl Scope<'_> {
    pub fn value(&self, expression: &Expression) -> Result<Value, Status> {
        Ok(match expression {
            Expression::Literal(value) => value.clone(),
            Expression::Parameter(name) => self.parameters.value(name)?,
            Expression::Column(name) => {
                let position = self.table.and_then(|table| table.position(name));
                let position = position.ok_or_else(|| unrecognized(name))?;
                self.row.get(position).cloned().unwrap_or(Value::Null)
            }
            Expression::CommitTimestamp => Value::Text(PENDING.to_owned()),
            Expression::Not(inner) => match self.value(inner)? {
                Value::Bool(value) => Value::Bool(!value),
                _ => Value::Null,
            },
            Expression::IsNull(inner) => Value::Bool(self.value(inner)? == Value::Null),
            Expression::Binary(operator, left, right) => {
                binary(*operator, &self.value(left)?, &self.value(right)?)?
            }
        })
    }
}

impl Parameters<'_> {
    fn value(&self, name: &str) -> Result<Value, Status> {
        match self.values.and_then(|values| values.fields.get(name)) {
            Some(wire) => Ok(Value::from_wire(wire, self.types.get(name))),
            None if self.plan => Ok(Value::Null),
            None => Err(Status::invalid_argument(format!("No parameter found for binding: {name}"))),
        }
    }
}

fn binary(operator: Operator, left: &Value, right: &Value) -> Result<Value, Status> {
    // An undeclared parameter is a text: the other side tells what it is.
    let (left, right) = match (left, right) {
        (Value::Int(_), Value::Text(text)) => (left, &integer(text)),
        (Value::Text(text), Value::Int(_)) => (&integer(text), right),
        both => both,
    };
    let compared = |is: fn(Ordering) -> bool| {
        left.compare(right).map_or(Value::Null, |ordering| Value::Bool(is(ordering)))
    };
    Ok(match (operator, left, right) {
        (Operator::And, Value::Bool(false), _) | (Operator::And, _, Value::Bool(false)) => Value::Bool(false),
        (Operator::And, Value::Bool(true), Value::Bool(true)) => Value::Bool(true),
        (Operator::Or, Value::Bool(true), _) | (Operator::Or, _, Value::Bool(true)) => Value::Bool(true),
        (Operator::Or, Value::Bool(false), Value::Bool(false)) => Value::Bool(false),
        (Operator::And | Operator::Or, _, _) => Value::Null,
        (Operator::Equal, _, _) => compared(Ordering::is_eq),
        (Operator::Unequal, _, _) => compared(Ordering::is_ne),
        (Operator::Less, _, _) => compared(Ordering::is_lt),
        (Operator::LessOrEqual, _, _) => compared(Ordering::is_le),
        (Operator::Greater, _, _) => compared(Ordering::is_gt),
        (Operator::GreaterOrEqual, _, _) => compared(Ordering::is_ge),
        (_, Value::Null, _) | (_, _, Value::Null) => Value::Null,
        (Operator::Plus, Value::Int(one), Value::Int(other)) => checked(one.checked_add(*other))?,
        (Operator::Minus, Value::Int(one), Value::Int(other)) => checked(one.checked_sub(*other))?,
        (Operator::Times, Value::Int(one), Value::Int(other)) => checked(one.checked_mul(*other))?,
        (Operator::Plus | Operator::Minus | Operator::Times, _, _) => {
            return Err(Status::invalid_argument("No matching signature for operator"));
        }
    })
}

fn integer(text: &str) -> Value {
    text.parse().map_or_else(|_| Value::Text(text.to_owned()), Value::Int)
}

fn checked(number: Option<i64>) -> Result<Value, Status> {
    number.map(Value::Int).ok_or_else(|| Status::out_of_range("int64 overflow"))
}

/// An unknown name is a fault whether or not there is a row to look at.
pub fn type_of(
    expression: &Expression,
    table: Option<&Table>,
    parameters: &Parameters<'_>,
) -> Result<Type, Status> {
    match expression {
        Expression::Literal(value) => Ok(scalar(match value {
            Value::Null | Value::Int(_) => TypeCode::Int64,
            Value::Bool(_) => TypeCode::Bool,
            Value::Float(_) => TypeCode::Float64,
            Value::Text(_) => TypeCode::String,
            Value::List(_) => TypeCode::Array,
        })),
        Expression::Parameter(name) => {
            Ok(parameters.types.get(name).cloned().unwrap_or_else(|| scalar(TypeCode::String)))
        }
        Expression::Column(name) => {
            let column = table.and_then(|table| table.columns.get(table.position(name)?));
            column.map(|column| column.r#type.clone()).ok_or_else(|| unrecognized(name))
        }
        Expression::CommitTimestamp => Ok(scalar(TypeCode::Timestamp)),
        Expression::Not(inner) | Expression::IsNull(inner) => {
            type_of(inner, table, parameters)?;
            Ok(scalar(TypeCode::Bool))
        }
        Expression::Binary(operator, left, right) => {
            let left = type_of(left, table, parameters)?;
            type_of(right, table, parameters)?;
            Ok(match operator {
                Operator::Plus | Operator::Minus | Operator::Times => left,
                _ => scalar(TypeCode::Bool),
            })
        }
    }
}

fn unrecognized(name: &str) -> Status {
    Status::invalid_argument(format!("Unrecognized name: {name}"))
}
