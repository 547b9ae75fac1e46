//! The document as its author sees it: each map with its keys, as types that a JSON Schema is derived from, so that
//! editors complete and explain a policy. The reader beside it (`document`) works on nodes with places and makes of
//! them what the compiler needs, so these types mirror it; a test holds both against each other, key by key.

#![allow(dead_code, reason = "the types are described and never made")]

mod api;
mod identity;
mod limit;
mod step;
mod validate;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use spangate_document::schema::ApiVersion;

use api::Api;
use identity::Issuer;
use step::Step;

/// The JSON Schema of a policy.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Policy).to_value()
}

/// Who may call what: issuers of tokens, roles, steps that hold for every call, and APIs with their operations.
#[derive(JsonSchema)]
#[schemars(title = "Spangate policy", deny_unknown_fields)]
struct Policy {
    /// The version of the language.
    #[schemars(rename = "apiVersion")]
    api_version: ApiVersion,
    /// For logs, and for the realm of `WWW-Authenticate`.
    name: String,
    /// In `shadow`, everything is decided and logged, but only `authenticate`, routing and `call` are enforced.
    mode: Option<Mode>,
    /// Expressions that others read as `conditions.NAME`.
    conditions: Option<Named<Expression>>,
    /// Who may issue tokens.
    issuers: Option<Named<Issuer>>,
    /// Each is held where its expression over `auth` is true.
    roles: Option<Named<Expression>>,
    /// For every call, first.
    steps: Option<Vec<Step>>,
    /// What can be called. A call that matches no operation is refused.
    apis: Named<Api>,
}

/// `enforce`, or `shadow`: recorded, and not enforced.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum Mode {
    Enforce,
    Shadow,
}

/// Under names of the author's: letters, digits, `_` and `-`, at most 64 of them.
#[derive(JsonSchema)]
#[schemars(inline, transparent, extend("propertyNames" = {"pattern": "^[A-Za-z0-9_-]{1,64}$"}))]
struct Named<T>(BTreeMap<String, T>);

/// A CEL expression over `request`, `auth`, `source`, `connection`, `api` and, in response steps, `response`.
#[derive(JsonSchema)]
struct Expression(String);
