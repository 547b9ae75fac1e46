//! From JSON to values: strictly by type, and to the place of what does not fit.

use spangate_document::{Node, Value as Json};

use super::{Nulls, SINGLE, Value, single};
use crate::sent::Sent;
use crate::{Field, Scalar, Type};

/// Where within a value something does not fit, and what is wrong there. Names in `path` are its sender's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// `[1].sku`; empty when it is the value itself.
    pub path: String,
    pub message: &'static str,
}

impl Misfit {
    fn at(path: String, message: &'static str) -> Self {
        Self { path, message }
    }

    fn within(self, outer: &str) -> Self {
        Self { path: format!("{outer}{}", self.path), message: self.message }
    }
}

pub(super) fn read(r#type: &Type, sent: Sent<'_>, nulls: Nulls) -> Result<Value, Misfit> {
    match (r#type, &sent.node.value) {
        (_, Json::Null) if nulls == Nulls::Taken => Ok(Value::Null),
        (Type::Scalar(scalar), _) => {
            scalar_of(*scalar, sent).map_err(|message| Misfit::at(String::new(), message))
        }
        (_, Json::Null) => Err(Misfit::at(String::new(), "must not be null")),
        (Type::Array(element), Json::List(_)) => {
            let item = |(index, item)| {
                read(element, item, nulls).map_err(|misfit| misfit.within(&format!("[{index}]")))
            };
            sent.items().enumerate().map(item).collect::<Result<_, _>>().map(Value::Array)
        }
        (Type::Array(_), _) => Err(Misfit::at(String::new(), "must be a list")),
        (Type::Struct(fields), Json::Map(_)) => of_struct(fields, &sent.members().collect::<Vec<_>>(), nulls),
        (Type::Struct(_), _) => Err(Misfit::at(String::new(), "must be a JSON object")),
    }
}

/// A member for each field, and no other: passed over, it would be taken for understood.
fn of_struct(fields: &[Field], members: &[(&str, Sent<'_>)], nulls: Nulls) -> Result<Value, Misfit> {
    let is_field = |name: &str| fields.iter().any(|field| field.name == name);
    if let Some((name, _)) = members.iter().find(|(name, _)| !is_field(name)) {
        return Err(Misfit::at(format!(".{name}"), "is no field"));
    }
    let value = |Field { name, r#type }: &Field| {
        let place = format!(".{name}");
        match (members.iter().find(|(known, _)| known == name), nulls) {
            (Some((_, sent)), _) => read(r#type, *sent, nulls).map_err(|misfit| misfit.within(&place)),
            (None, Nulls::Taken) => Ok(Value::Null),
            (None, Nulls::Refused) => Err(Misfit::at(place, "is missing")),
        }
    };
    fields.iter().map(value).collect::<Result<_, _>>().map(Value::Struct)
}

fn scalar_of(scalar: Scalar, sent: Sent<'_>) -> Result<Value, &'static str> {
    let node = sent.node;
    match (scalar, &node.value) {
        (Scalar::Json | Scalar::PgJsonb, _) => Ok(Value::Text(sent.to_json())),
        (_, Json::Null) => Err("must not be null"),
        (Scalar::Bool, Json::Bool(value)) => Ok(Value::Bool(*value)),
        (Scalar::Bool, _) => Err("must be true or false"),
        (Scalar::Int64 | Scalar::PgOid | Scalar::Numeric | Scalar::PgNumeric, Json::Integer(value)) => {
            Value::from_text(scalar, &value.to_string())
        }
        (Scalar::Float64, Json::Integer(_) | Json::Float(_)) => {
            number(node).map(Value::Float).ok_or("must be a number")
        }
        (Scalar::Float32, Json::Integer(_) | Json::Float(_)) => {
            number(node).and_then(single).map(Value::Float).ok_or(SINGLE)
        }
        // By now the digits have gone through a binary float: the caller's own may be lost already.
        (Scalar::Numeric | Scalar::PgNumeric, Json::Float(_)) => {
            Err("must be sent as a text, so that no digit is lost")
        }
        (_, Json::String(text)) => Value::from_text(scalar, text),
        (Scalar::Int64 | Scalar::PgOid, _) => Err("must be an integer"),
        (Scalar::Float64 | Scalar::Float32 | Scalar::Numeric | Scalar::PgNumeric, _) => {
            Err("must be a number")
        }
        (
            Scalar::String
            | Scalar::Bytes
            | Scalar::Date
            | Scalar::Timestamp
            | Scalar::Interval
            | Scalar::Uuid,
            _,
        ) => Err("must be a text"),
    }
}

/// Integers beyond 2⁵³ would not arrive as they were sent.
fn number(node: &Node) -> Option<f64> {
    match node.value {
        Json::Float(value) => Some(value),
        Json::Integer(value) if value.unsigned_abs() <= 1 << 53 => value.to_string().parse().ok(),
        _ => None,
    }
}
