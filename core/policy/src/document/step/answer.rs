//! `respond` and `cache`: answers of the policy's own, and answers that may be kept.

use spangate_document::{Diagnostics, Duration, Fields, Value};

use super::{Body, StepKindSource, Text, header, text};

/// An answer that the policy itself gives.
#[derive(Clone, Debug)]
pub struct AnswerSource {
    pub status: u16,
    /// Names and values, each an expression or a text.
    pub headers: Vec<(String, Text)>,
    pub body: String,
    /// Of the body, where `headers` does not say it.
    pub media_type: Option<&'static str>,
}

#[derive(Clone, Debug)]
pub struct CacheSource {
    pub ttl: Duration,
    pub vary: Vec<Text>,
    /// Whether callers of other issuers, tenants and roles get the same answer.
    pub shared: bool,
}

pub(super) fn respond(body: Body<'_, '_>, diagnostics: &mut Diagnostics) -> Option<StepKindSource> {
    respond_with(body.demand_map(diagnostics)?, diagnostics).map(StepKindSource::Respond)
}

/// The fields of an answer, which an operation may have too.
pub fn respond_with(mut fields: Fields<'_>, diagnostics: &mut Diagnostics) -> Option<AnswerSource> {
    fields.demand("status", diagnostics);
    let status = fields.integer_in("status", 200..=599, diagnostics);
    let headers = header::values(&mut fields, "headers", diagnostics);
    // A text goes out as it stands, anything else as JSON.
    let (body, media_type) = match fields.take("body") {
        None => (String::new(), None),
        Some(node) => match &node.value {
            Value::String(text) => (text.clone(), Some("text/plain; charset=utf-8")),
            _ => (node.to_json().to_string(), Some("application/json")),
        },
    };
    fields.finish(diagnostics);
    // Without a status there is no policy, but the rest is still looked at.
    let status = status.and_then(|status| u16::try_from(status).ok()).unwrap_or_default();
    Some(AnswerSource { status, headers, body, media_type })
}

pub(super) fn cache(body: Body<'_, '_>, diagnostics: &mut Diagnostics) -> Option<StepKindSource> {
    let mut fields = body.demand_map(diagnostics)?;
    fields.demand("ttl", diagnostics);
    let ttl = fields.duration("ttl", diagnostics);
    let vary = fields.list("vary", diagnostics);
    let vary = vary.into_iter().filter_map(|(node, path)| text(node, path, diagnostics)).collect();
    let shared = fields.bool("shared", diagnostics).unwrap_or(false);
    fields.finish(diagnostics);
    let ttl = ttl.unwrap_or(Duration::from_secs(0));
    Some(StepKindSource::Cache(CacheSource { ttl, vary, shared }))
}
