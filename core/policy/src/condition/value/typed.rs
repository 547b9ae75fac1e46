//! Values with their CEL types, as JSON: nothing that CEL tells apart is lost on the way.

use serde_json::{Value as Json, json};

use super::Value;

impl Value<'_> {
    /// `{"type": …, "value": …}`. The value of a number, of bytes (Base64) and of a time is a text, as is that of
    /// an address and of a type; texts, bools and null are themselves. A list holds such objects; a map whose keys
    /// are all texts is an object of them, any other an array of pairs, key and value.
    pub fn to_typed_json(&self) -> Json {
        let value = match self {
            Self::Null | Self::Bool(_) | Self::String(_) => self.to_json(),
            Self::List(list) => list.iter().map(|element| element.to_typed_json()).collect(),
            Self::Map(map) => {
                let named = |(key, value): (Value<'_>, Value<'_>)| match key {
                    Value::String(name) => Some((name.into_owned(), value.to_typed_json())),
                    _ => None,
                };
                map.iter().map(named).collect::<Option<serde_json::Map<_, _>>>().map_or_else(
                    || {
                        map.iter()
                            .map(|(key, value)| json!([key.to_typed_json(), value.to_typed_json()]))
                            .collect()
                    },
                    Json::Object,
                )
            }
            Self::Int(_)
            | Self::Uint(_)
            | Self::Double(_)
            | Self::Bytes(_)
            | Self::Timestamp(_)
            | Self::Duration(_)
            | Self::Ip(_)
            | Self::Cidr(_)
            | Self::Type(_) => Json::String(self.member()),
        };
        json!({"type": self.type_name(), "value": value})
    }
}
