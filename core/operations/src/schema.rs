//! A body's schema (JSON Schema, by default of draft 2020-12): compiled when the document is read, told to callers
//! without their values. Patterns run in linear time, and nothing is ever fetched: a `$ref` stays within its file.

use std::fmt;
use std::sync::Arc;

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

/// A schema, shared by whoever has the operation.
#[derive(Clone)]
pub struct Schema {
    validator: Arc<Validator>,
    document: Arc<Value>,
}

impl Schema {
    /// From the text of its file; the error says what is wrong with it.
    pub(crate) fn compile(text: &str) -> Result<Self, String> {
        let document: Value = serde_json::from_str(text).map_err(|error| format!("is no JSON: {error}"))?;
        let options = jsonschema::options().with_pattern_options(PatternOptions::regex());
        match options.build(&document) {
            Ok(validator) => Ok(Self { validator: Arc::new(validator), document: Arc::new(document) }),
            Err(error) => Err(format!("is no JSON Schema: {error}")),
        }
    }

    /// As its author wrote it.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// Whether it names the member at the end of that path, as far as can be told without a value.
    pub(crate) fn names(&self, path: &[String]) -> bool {
        is_named(&self.document, path)
    }

    /// Where a value breaks the schema first (a JSON Pointer, RFC 6901), and which word of it.
    pub(crate) fn violation(&self, value: &Value) -> Option<(String, String)> {
        let error = self.validator.iter_errors(value).next()?;
        let word = error
            .schema_path()
            .as_str()
            .rsplit('/')
            .find(|part| !part.bytes().all(|byte| byte.is_ascii_digit()));
        Some((error.instance_path().as_str().to_owned(), word.unwrap_or("schema").to_owned()))
    }
}

/// Words that say more of an object's members than can be told here.
const ELSEWHERE: [&str; 8] =
    ["$dynamicRef", "$ref", "allOf", "anyOf", "dependentSchemas", "if", "oneOf", "patternProperties"];

/// A schema that lists its members names no others, unless it says that there may be more.
fn is_named(schema: &Value, path: &[String]) -> bool {
    let Some((name, rest)) = path.split_first() else { return *schema != Value::Bool(false) };
    if ELSEWHERE.iter().any(|word| schema.get(word).is_some()) {
        return true;
    }
    let listed = schema.get("properties");
    match (listed.and_then(|listed| listed.get(name)), schema.get("additionalProperties")) {
        (Some(member), _) | (None, Some(member)) => is_named(member, rest),
        (None, None) => listed.is_none() && *schema != Value::Bool(false),
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schema({})", self.document)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_that_are_named() {
        for (schema, named, unnamed) in [
            ("true", &["a", "a.b"][..], &[][..]),
            ("{}", &["a", "a.b"], &[]),
            (
                r#"{"properties": {"a": {"properties": {"b": {}}}, "c": false}}"#,
                &["a", "a.b"],
                &["b", "a.c", "c"],
            ),
            (r#"{"properties": {"a": {}}, "additionalProperties": false}"#, &["a", "a.b"], &["b"]),
            (
                r#"{"properties": {"a": {}}, "additionalProperties": {"properties": {"c": {}}}}"#,
                &["b", "b.c"],
                &["b.d"],
            ),
            (r#"{"additionalProperties": false}"#, &[], &["a"]),
            (r##"{"$ref": "#/$defs/x", "$defs": {"x": {}}}"##, &["a"], &[]),
        ] {
            let schema = Schema::compile(schema).unwrap();
            let is_named =
                |path: &&str| schema.names(&path.split('.').map(str::to_owned).collect::<Vec<_>>());
            assert!(named.iter().all(is_named) && !unnamed.iter().any(is_named), "{schema:?}");
        }
    }
}
