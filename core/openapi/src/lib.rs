//! What a policy and its operations promise their callers, as an OpenAPI 3.1 document: every path of every version, what
//! it takes, what it answers, and each reason for which it may refuse. Pure: two documents in, one out. SQL, roles'
//! conditions and limits stay where they are; whoever reads the document may know what a caller finds out anyway.

mod answers;
mod body;
mod components;
mod operation;
mod parameters;
mod paths;
mod reasons;
mod schema;
mod security;
mod shared;

use serde_json::{Map, Value, json};
use spangate_operations::{Operation, Operations};
use spangate_policy::Policy;

/// Of the OpenAPI Specification.
const VERSION: &str = "3.1.1";

/// An operation of the policy calls one that is in none of the operations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    pub policy_operation: String,
    pub call: String,
}

/// `servers` are URLs under which the gateway is reached.
pub fn document(
    policy: &Policy,
    operations: &[Operations],
    servers: &[String],
) -> Result<Value, Vec<Unknown>> {
    let find = |name: &str| operations.iter().find_map(|operations| operations.operation(name));
    let mut paths = paths::of(policy, &find)?;
    let answers = shared::answers(&mut paths);
    let mut document = Map::new();
    document.insert("openapi".to_owned(), VERSION.into());
    document.insert("info".to_owned(), json!({"title": policy.name(), "version": policy.revision()}));
    if !servers.is_empty() {
        let servers: Vec<Value> = servers.iter().map(|url| json!({"url": url})).collect();
        document.insert("servers".to_owned(), servers.into());
    }
    document.insert("tags".to_owned(), tags(policy));
    document.insert("paths".to_owned(), paths.into());
    document.insert("components".to_owned(), components::of(policy, &find, answers));
    Ok(Value::Object(document))
}

/// A tag is an API.
fn tags(policy: &Policy) -> Value {
    policy.apis().iter().map(|api| json!({"name": api.name})).collect()
}

/// What finds an operation of the sidecar by its name.
type Find<'o> = dyn Fn(&str) -> Option<&'o Operation> + 'o;

#[cfg(test)]
mod tests;
