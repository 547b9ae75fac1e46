//! One operation under one path.

use serde_json::{Map, Value, json};
use spangate_operations as operations;
use spangate_policy::{Api, Contract, Operation, Policy, Version};

use crate::{answers, body, parameters, security};

/// Where an operation stands.
pub struct Place<'p> {
    /// The version that is a segment of the path.
    pub in_path: Option<&'p Version>,
    /// All that are served there; none where the API has no versions.
    pub versions: Vec<&'p Version>,
}

/// All that the parts of an operation are made of.
pub struct Described<'p> {
    pub policy: &'p Policy,
    pub api: &'p Api,
    pub operation: &'p Operation,
    /// The sidecar's, if it calls one.
    pub called: Option<&'p operations::Operation>,
    pub contract: Contract<'p>,
    pub place: &'p Place<'p>,
}

pub fn describe(
    policy: &Policy,
    api: &Api,
    operation: &Operation,
    called: Option<&operations::Operation>,
    place: &Place<'_>,
) -> Value {
    let contract = policy.contract(operation, &place.versions);
    let described = Described { policy, api, operation, called, contract, place };
    let mut members = Map::new();
    let mut insert = |name: &str, value: Value| members.insert(name.to_owned(), value);
    insert("operationId", id(&described).into());
    insert("tags", json!([api.name]));
    if let Some(text) = demanded_roles(&described) {
        insert("description", text.into());
    }
    let parameters = parameters::of(&described);
    if !parameters.is_empty() {
        insert("parameters", parameters.into());
    }
    if let Some(body) = body::of(&described) {
        insert("requestBody", body);
    }
    insert("responses", answers::of(&described));
    insert("security", security::of(&described));
    if !place.versions.is_empty() && place.versions.iter().all(|version| is_deprecated(version)) {
        insert("deprecated", true.into());
    }
    Value::Object(members)
}

/// Unique in the document, and a name in any language that code is generated in.
fn id(described: &Described<'_>) -> String {
    let name = described.operation.name.replace('.', "_");
    match described.place.in_path {
        Some(version) => format!("{name}_{}", version.name),
        None => name,
    }
}

fn demanded_roles(described: &Described<'_>) -> Option<String> {
    let roles: Vec<_> =
        described.policy.roles_of(described.operation).map(|role| format!("`{role}`")).collect();
    match roles.as_slice() {
        [] => None,
        [role] => Some(format!("For callers with the role {role}.")),
        roles => Some(format!("For callers with one of the roles {}.", roles.join(", "))),
    }
}

fn is_deprecated(version: &Version) -> bool {
    version.headers.iter().any(|(name, _)| matches!(*name, "deprecation" | "sunset"))
}
