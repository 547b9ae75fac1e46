//! `set_header` and `remove_header`: edits of the request that goes on and of the answer that comes back.

use spangate_document::{Diagnostic, Diagnostics, Fields};

use super::super::owned;
use super::{Body, StepKindSource, text};
use crate::document::Text;

/// What is done to which header, by name in lower case.
#[derive(Clone, Debug)]
pub struct HeaderEdits<T> {
    pub request: Vec<(String, T)>,
    pub response: Vec<(String, T)>,
}

pub(super) fn set(body: Body<'_, '_>, diagnostics: &mut Diagnostics) -> Option<StepKindSource> {
    let mut fields = body.demand_map(diagnostics)?;
    let request = values(&mut fields, "request", diagnostics);
    let response = values(&mut fields, "response", diagnostics);
    let edits = edits(fields, request, response, diagnostics);
    Some(StepKindSource::SetHeader(edits))
}

pub(super) fn remove(body: Body<'_, '_>, diagnostics: &mut Diagnostics) -> Option<StepKindSource> {
    let mut fields = body.demand_map(diagnostics)?;
    let [request, response] = ["request", "response"].map(|side| {
        let names = owned(fields.strings(side, diagnostics)).unwrap_or_default();
        let path = fields.path().member(side);
        let span = fields.node().member(side).and_then(|node| node.span);
        let names = names.into_iter().filter_map(|name| match editable(&name) {
            Ok(name) => Some((name, ())),
            Err(message) => {
                diagnostics.push(Diagnostic::error("invalid_value", &path, message).at(span));
                None
            }
        });
        names.collect::<Vec<_>>()
    });
    let edits = edits(fields, request, response, diagnostics);
    Some(StepKindSource::RemoveHeader(edits))
}

fn edits<T>(
    fields: Fields<'_>,
    request: Vec<(String, T)>,
    response: Vec<(String, T)>,
    diagnostics: &mut Diagnostics,
) -> HeaderEdits<T> {
    let is_named = |side| fields.node().member(side).is_some();
    if !is_named("request") && !is_named("response") {
        let message = "nothing is edited: name headers under `request` or `response`";
        diagnostics.error("missing_key", fields.path(), fields.node(), message);
    }
    fields.finish(diagnostics);
    HeaderEdits { request, response }
}

/// Names and values of the map `name`.
pub(super) fn values(
    fields: &mut Fields<'_>,
    name: &'static str,
    diagnostics: &mut Diagnostics,
) -> Vec<(String, Text)> {
    let mut values = Vec::new();
    for (key, node, path) in fields.map(name, diagnostics) {
        match editable(&key.name) {
            Ok(name) => values.extend(text(node, path, diagnostics).map(|text| (name, text))),
            Err(message) => {
                diagnostics.push(Diagnostic::error("invalid_value", &path, message).at(key.span));
            }
        }
    }
    values
}

/// The name in lower case, unless it is one on which the message's framing, its routing or the way to the
/// sidecar rests.
fn editable(name: &str) -> Result<String, String> {
    const FRAMING: [&str; 9] = [
        "connection",
        "content-length",
        "host",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ];
    let lower = name.to_ascii_lowercase();
    if !is_header_name(name) {
        return Err(format!("`{name}` is no name of a header"));
    }
    if FRAMING.contains(&lower.as_str()) || lower.starts_with("spangate-") || lower.starts_with("grpc-") {
        return Err(format!("`{name}` is not for a policy to edit"));
    }
    Ok(lower)
}

/// A token of RFC 9110, section 5.6.2, without its rarer marks.
pub fn is_header_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 128
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}
