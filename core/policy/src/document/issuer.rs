//! `issuers`: who may issue tokens.

use std::sync::Arc;

use spangate_document::{Diagnostic, Diagnostics, Duration, Fields, Node, Path};

use super::{not_yet, unknown_word};
use crate::token::{Algorithm, ClaimPaths, KeyEndpoint, KeySet, KeySource};

#[derive(Clone, Debug)]
pub struct IssuerSource {
    pub issuer: String,
    pub audiences: Vec<String>,
    pub keys: Option<KeySource>,
    pub algorithms: Vec<Algorithm>,
    pub clock_skew: Duration,
    pub max_lifetime: Option<Duration>,
    pub required_claims: Vec<String>,
    pub token_types: Vec<String>,
    pub claims: ClaimPaths,
}

const DEFAULT_CLOCK_SKEW: Duration = Duration::from_secs(60);
const DEFAULT_REFRESH: Duration = Duration::from_secs(15 * 60);
const DEFAULT_SERVE_STALE: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) fn read(node: &Node, path: Path, diagnostics: &mut Diagnostics) -> Option<IssuerSource> {
    let mut fields = Fields::of(node, path, diagnostics)?;
    let issuer = fields.demand_string("issuer", diagnostics).unwrap_or_default().to_owned();
    if issuer.contains('{') {
        let path = fields.path().member("issuer");
        diagnostics.error("not_supported_yet", &path, node, "a template of issuers is not supported yet");
    }
    fields.demand("audiences", diagnostics);
    let audiences = owned(fields.strings("audiences", diagnostics));
    if audiences.as_ref().is_some_and(Vec::is_empty) {
        let path = fields.path().member("audiences");
        diagnostics.error("invalid_value", &path, node, "at least one audience is needed");
    }
    let refresh = fields.duration("refresh", diagnostics).unwrap_or(DEFAULT_REFRESH);
    let serve_stale = fields.duration("serve_stale", diagnostics).unwrap_or(DEFAULT_SERVE_STALE);
    let keys = keys(&mut fields, refresh, serve_stale, diagnostics);
    let algorithms = algorithms(&mut fields, diagnostics);
    let clock_skew = fields.duration("clock_skew", diagnostics).unwrap_or(DEFAULT_CLOCK_SKEW);
    let max_lifetime = fields.duration("max_lifetime", diagnostics);
    let required_claims = owned(fields.strings("required_claims", diagnostics)).unwrap_or_default();
    let token_types = owned(fields.strings("token_types", diagnostics)).unwrap_or_default();
    let claims = match fields.take("claims") {
        Some(node) => claim_paths(node, fields.path().member("claims"), diagnostics),
        None => ClaimPaths::default(),
    };
    not_yet(&mut fields, &["profile", "resource_metadata", "tenants"], diagnostics);
    fields.finish(diagnostics);
    Some(IssuerSource {
        issuer,
        audiences: audiences.unwrap_or_default(),
        keys,
        algorithms,
        clock_skew,
        max_lifetime,
        required_claims,
        token_types,
        claims,
    })
}

fn owned(texts: Option<Vec<&str>>) -> Option<Vec<String>> {
    texts.map(|texts| texts.into_iter().map(str::to_owned).collect())
}

fn keys(
    fields: &mut Fields<'_>,
    refresh: Duration,
    serve_stale: Duration,
    diagnostics: &mut Diagnostics,
) -> Option<KeySource> {
    not_yet(fields, &["discovery"], diagnostics);
    let path = fields.path().clone();
    match (fields.take("jwks"), fields.take("keys")) {
        (Some(node), None) => {
            endpoint(node, path.member("jwks"), refresh, serve_stale, diagnostics).map(KeySource::Fetched)
        }
        (None, Some(node)) => match KeySet::from_value(&node.to_json()) {
            Ok(set) => Some(KeySource::Inline(Arc::new(set))),
            Err(message) => {
                diagnostics.error("invalid_value", &path.member("keys"), node, message);
                None
            }
        },
        (found, _) => {
            let found = if found.is_some() { "both are there" } else { "neither is there" };
            diagnostics.push(
                Diagnostic::error(
                    "key_source",
                    &path,
                    format!("exactly one of `jwks` and `keys` is needed, {found}"),
                )
                .at(fields.node().span)
                .help("write `jwks: {cluster: NAME, url: \"https://…\"}`"),
            );
            None
        }
    }
}

fn endpoint(
    node: &Node,
    path: Path,
    refresh: Duration,
    serve_stale: Duration,
    diagnostics: &mut Diagnostics,
) -> Option<KeyEndpoint> {
    let mut fields = Fields::of(node, path, diagnostics)?;
    let cluster = fields.demand_string("cluster", diagnostics).map(str::to_owned);
    let url = fields.demand_string("url", diagnostics);
    let parts = url.and_then(|url| match split_url(url) {
        Some(parts) => Some(parts),
        None => {
            let path = fields.path().member("url");
            diagnostics.error("invalid_value", &path, node, format!("`{url}` is no URL of http or https"));
            None
        }
    });
    fields.finish(diagnostics);
    let (scheme, authority, path) = parts?;
    Some(KeyEndpoint { cluster: cluster?, scheme, authority, path, refresh, serve_stale })
}

/// Scheme, authority and path with query. The proxy connects where its cluster says, so no more is needed.
fn split_url(url: &str) -> Option<(String, String, String)> {
    let (scheme, rest) = url.split_once("://")?;
    let cut = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(cut);
    let fits = matches!(scheme, "http" | "https")
        && !authority.is_empty()
        && !authority.contains('@')
        && url.chars().all(|c| c.is_ascii_graphic() && c != '#');
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    fits.then(|| (scheme.to_owned(), authority.to_owned(), path))
}

fn algorithms(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Vec<Algorithm> {
    let Some(names) = fields.strings("algorithms", diagnostics) else {
        return vec![Algorithm::Rs256, Algorithm::Es256];
    };
    let known = Algorithm::ALL.map(Algorithm::name);
    names
        .into_iter()
        .filter_map(|name| {
            let algorithm = Algorithm::from_name(name);
            if algorithm.is_none() {
                let path = fields.path().member("algorithms");
                let span = fields.node().member("algorithms").and_then(|node| node.span);
                diagnostics.push(unknown_word("supported algorithm", name, &known, &path, span));
            }
            algorithm
        })
        .collect()
}

fn claim_paths(node: &Node, path: Path, diagnostics: &mut Diagnostics) -> ClaimPaths {
    let mut paths = ClaimPaths::default();
    let Some(mut fields) = Fields::of(node, path, diagnostics) else { return paths };
    if let Some(subject) = fields.string("subject", diagnostics) {
        subject.clone_into(&mut paths.subject);
    }
    paths.tenant = fields.string("tenant", diagnostics).map(str::to_owned);
    if let Some(roles) = owned(fields.strings("roles", diagnostics)) {
        paths.roles = roles;
    }
    if let Some(scopes) = owned(fields.strings("scopes", diagnostics)) {
        paths.scopes = scopes;
    }
    paths.forward = owned(fields.strings("forward", diagnostics)).unwrap_or_default();
    fields.finish(diagnostics);
    paths
}
