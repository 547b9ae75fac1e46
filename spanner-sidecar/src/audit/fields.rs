//! What the audit row keeps of the call: the fields that the author chose, as they were sent.

use serde_json::{Map, Value};
use spangate_document::Node;
use spangate_operations::{AuditField, IdentityField, Operation};
use spangate_proto::v1::{Call, Identity, Parameter};

/// A JSON object with a member for each field that the call has.
pub fn fields(operation: &Operation, call: &Call, body: &[u8]) -> String {
    let takes_body = operation.audit.iter().any(|field| matches!(field, AuditField::Body(_)));
    // The binding has read it already: it is JSON, or there is none.
    let body = std::str::from_utf8(body).ok().filter(|_| takes_body);
    let body = body.and_then(|body| spangate_document::from_json(body).ok());
    let member = |field| Some((name(field), value(field, call, body.as_ref())?));
    Value::Object(operation.audit.iter().filter_map(member).collect::<Map<_, _>>()).to_string()
}

/// As the author wrote it.
fn name(field: &AuditField) -> String {
    match field {
        AuditField::Path(name) => format!("path.{name}"),
        AuditField::Query(name) => format!("query.{name}"),
        AuditField::Body(path) => format!("body.{}", path.join(".")),
        AuditField::Identity(field) => format!("identity.{}", identity_name(*field)),
    }
}

fn value(field: &AuditField, call: &Call, body: Option<&Node>) -> Option<Value> {
    match field {
        AuditField::Path(name) => sent(&call.path, name),
        AuditField::Query(name) => sent(&call.query, name),
        AuditField::Body(path) => {
            path.iter().try_fold(body?, |node, name| node.member(name)).map(Node::to_json)
        }
        AuditField::Identity(field) => {
            let Identity { issuer, subject, tenant, roles, scopes, claims: _ } = call.identity.as_ref()?;
            Some(match field {
                IdentityField::Issuer => Value::from(issuer.as_str()),
                IdentityField::Subject => Value::from(subject.as_str()),
                IdentityField::Tenant => Value::from(tenant.as_deref()?),
                IdentityField::Roles => Value::from(roles.as_slice()),
                IdentityField::Scopes => Value::from(scopes.as_slice()),
            })
        }
    }
}

/// What is repeated is a list.
fn sent(parameters: &[Parameter], wanted: &str) -> Option<Value> {
    let mut values: Vec<&str> = parameters
        .iter()
        .filter(|Parameter { name, value: _ }| name == wanted)
        .map(|Parameter { name: _, value }| value.as_str())
        .collect();
    match values.len() {
        0 => None,
        1 => values.pop().map(Value::from),
        _ => Some(Value::from(values)),
    }
}

fn identity_name(field: IdentityField) -> &'static str {
    match field {
        IdentityField::Issuer => "issuer",
        IdentityField::Subject => "subject",
        IdentityField::Tenant => "tenant",
        IdentityField::Roles => "roles",
        IdentityField::Scopes => "scopes",
    }
}
