//! The schema of what a `validate` step demands of a parameter.

use serde_json::{Map, Number as JsonNumber, Value};
use spangate_policy::validate::{Number, ParameterRule, ParameterType};

/// A rule of a `validate` step.
pub fn of_rule(rule: &ParameterRule) -> Value {
    let mut schema = Map::new();
    let kind = match rule.kind {
        ParameterType::String => "string",
        ParameterType::Integer => "integer",
        ParameterType::Number => "number",
        ParameterType::Boolean => "boolean",
    };
    let mut insert = |name: &str, value: Option<Value>| {
        schema.extend(value.map(|value| (name.to_owned(), value)));
    };
    insert("type", Some(kind.into()));
    insert("minimum", rule.minimum.and_then(number));
    insert("maximum", rule.maximum.and_then(number));
    insert("minLength", rule.min_length.map(Value::from));
    insert("maxLength", rule.max_length.map(Value::from));
    insert("pattern", rule.pattern.as_ref().map(|pattern| pattern.as_str().into()));
    if !rule.one_of.is_empty() {
        insert("enum", Some(rule.one_of.iter().map(|text| listed(rule.kind, text)).collect()));
    }
    Value::Object(schema)
}

fn number(number: Number) -> Option<Value> {
    match number {
        Number::Integer(integer) => Some(integer.into()),
        Number::Float(float) => JsonNumber::from_f64(float).map(Value::Number),
    }
}

/// The rule compares texts; of a number the schema lists the number.
fn listed(kind: ParameterType, text: &str) -> Value {
    match kind {
        ParameterType::String => text.into(),
        ParameterType::Integer | ParameterType::Number | ParameterType::Boolean => {
            serde_json::from_str(text).unwrap_or_else(|_| text.into())
        }
    }
}
