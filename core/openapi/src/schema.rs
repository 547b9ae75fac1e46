//! JSON Schemas (2020-12) of values: of parameters that are texts, of members of a body, of the policy's own rules. What
//! JSON Schema cannot say (the bounds of a date, the length of bytes) is left out, never said otherwise.

mod file;
mod rule;
mod scalar;

use serde_json::{Map, Value, json};
use spangate_operations::{Constraints, Field, Operation, Parameter, Scalar, Type};

pub use file::{components, reference};
pub use rule::of_rule;

/// How a value travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// In a path, a query or a header.
    Text,
    /// In a body.
    Json,
}

pub fn of_parameter(operation: &Operation, parameter: &Parameter, form: Form) -> Value {
    let Parameter { r#type, nullable, default, constraints, .. } = parameter;
    let mut schema = of_type(r#type, constraints, form, *nullable);
    match r#type {
        Type::Array(_) => lengths(&mut schema, constraints, "minItems", "maxItems"),
        Type::Scalar(Scalar::String) => lengths(&mut schema, constraints, "minLength", "maxLength"),
        Type::Scalar(_) | Type::Struct(_) => {}
    }
    if let Some(default) = default.as_ref().and_then(|default| scalar::value(r#type, default)) {
        schema.insert("default".to_owned(), default);
    }
    let schema = match (reference(operation, parameter), schema.is_empty()) {
        (Some(reference), true) => reference,
        (Some(reference), false) => json!({"allOf": [schema, reference]}),
        (None, _) => Value::Object(schema),
    };
    or_null(schema, *nullable && form == Form::Json)
}

/// `nulls`: what is within may be null, and a field may be left out.
fn of_type(r#type: &Type, constraints: &Constraints, form: Form, nulls: bool) -> Map<String, Value> {
    match r#type {
        Type::Scalar(scalar) => scalar::schema(*scalar, constraints, form),
        Type::Array(element) => {
            let items = or_null(of_type(element, constraints, form, nulls).into(), nulls);
            Map::from_iter([("type".to_owned(), "array".into()), ("items".to_owned(), items)])
        }
        Type::Struct(fields) => of_struct(fields, nulls),
    }
}

fn of_struct(fields: &[Field], nulls: bool) -> Map<String, Value> {
    let none = Constraints::default();
    let of_field = |Field { name, r#type }: &Field| {
        (name.clone(), or_null(of_type(r#type, &none, Form::Json, nulls).into(), nulls))
    };
    let properties: Map<_, _> = fields.iter().map(of_field).collect();
    let mut schema = Map::from_iter([
        ("type".to_owned(), "object".into()),
        ("properties".to_owned(), properties.into()),
        ("additionalProperties".to_owned(), false.into()),
    ]);
    if !nulls {
        let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        schema.insert("required".to_owned(), names.into());
    }
    schema
}

/// What allows everything allows null.
fn or_null(schema: Value, nulls: bool) -> Value {
    let is_all = schema.as_object().is_some_and(Map::is_empty);
    if nulls && !is_all { json!({"anyOf": [schema, {"type": "null"}]}) } else { schema }
}

fn lengths(schema: &mut Map<String, Value>, constraints: &Constraints, least: &str, most: &str) {
    schema.extend(constraints.min_length.map(|length| (least.to_owned(), length.into())));
    schema.extend(constraints.max_length.map(|length| (most.to_owned(), length.into())));
}

#[cfg(test)]
mod tests;
