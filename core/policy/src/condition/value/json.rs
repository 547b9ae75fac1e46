//! Claims and bindings come as JSON: a whole number is an `int` (a `uint` when it is too great), any other a
//! `double`. What an expression yields goes out as JSON, too.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

use super::{List, Map, Value};
use crate::condition::time;

impl<'f> Value<'f> {
    pub fn from_json(json: &'f Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(bool) => Self::Bool(*bool),
            Json::Number(number) => number
                .as_i64()
                .map(Self::Int)
                .or_else(|| number.as_u64().map(Self::Uint))
                .unwrap_or_else(|| Self::Double(number.as_f64().unwrap_or(f64::NAN))),
            Json::String(text) => Self::text(text),
            Json::Array(elements) => Self::List(List::Json(elements)),
            Json::Object(members) => Self::Map(Map::Json(members)),
        }
    }

    /// As protobuf's JSON mapping has it: bytes in Base64, times as texts, NaN and the infinities by name; the
    /// keys of a map become texts.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Bool(bool) => json!(bool),
            Self::Int(int) => json!(int),
            Self::Uint(uint) => json!(uint),
            Self::Double(double) if double.is_finite() => json!(double),
            Self::Double(double) if double.is_nan() => json!("NaN"),
            Self::Double(double) => json!(if *double > 0.0 { "Infinity" } else { "-Infinity" }),
            Self::String(text) => json!(text),
            Self::Bytes(bytes) => json!(STANDARD.encode(bytes)),
            Self::Timestamp(at) => json!(time::format_timestamp(*at)),
            Self::Duration(span) => json!(time::format_span(*span)),
            Self::Ip(address) => json!(address.to_string()),
            Self::Cidr(network) => json!(format!("{}/{}", network.address, network.prefix)),
            Self::Type(name) => json!(name),
            Self::List(list) => list.iter().map(|element| element.to_json()).collect(),
            Self::Map(map) => map.iter().map(|(key, value)| (key.member(), value.to_json())).collect(),
        }
    }

    pub(super) fn member(&self) -> String {
        match self.to_json() {
            Json::String(text) => text,
            other => other.to_string(),
        }
    }
}
