//! JSON Schemas (2020-12) of values: of parameters that are texts, of members of a body, of the policy's own rules. What
//! JSON Schema cannot say (the bounds of a date, the length of bytes) is left out, never said otherwise.

use serde_json::{Map, Number as JsonNumber, Value, json};
use spangate_operations::{Constraints, Parameter, Scalar, Type, Value as Bound};
use spangate_policy::validate::{Number, ParameterRule, ParameterType};

/// How a value travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// In a path, a query or a header.
    Text,
    /// In a body.
    Json,
}

/// 29 digits before the point, 9 behind it.
const NUMERIC: &str = r"^-?(0|[1-9][0-9]{0,28})(\.[0-9]{1,9})?$";
const INTEGER: &str = "^-?[0-9]{1,19}$";

pub fn of_parameter(parameter: &Parameter, form: Form) -> Value {
    let Parameter { r#type, nullable, default, constraints, .. } = parameter;
    let mut schema = match r#type {
        Type::Scalar(scalar) => {
            let mut schema = scalar_schema(*scalar, constraints, form);
            if *scalar == Scalar::String {
                lengths(&mut schema, constraints, "minLength", "maxLength");
            }
            schema
        }
        other => {
            let mut schema = Map::new();
            schema.insert("type".to_owned(), "array".into());
            schema.insert("items".to_owned(), scalar_schema(other.scalar(), constraints, form).into());
            lengths(&mut schema, constraints, "minItems", "maxItems");
            schema
        }
    };
    if let Some(default) = default.as_ref().and_then(json) {
        schema.insert("default".to_owned(), default);
    }
    if *nullable && form == Form::Json && !schema.is_empty() {
        return json!({"anyOf": [schema, {"type": "null"}]});
    }
    Value::Object(schema)
}

fn scalar_schema(scalar: Scalar, constraints: &Constraints, form: Form) -> Map<String, Value> {
    let listed: Vec<Value> = constraints.r#enum.iter().filter_map(json).collect();
    let schema = match (scalar, form) {
        (Scalar::Bool, _) => json!({"type": "boolean"}),
        (Scalar::Int64, Form::Text) => json!({"type": "integer", "format": "int64"}),
        // Beyond 2⁵³ many a client has no number that is exact.
        (Scalar::Int64, Form::Json) if listed.is_empty() => {
            json!({"type": ["integer", "string"], "format": "int64", "pattern": INTEGER})
        }
        (Scalar::Int64, Form::Json) => json!({"type": "integer", "format": "int64"}),
        (Scalar::Float32 | Scalar::Float64, _) => json!({"type": "number"}),
        (Scalar::Numeric, Form::Text) => json!({"type": "string", "pattern": NUMERIC}),
        (Scalar::Numeric, Form::Json) => json!({"type": ["string", "integer"], "pattern": NUMERIC}),
        (Scalar::String, _) => json!({"type": "string"}),
        (Scalar::Bytes, _) => json!({"type": "string", "contentEncoding": "base64"}),
        (Scalar::Date, _) => json!({"type": "string", "format": "date"}),
        (Scalar::Timestamp, _) => json!({"type": "string", "format": "date-time"}),
        (Scalar::Uuid, _) => json!({"type": "string", "format": "uuid"}),
        (Scalar::Json, Form::Text) => json!({"type": "string", "contentMediaType": "application/json"}),
        (Scalar::Json, Form::Json) => json!({}),
    };
    let Value::Object(mut schema) = schema else { return Map::new() };
    if matches!(scalar, Scalar::Int64 | Scalar::Float32 | Scalar::Float64) {
        let bound = |bound: &Option<Bound>, otherwise: Option<i64>| {
            bound.as_ref().and_then(json).or(otherwise.map(Value::from))
        };
        let integers = scalar == Scalar::Int64;
        let minimum = bound(&constraints.minimum, integers.then_some(i64::MIN));
        let maximum = bound(&constraints.maximum, integers.then_some(i64::MAX));
        schema.extend(minimum.map(|minimum| ("minimum".to_owned(), minimum)));
        schema.extend(maximum.map(|maximum| ("maximum".to_owned(), maximum)));
    }
    if let (Scalar::String, Some(pattern)) = (scalar, &constraints.pattern) {
        schema.insert("pattern".to_owned(), pattern.as_str().into());
    }
    if !listed.is_empty() {
        schema.insert("enum".to_owned(), listed.into());
    }
    schema
}

fn lengths(schema: &mut Map<String, Value>, constraints: &Constraints, least: &str, most: &str) {
    schema.extend(constraints.min_length.map(|length| (least.to_owned(), length.into())));
    schema.extend(constraints.max_length.map(|length| (most.to_owned(), length.into())));
}

/// None for what JSON has no value for.
fn json(value: &Bound) -> Option<Value> {
    match value {
        Bound::Null => Some(Value::Null),
        Bound::Bool(value) => Some((*value).into()),
        Bound::Int64(value) => Some((*value).into()),
        Bound::Float(value) => JsonNumber::from_f64(*value).map(Value::Number),
        Bound::Numeric(value) => Some(value.to_string().into()),
        Bound::Text(text) => Some(text.as_str().into()),
        Bound::Array(items) => items.iter().map(json).collect::<Option<Vec<_>>>().map(Value::from),
    }
}

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
