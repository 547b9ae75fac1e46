//! `apis`: paths, versions and operations.

use schemars::JsonSchema;
use spangate_document::schema::{AnyNumber, OneOrMore};

use super::Named;
use super::step::{Answer, Step};

/// Operations under one path.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Api {
    /// Prefix of every route.
    #[schemars(regex(pattern = "^/"))]
    path: String,
    /// Such as `api.example.com` or `*.example.com`; any where nothing is said.
    hosts: Option<AnyNumber<String>>,
    /// How a call says which version it is for.
    versioning: Option<Versioning>,
    versions: Option<Named<Version>>,
    /// For every call of this API, after the policy's.
    steps: Option<Vec<Step>>,
    operations: Named<Operation>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Versioning {
    /// `path` (the segment after the API's), `header NAME` or `query NAME`.
    #[schemars(regex(pattern = "^(path|(header|query) [A-Za-z0-9._-]+)$"))]
    scheme: String,
    /// The version of a call that names none.
    default: Option<String>,
}

/// A version's life, as its callers are told of it.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Version {
    /// Since when it is deprecated (RFC 9745): `2027-06-30`, or a date and time.
    deprecated: Option<String>,
    /// When it ends (RFC 8594).
    sunset: Option<String>,
    /// Whether calls are refused once it has ended; they are served where nothing is said.
    after_sunset: Option<AfterSunset>,
    /// Where callers may read more.
    link: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum AfterSunset {
    Refuse,
    Serve,
}

/// What can be called by one route.
#[derive(JsonSchema)]
#[schemars(
    deny_unknown_fields,
    extend("oneOf" = [{"required": ["call"]}, {"required": ["forward"]}, {"required": ["respond"]}]),
    extend("allOf" = [{"oneOf": [
        {"required": ["roles"]},
        {"required": ["public"], "properties": {"public": {"const": true}}},
    ]}]),
    extend("dependentRequired" = {"rewrite": ["forward"]})
)]
struct Operation {
    /// `METHOD /template/{parameter}/{rest=**}`.
    #[schemars(regex(pattern = "^[A-Z]+ /"))]
    route: String,
    /// Those of the API's versions that have it; all where nothing is said.
    versions: Option<AnyNumber<String>>,
    /// One of these is needed.
    roles: Option<OneOrMore<String>>,
    /// No token is needed; a bad one is still refused.
    public: Option<bool>,
    /// For this operation alone, last.
    steps: Option<Vec<Step>>,
    /// The operation of the sidecar.
    call: Option<String>,
    /// Another upstream: the logical name of its cluster.
    forward: Option<String>,
    /// The path at the other upstream, with the route's parameters.
    rewrite: Option<String>,
    /// An answer of the policy's own.
    respond: Option<Answer>,
}
