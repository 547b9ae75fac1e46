//! What became of a call, as plain data: for a test to compare, for a person to read, for a script as JSON.

use serde_json::{Value, json};
use spangate_policy::Operation;

/// Where a call went, and how it came there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub verdict: Verdict,
    /// Such as `orders.list_orders`, once routing has found it.
    pub operation: Option<String>,
    pub version: Option<String>,
    /// What the caller sees; of a call that was let through, what the upstream was said to have answered.
    pub status: u16,
    pub reason: Option<String>,
    pub detail: Option<String>,
    /// Of the answer, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Of the request as it goes on; empty when it does not.
    pub request_headers: Vec<(String, String)>,
    pub body: Option<String>,
    pub shadowed: Vec<Shadowed>,
    pub trace: Vec<Passage>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// On to that operation of the sidecar.
    Allow {
        call: String,
    },
    /// On to another upstream.
    Forward {
        cluster: String,
        path: String,
    },
    /// Answered by the policy itself.
    Respond,
    Refuse,
}

/// A verdict that was not enforced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shadowed {
    pub path: String,
    pub name: Option<String>,
    pub reason: String,
}

/// One place that the call came by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// Where it stands in the document; empty for routing.
    pub path: String,
    pub kind: &'static str,
    pub name: Option<String>,
    pub is_shadow: bool,
    pub verdict: Passed,
    pub reason: Option<String>,
    /// What went wrong in a condition: for the author, never for the caller.
    pub error: Option<String>,
}

/// What one place said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Passed {
    Passed,
    /// Its `when` was false.
    Skipped,
    Refused,
    /// It answered.
    Responded,
    /// A group took its `steps`, or its `otherwise`.
    Entered,
    Otherwise,
}

impl Verdict {
    pub fn word(&self) -> &'static str {
        match self {
            Self::Allow { .. } => "allow",
            Self::Forward { .. } => "forward",
            Self::Respond => "respond",
            Self::Refuse => "refuse",
        }
    }
}

impl Passed {
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Skipped => "skipped",
            Self::Refused => "refused",
            Self::Responded => "responded",
            Self::Entered => "entered",
            Self::Otherwise => "otherwise",
        }
    }
}

/// Names under which a test may speak of an operation: in full, within its API, and what it calls.
pub(crate) fn names(operation: &Operation) -> impl Iterator<Item = &str> {
    let short = operation.name.split_once('.').map(|(_, name)| name);
    [Some(operation.name.as_str()), short, Some(operation.call.as_str())].into_iter().flatten()
}

impl Outcome {
    /// Whether it went on to an upstream.
    pub fn is_allowed(&self) -> bool {
        match self.verdict {
            Verdict::Allow { .. } | Verdict::Forward { .. } => true,
            Verdict::Respond | Verdict::Refuse => false,
        }
    }

    /// Whether `name` is that of the operation, or of what it calls.
    pub fn is_of(&self, name: &str) -> bool {
        let operation = self.operation.as_deref().unwrap_or_default();
        let short = operation.split_once('.').map(|(_, name)| name);
        operation == name
            || short == Some(name)
            || matches!(&self.verdict, Verdict::Allow { call } if call == name)
    }

    /// In a few words.
    pub fn summary(&self) -> String {
        match &self.verdict {
            Verdict::Allow { call } => format!("allowed, as `{call}`"),
            Verdict::Forward { cluster, path } => format!("forwarded to `{cluster}` as `{path}`"),
            Verdict::Respond => format!("answered with {}", self.status),
            Verdict::Refuse => {
                let reason = self.reason.as_deref().unwrap_or_default();
                let refused_by = self.trace.iter().rfind(|passage| passage.verdict == Passed::Refused);
                let by = refused_by
                    .filter(|passage| !passage.path.is_empty())
                    .map(|passage| format!(" by {}", passage.path))
                    .unwrap_or_default();
                format!("refused with {} {reason}{by}", self.status)
            }
        }
    }

    pub fn to_json(&self) -> Value {
        let Self {
            verdict,
            operation,
            version,
            status,
            reason,
            detail,
            headers,
            request_headers,
            body,
            shadowed,
            trace,
        } = self;
        let (call, forward) = match verdict {
            Verdict::Allow { call } => (json!(call), Value::Null),
            Verdict::Forward { cluster, path } => (Value::Null, json!({"cluster": cluster, "path": path})),
            Verdict::Respond | Verdict::Refuse => (Value::Null, Value::Null),
        };
        json!({
            "verdict": verdict.word(),
            "operation": operation,
            "version": version,
            "call": call,
            "forward": forward,
            "status": status,
            "reason": reason,
            "detail": detail,
            "headers": pairs(headers),
            "request_headers": pairs(request_headers),
            "body": body,
            "shadowed": shadowed.iter().map(Shadowed::to_json).collect::<Vec<_>>(),
            "trace": trace.iter().map(Passage::to_json).collect::<Vec<_>>(),
        })
    }
}

impl Shadowed {
    fn to_json(&self) -> Value {
        let Self { path, name, reason } = self;
        json!({"path": path, "name": name, "reason": reason})
    }
}

impl Passage {
    fn to_json(&self) -> Value {
        let Self { path, kind, name, is_shadow, verdict, reason, error } = self;
        json!({
            "path": path,
            "kind": kind,
            "name": name,
            "mode": if *is_shadow { "shadow" } else { "enforce" },
            "verdict": verdict.word(),
            "reason": reason,
            "error": error,
        })
    }
}

/// A list, since a name may occur more than once.
fn pairs(headers: &[(String, String)]) -> Value {
    headers.iter().map(|(name, value)| json!([name, value])).collect()
}
