//! `authenticate`: whose tokens are accepted, and where in a request they stand.

use spangate_document::{Diagnostics, Fields, Node, Path, Value};

use super::super::owned;
use super::header::is_header_name;
use super::{Body, StepKindSource, Text};

#[derive(Clone, Debug)]
pub struct AuthenticateSource {
    pub issuers: Vec<Text>,
    pub from: CredentialPlace,
    pub optional: bool,
    /// Whether the token goes on to the upstream.
    pub forward: bool,
    /// Whether a token must be bound to the client's certificate (RFC 8705).
    pub bound: bool,
    /// Accepted values of `typ`, of those that the issuer accepts.
    pub token_types: Vec<String>,
}

/// Where in a request a token stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CredentialPlace {
    /// `Authorization: Bearer` (RFC 6750, section 2.1).
    #[default]
    Bearer,
    /// A header that holds the token alone; lower case.
    Header(String),
    Cookie(String),
    /// A query parameter (RFC 6750, section 2.3, which advises against it).
    Query(String),
}

pub(super) fn read(body: Body<'_, '_>, diagnostics: &mut Diagnostics) -> Option<StepKindSource> {
    let Body { node, path, inner, outer } = body;
    let Some(mut fields) = inner else {
        let names = outer.strings("authenticate", diagnostics)?;
        let issuers = issuers(&names, node, &path, diagnostics);
        return Some(StepKindSource::Authenticate(AuthenticateSource {
            issuers,
            from: CredentialPlace::Bearer,
            optional: false,
            forward: false,
            bound: false,
            token_types: Vec::new(),
        }));
    };
    fields.demand("issuers", diagnostics);
    let names = fields.strings("issuers", diagnostics);
    let optional = fields.bool("optional", diagnostics).unwrap_or(false);
    let forward = fields.bool("forward", diagnostics).unwrap_or(false);
    let bound = fields.word("bound", &[("mtls", true)], diagnostics).unwrap_or(false);
    let token_types = owned(fields.strings("token_types", diagnostics)).unwrap_or_default();
    let from = from(&mut fields, diagnostics);
    fields.finish(diagnostics);
    let issuers = issuers(&names?, node, &path.member("issuers"), diagnostics);
    Some(StepKindSource::Authenticate(AuthenticateSource {
        issuers,
        from: from?,
        optional,
        forward,
        bound,
        token_types,
    }))
}

fn issuers(names: &[&str], node: &Node, path: &Path, diagnostics: &mut Diagnostics) -> Vec<Text> {
    if names.is_empty() {
        diagnostics.error("invalid_value", path, node, "at least one issuer is needed");
    }
    names.iter().map(|name| Text { text: (*name).to_owned(), path: path.clone(), span: node.span }).collect()
}

/// `bearer`, or a map of one member: `{header: NAME}`, `{cookie: NAME}`, `{query: NAME}`.
fn from(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Option<CredentialPlace> {
    let Some(node) = fields.take("from") else { return Some(CredentialPlace::Bearer) };
    if node.as_str() == Some("bearer") {
        return Some(CredentialPlace::Bearer);
    }
    let path = fields.path().member("from");
    if let Value::Map(members) = &node.value
        && let [(key, value)] = members.as_slice()
        && let Some(name) = value.as_str().filter(|name| is_header_name(name))
    {
        let place = match key.name.as_str() {
            "header" => Some(CredentialPlace::Header(name.to_ascii_lowercase())),
            "cookie" => Some(CredentialPlace::Cookie(name.to_owned())),
            "query" => Some(CredentialPlace::Query(name.to_owned())),
            _ => None,
        };
        if place.is_some() {
            return place;
        }
    }
    let message = "`from` is `bearer`, `{header: NAME}`, `{cookie: NAME}` or `{query: NAME}`";
    diagnostics.error("invalid_value", &path, node, message);
    None
}
