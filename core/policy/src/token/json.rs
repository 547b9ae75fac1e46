//! JSON objects of tokens, and of the keys for them, read strictly: a repeated member is a fault, since readers that
//! differ on which of two counts would see two tokens in one (RFC 8725, section 2.4). Nested deeper than 128 is none
//! either.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

pub(super) fn object(json: &[u8]) -> Option<Map<String, Value>> {
    match serde_json::from_slice(json) {
        Ok(Strict(Value::Object(members))) => Some(members),
        _ => None,
    }
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Strict(item)) = access.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some((name, Strict(value))) = access.next_entry::<String, _>()? {
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a member occurs twice"));
            }
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_json_allows_and_no_more() {
        for (json, read) in [
            (r#" {"a": [1, -2.5, "x", true, null, {}], "b": 18446744073709551615} "#, true),
            (r#"{"a": 1, "a": 1}"#, false),
            (r#"{"a": 1, "\u0061": 1}"#, false),
            (r#"{"x": [{"a": {"b": 1, "b": 2}}]}"#, false),
            (r#"{"a": 1e400}"#, false),
            (r#"{"a": NaN}"#, false),
            (r#"{"a": 1,}"#, false),
            (r#"{"a": 1} x"#, false),
            (r#"{"a": "\ud800"}"#, false),
            ("\u{feff}{}", false),
            ("[]", false),
            ("", false),
        ] {
            assert_eq!(object(json.as_bytes()).is_some(), read, "{json}");
        }
        assert!(object(b"{\"a\": \"\xff\"}").is_none());
        let deep = |depth: usize| format!("{{\"a\": {}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(object(deep(100).as_bytes()).is_some());
        assert!(object(deep(10_000).as_bytes()).is_none());
    }
}
