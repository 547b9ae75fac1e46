//! Where an issuer's keys come from: `jwks`, `discovery` or `keys`.

use std::sync::Arc;

use spangate_document::{Diagnostic, Diagnostics, Duration, Fields, Node, Path};

use crate::token::{HttpUrl, KeyEndpoint, KeySet, KeySource};

const DEFAULT_REFRESH: Duration = Duration::from_secs(15 * 60);
const DEFAULT_SERVE_STALE: Duration = Duration::from_secs(24 * 60 * 60);

/// A fault leaves a source without keys: then there is no policy either.
pub(super) fn read(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> KeySource {
    let refresh = fields.duration("refresh", diagnostics).unwrap_or(DEFAULT_REFRESH);
    let serve_stale = fields.duration("serve_stale", diagnostics).unwrap_or(DEFAULT_SERVE_STALE);
    let path = fields.path().clone();
    let sources = ["jwks", "discovery", "keys"].map(|name| (name, fields.take(name)));
    let mut named = sources.into_iter().filter_map(|(name, node)| Some((name, node?)));
    let source = match (named.next(), named.next()) {
        (Some(("keys", node)), None) => inline(node, &path.member("keys"), diagnostics),
        (Some((name, node)), None) => endpoint(node, path.member(name), diagnostics).map(|(cluster, url)| {
            KeySource::Fetched(KeyEndpoint {
                cluster,
                url,
                discovery: name == "discovery",
                refresh,
                serve_stale,
            })
        }),
        (found, _) => {
            let found = if found.is_some() { "more are there" } else { "none is there" };
            let message = format!("exactly one of `jwks`, `discovery` and `keys` is needed, {found}");
            diagnostics.push(
                Diagnostic::error("key_source", &path, message)
                    .at(fields.node().span)
                    .help("write `jwks: {cluster: NAME, url: \"https://…\"}`"),
            );
            None
        }
    };
    source.unwrap_or_else(|| KeySource::Inline(Arc::default()))
}

fn inline(node: &Node, path: &Path, diagnostics: &mut Diagnostics) -> Option<KeySource> {
    match KeySet::from_value(&node.to_json()) {
        Ok(set) => Some(KeySource::Inline(Arc::new(set))),
        Err(message) => {
            diagnostics.error("invalid_value", path, node, message);
            None
        }
    }
}

fn endpoint(node: &Node, path: Path, diagnostics: &mut Diagnostics) -> Option<(String, HttpUrl)> {
    let mut fields = Fields::of(node, path, diagnostics)?;
    let cluster = fields.demand_string("cluster", diagnostics).map(str::to_owned);
    let url = fields.demand_string("url", diagnostics).and_then(|text| {
        let url = HttpUrl::parse(text);
        if url.is_none() {
            diagnostics.push(fields.fault("url", format!("`{text}` is no URL of http or https")));
        }
        url
    });
    fields.finish(diagnostics);
    Some((cluster?, url?))
}
