//! Values and types of operations.yaml as the client's. No I/O.

use google_cloud_spanner::types::{self, Type as SpannerType};
use google_cloud_spanner::value::Value as SpannerValue;
use spangate_operations::{Dialect, Scalar, Type, Value};

/// Everything but booleans and floats travels as text.
pub fn to_spanner(value: &Value) -> SpannerValue {
    match value {
        Value::Null => SpannerValue::null(),
        Value::Bool(value) => (*value).into(),
        Value::Int64(value) => (*value).into(),
        Value::Float(value) => (*value).into(),
        Value::Numeric(value) => value.to_string().into(),
        Value::Text(text) => text.clone().into(),
        Value::Array(items) => items.iter().map(to_spanner).collect::<Vec<_>>().into(),
    }
}

pub fn spanner_type(r#type: Type, dialect: Dialect) -> SpannerType {
    match r#type {
        Type::Scalar(scalar) => scalar_type(scalar, dialect),
        Type::Array(scalar) => types::array(scalar_type(scalar, dialect)),
    }
}

fn scalar_type(scalar: Scalar, dialect: Dialect) -> SpannerType {
    match (scalar, dialect) {
        (Scalar::Bool, _) => types::bool(),
        (Scalar::Int64, _) => types::int64(),
        (Scalar::Float32, _) => types::float32(),
        (Scalar::Float64, _) => types::float64(),
        (Scalar::String, _) => types::string(),
        (Scalar::Bytes, _) => types::bytes(),
        (Scalar::Date, _) => types::date(),
        (Scalar::Timestamp, _) => types::timestamp(),
        (Scalar::Numeric, Dialect::GoogleSql) => types::numeric(),
        (Scalar::Numeric, Dialect::PostgreSql) => types::pg_numeric(),
        (Scalar::Json, Dialect::GoogleSql) => types::json(),
        (Scalar::Json, Dialect::PostgreSql) => types::pg_jsonb(),
        (Scalar::Uuid, _) => types::uuid(),
    }
}
