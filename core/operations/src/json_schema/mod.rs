//! `operations.yaml` as its author sees it: each map with its keys, as types that a JSON Schema is derived from, so
//! that editors complete and explain it. The reader beside it (`load`) works on nodes with places and makes of them
//! the model, so these types mirror it; a test holds both against each other, key by key.

#![allow(dead_code, reason = "the types are described and never made")]

mod database;
mod operation;
mod parameter;
mod read;
mod write;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use spangate_document::schema::{ApiVersion, Duration};

use database::Database;
use operation::{Numbers, Operation, Priority};

/// The JSON Schema of operations.
pub fn json_schema() -> serde_json::Value {
    schemars::schema_for!(Operations).to_value()
}

/// What callers may run, and the only place where SQL stands: databases, and operations on them.
#[derive(JsonSchema)]
#[schemars(title = "Spangate operations", deny_unknown_fields)]
struct Operations {
    /// The version of the language.
    #[schemars(rename = "apiVersion")]
    api_version: ApiVersion,
    /// Under names that operations and `defaults` choose from.
    databases: BTreeMap<String, Database>,
    /// For operations that do not say.
    defaults: Option<Defaults>,
    /// Under the names that a policy's `call` uses.
    operations: Named<Operation>,
}

/// What holds for operations that do not say.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Defaults {
    /// A name of `databases`; the only one where there is but one.
    database: Option<String>,
    /// The database role (fine-grained access control) that statements run under.
    database_role: Option<String>,
    /// How long a call may take, all in all; 5 seconds where nothing is said.
    deadline: Option<Duration>,
    priority: Option<Priority>,
    numbers: Option<Numbers>,
}

/// Under names of the author's: letters, digits and `_`, no digit first, at most 128 of them.
#[derive(JsonSchema)]
#[schemars(inline, transparent, extend("propertyNames" = {"pattern": "^[A-Za-z_][A-Za-z0-9_]{0,127}$"}))]
struct Named<T>(BTreeMap<String, T>);

/// A parameter, a column that an earlier step returned, or of a mutation `commit_timestamp()`.
#[derive(JsonSchema)]
struct ValueName(String);
