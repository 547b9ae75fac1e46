//! Schemas and values of the scalars.

use serde_json::{Map, Number, Value, json};
use spangate_operations::{Constraints, Field, Scalar, Type, Value as Bound};

use super::Form;

/// 29 digits before the point, 9 behind it.
const NUMERIC: &str = r"^-?(0|[1-9][0-9]{0,28})(\.[0-9]{1,9})?$";
const PG_NUMERIC: &str = r"^(NaN|-?[0-9]+(\.[0-9]+)?)$";
const INTEGER: &str = "^-?[0-9]{1,19}$";
/// ISO 8601, each number with a sign of its own: JSON Schema's `duration` has none, nor fractions.
const INTERVAL: &str = r"^P(?!$)(-?[0-9]+Y)?(-?[0-9]+M)?(-?[0-9]+W)?(-?[0-9]+D)?(T(?!$)(-?[0-9]+H)?(-?[0-9]+M)?(-?[0-9]+(\.[0-9]{1,9})?S)?)?$";

pub fn schema(scalar: Scalar, constraints: &Constraints, form: Form) -> Map<String, Value> {
    let listed: Vec<Value> =
        constraints.r#enum.iter().filter_map(|listed| value(&scalar.into(), listed)).collect();
    let Value::Object(mut schema) = bare(scalar, form, listed.is_empty()) else { return Map::new() };
    let minimum = constraints.minimum.as_ref().and_then(number).or(least(scalar));
    let maximum = constraints.maximum.as_ref().and_then(number).or(most(scalar));
    schema.extend(minimum.map(|minimum| ("minimum".to_owned(), minimum)));
    schema.extend(maximum.map(|maximum| ("maximum".to_owned(), maximum)));
    if let (Scalar::String, Some(pattern)) = (scalar, &constraints.pattern) {
        schema.insert("pattern".to_owned(), pattern.as_str().into());
    }
    if !listed.is_empty() {
        schema.insert("enum".to_owned(), listed.into());
    }
    schema
}

/// `either`: where a number may be sent as a text, which a list of numbers would not allow.
fn bare(scalar: Scalar, form: Form, either: bool) -> Value {
    let format = if scalar == Scalar::PgOid { "uint32" } else { "int64" };
    match (scalar, form) {
        (Scalar::Bool, _) => json!({"type": "boolean"}),
        // Beyond 2⁵³ many a client has no number that is exact.
        (Scalar::Int64 | Scalar::PgOid, Form::Json) if either => {
            json!({"type": ["integer", "string"], "format": format, "pattern": INTEGER})
        }
        (Scalar::Int64 | Scalar::PgOid, _) => json!({"type": "integer", "format": format}),
        (Scalar::Float32 | Scalar::Float64, _) => json!({"type": "number"}),
        (Scalar::Numeric, Form::Text) => json!({"type": "string", "pattern": NUMERIC}),
        (Scalar::Numeric, Form::Json) => json!({"type": ["string", "integer"], "pattern": NUMERIC}),
        (Scalar::PgNumeric, Form::Text) => json!({"type": "string", "pattern": PG_NUMERIC}),
        (Scalar::PgNumeric, Form::Json) => json!({"type": ["string", "integer"], "pattern": PG_NUMERIC}),
        (Scalar::String, _) => json!({"type": "string"}),
        (Scalar::Bytes, _) => json!({"type": "string", "contentEncoding": "base64"}),
        (Scalar::Date, _) => json!({"type": "string", "format": "date"}),
        (Scalar::Timestamp, _) => json!({"type": "string", "format": "date-time"}),
        (Scalar::Interval, _) => json!({"type": "string", "pattern": INTERVAL}),
        (Scalar::Uuid, _) => json!({"type": "string", "format": "uuid"}),
        (Scalar::Json | Scalar::PgJsonb, Form::Text) => {
            json!({"type": "string", "contentMediaType": "application/json"})
        }
        (Scalar::Json | Scalar::PgJsonb, Form::Json) => json!({}),
    }
}

fn least(scalar: Scalar) -> Option<Value> {
    match scalar {
        Scalar::Int64 => Some(i64::MIN.into()),
        Scalar::PgOid => Some(u32::MIN.into()),
        _ => None,
    }
}

fn most(scalar: Scalar) -> Option<Value> {
    match scalar {
        Scalar::Int64 => Some(i64::MAX.into()),
        Scalar::PgOid => Some(u32::MAX.into()),
        _ => None,
    }
}

/// Only of numbers do JSON Schema's `minimum` and `maximum` say anything.
fn number(value: &Bound) -> Option<Value> {
    match value {
        Bound::Int64(value) => Some((*value).into()),
        Bound::Float(value) => Number::from_f64(*value).map(Value::Number),
        _ => None,
    }
}

/// None for what JSON has no value for.
pub fn value(r#type: &Type, bound: &Bound) -> Option<Value> {
    match (bound, r#type) {
        (Bound::Null, _) => Some(Value::Null),
        (Bound::Bool(value), _) => Some((*value).into()),
        (Bound::Int64(_) | Bound::Float(_), _) => number(bound),
        (Bound::Text(text), Type::Scalar(scalar)) if scalar.is_json() => serde_json::from_str(text).ok(),
        (Bound::Numeric(_) | Bound::Interval(_) | Bound::Text(_), _) => bound.to_text().map(Value::from),
        (Bound::Array(items), _) => items
            .iter()
            .map(|item| value(r#type.element(), item))
            .collect::<Option<Vec<_>>>()
            .map(Value::from),
        (Bound::Struct(values), Type::Struct(fields)) => {
            let member =
                |(Field { name, r#type }, of): (&Field, &Bound)| Some((name.clone(), value(r#type, of)?));
            fields.iter().zip(values).map(member).collect::<Option<Map<_, _>>>().map(Value::from)
        }
        (Bound::Struct(_), _) => None,
    }
}
