//! The files of JSON Schema that parameters name, as components: a reference within a file leads to where it now stands.

use serde_json::{Map, Value, json};
use spangate_operations::{Operation, Parameter};

/// What OpenAPI 3.1 reads a schema as that does not say.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Keywords whose values are no schemas: what looks like a reference there is none.
const DATA: [&str; 4] = ["const", "default", "enum", "examples"];

/// Keywords that name schemas as they like.
const NAMED: [&str; 5] = ["$defs", "definitions", "dependentSchemas", "patternProperties", "properties"];

/// By name, those of these operations.
pub fn components<'o>(operations: impl Iterator<Item = &'o Operation>) -> Map<String, Value> {
    let of_operation = |operation: &'o Operation| {
        operation.parameters.iter().filter_map(move |parameter| {
            let schema = parameter.schema.as_ref()?;
            Some((name(operation, parameter), moved(schema.document(), &pointer(operation, parameter))))
        })
    };
    operations.flat_map(of_operation).collect()
}

pub fn reference(operation: &Operation, parameter: &Parameter) -> Option<Value> {
    parameter.schema.as_ref().map(|_| json!({"$ref": pointer(operation, parameter)}))
}

fn name(operation: &Operation, parameter: &Parameter) -> String {
    format!("{}.{}", operation.name, parameter.name)
}

fn pointer(operation: &Operation, parameter: &Parameter) -> String {
    format!("#/components/schemas/{}", name(operation, parameter))
}

fn moved(document: &Value, to: &str) -> Value {
    let mut schema = document.clone();
    if let Some(members) = schema.as_object_mut()
        && members.get("$schema").is_some_and(|dialect| dialect == DIALECT)
    {
        members.remove("$schema");
    }
    rebase(&mut schema, to);
    schema
}

/// What has an `$id` is a resource of its own: its references stay right wherever it stands.
fn rebase(schema: &mut Value, to: &str) {
    match schema {
        Value::Object(members) if !members.contains_key("$id") => {
            for (word, value) in members {
                match (word.as_str(), value) {
                    ("$ref", Value::String(reference)) => {
                        if let Some(rest) = reference.strip_prefix('#').filter(|rest| !is_anchor(rest)) {
                            *reference = format!("{to}{rest}");
                        }
                    }
                    (word, Value::Object(named)) if NAMED.contains(&word) => {
                        named.values_mut().for_each(|schema| rebase(schema, to));
                    }
                    (word, value) if !DATA.contains(&word) => rebase(value, to),
                    _ => {}
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rebase(item, to)),
        _ => {}
    }
}

/// A name for a place, which is known wherever it stands.
fn is_anchor(fragment: &str) -> bool {
    !fragment.is_empty() && !fragment.starts_with('/')
}
