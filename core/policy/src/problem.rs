//! What a refused caller gets: a problem document (RFC 9457).

use std::borrow::Cow;
use std::sync::Arc;

use crate::reason::Reason;

/// Media type of a problem document.
pub const PROBLEM_MEDIA_TYPE: &str = "application/problem+json";

/// A refusal as the caller will see it. What the log should know beyond that is in the trace of the decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    /// Stable, snake_case: one of [`Reason`]'s words, or the author's own.
    pub reason: Cow<'static, str>,
    /// Safe to show.
    pub detail: Cow<'static, str>,
    /// Further headers, such as `www-authenticate` and `retry-after`.
    pub headers: Vec<(&'static str, String)>,
}

/// An answer that the policy itself gives, and that is no refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(Cow<'static, str>, String)>,
    pub body: Arc<str>,
}

impl Refusal {
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The body: `status`, `title`, `detail`, `reason` and `request_id`.
    pub fn problem_document(&self, request_id: Option<&str>) -> String {
        let mut members = serde_json::Map::new();
        members.insert("status".to_owned(), self.status.into());
        members.insert("title".to_owned(), title(self.status).into());
        members.insert("detail".to_owned(), self.detail.as_ref().into());
        members.insert("reason".to_owned(), self.reason.as_ref().into());
        if let Some(id) = request_id {
            members.insert("request_id".to_owned(), id.into());
        }
        serde_json::Value::Object(members).to_string()
    }
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self {
            status: reason.status(),
            reason: reason.as_str().into(),
            detail: reason.detail().into(),
            headers: Vec::new(),
        }
    }
}

/// The phrase of a status: a problem without a `type` has that as its title (RFC 9457, section 4.2.1).
const fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Range Not Satisfiable",
        421 => "Misdirected Request",
        422 => "Unprocessable Content",
        423 => "Locked",
        425 => "Too Early",
        426 => "Upgrade Required",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        451 => "Unavailable For Legal Reasons",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Refused",
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn a_problem_document() {
        expect![[r#"{"detail":"there is no such operation","reason":"route_not_found","request_id":"r\"1","status":404,"title":"Not Found"}"#]]
            .assert_eq(&Refusal::from(Reason::RouteNotFound).problem_document(Some("r\"1")));
    }
}
