//! Claims and bindings come as JSON: a whole number is an `int` (a `uint` when it is too great), any other a
//! `double`.

use super::{List, Map, Value};

impl<'f> Value<'f> {
    pub fn from_json(json: &'f serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(bool) => Self::Bool(*bool),
            serde_json::Value::Number(number) => number
                .as_i64()
                .map(Self::Int)
                .or_else(|| number.as_u64().map(Self::Uint))
                .unwrap_or_else(|| Self::Double(number.as_f64().unwrap_or(f64::NAN))),
            serde_json::Value::String(text) => Self::text(text),
            serde_json::Value::Array(elements) => Self::List(List::Json(elements)),
            serde_json::Value::Object(members) => Self::Map(Map::Json(members)),
        }
    }
}
