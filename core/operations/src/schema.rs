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

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schema({})", self.document)
    }
}
