//! The two languages that have a schema: what is read of each, and by what.

use std::path::Path;

use jsonschema::Validator;
use serde_json::Value;
use spangate_document::{Diagnostics, from_json, from_yaml};

pub struct Language {
    pub name: &'static str,
    pub schema: Value,
    pub validator: Validator,
    /// A document that has each key.
    pub every_key: Value,
    read: fn(&Value) -> Diagnostics,
    /// The key that only its documents have.
    mark: &'static str,
}

impl Language {
    fn new(
        name: &'static str,
        schema: Value,
        every_key: &str,
        read: fn(&Value) -> Diagnostics,
        mark: &'static str,
    ) -> Self {
        let validator = jsonschema::validator_for(&schema).unwrap();
        Self { name, schema, validator, every_key: from_yaml(every_key).unwrap().to_json(), read, mark }
    }

    pub fn policy() -> Self {
        let every_key = include_str!("../data/every_key/policy.yaml");
        let read = |document: &Value| spangate_policy::check(&from_json(&document.to_string()).unwrap()).1;
        Self::new("policy", spangate_policy::schema(), every_key, read, "apis")
    }

    pub fn operations() -> Self {
        let every_key = include_str!("../data/every_key/operations.yaml");
        let read = |document: &Value| {
            let document = from_json(&document.to_string()).unwrap();
            match spangate_operations::load_with(&document, &|_| Ok("{}".to_owned())) {
                Ok((_, warnings)) => warnings,
                Err(faults) => faults,
            }
        };
        Self::new("operations", spangate_operations::json_schema(), every_key, read, "databases")
    }

    pub fn all() -> [Self; 2] {
        [Self::policy(), Self::operations()]
    }

    /// What the reader says of a document.
    pub fn read(&self, document: &Value) -> Diagnostics {
        (self.read)(document)
    }

    pub fn is_of(&self, document: &Value) -> bool {
        document["apiVersion"] == "spangate/v1" && document.get(self.mark).is_some()
    }

    /// The committed schema.
    pub fn committed(&self) -> String {
        let file = format!("docs/{}.schema.json", self.name);
        std::fs::read_to_string(root().join(file)).unwrap_or_default()
    }
}

pub fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
