//! What became of a call, as plain data: for a test to compare, for a person to read, for a script as JSON.

use serde_json::{Map, Value, json};
use spangate_document::Node;
use spangate_policy::{Operation, Target};

use crate::excerpt::Excerpt;

/// Names in lower case, and values. A name may occur more than once.
pub type Headers = Vec<(String, String)>;

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
    /// Of the answer.
    pub headers: Headers,
    /// Of the request as another upstream gets it; empty when it is not forwarded.
    pub request_headers: Headers,
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
    /// On the way back.
    pub is_response: bool,
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
    /// A group whose condition held, and one whose condition did not.
    Taken,
    Otherwise,
    /// Something could not be computed that refuses nothing.
    Erred,
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
            Self::Taken => "taken",
            Self::Otherwise => "otherwise",
            Self::Erred => "erred",
        }
    }
}

/// Names under which a test may speak of an operation: in full, within its API, and what it calls.
pub(crate) fn names(operation: &Operation) -> impl Iterator<Item = &str> {
    let short = operation.name.split_once('.').map(|(_, name)| name);
    let call = match &operation.target {
        Target::Call(call) => Some(call.as_str()),
        Target::Forward(_) | Target::Respond(_) => None,
    };
    [Some(operation.name.as_str()), short, call].into_iter().flatten()
}

impl Outcome {
    pub(crate) fn new(verdict: Verdict, status: u16) -> Self {
        Self {
            verdict,
            operation: None,
            version: None,
            status,
            reason: None,
            detail: None,
            headers: Vec::new(),
            request_headers: Vec::new(),
            body: None,
            shadowed: Vec::new(),
            trace: Vec::new(),
        }
    }

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
                let refused_by = self
                    .trace
                    .iter()
                    .rfind(|passage| passage.verdict == Passed::Refused && !passage.is_shadow);
                let by = refused_by
                    .filter(|passage| !passage.path.is_empty())
                    .map(|passage| format!(" by {}", passage.path))
                    .unwrap_or_default();
                format!("refused with {} {reason}{by}", self.status)
            }
        }
    }

    /// What became of the call, and the way that it took, with what `document` says at each place.
    pub fn to_json(&self, document: &Node) -> Value {
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
            "trace": trace.iter().map(|passage| passage.to_json(document)).collect::<Vec<_>>(),
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
    fn to_json(&self, document: &Node) -> Value {
        let Self { path, kind, name, is_response, is_shadow, verdict, reason, error } = self;
        let Excerpt { line, when, does, defined } = Excerpt::at(document, path, kind);
        let defined: Map<String, Value> =
            defined.into_iter().map(|(name, text)| (name, text.into())).collect();
        json!({
            "path": path,
            "line": line,
            "kind": kind,
            "name": name,
            "when": when,
            "does": does,
            "defined": defined,
            "side": if *is_response { "response" } else { "request" },
            "mode": if *is_shadow { "shadow" } else { "enforce" },
            "verdict": verdict.word(),
            "reason": reason,
            "error": error,
        })
    }
}

/// A list, since a name may occur more than once.
fn pairs(headers: &Headers) -> Value {
    headers.iter().map(|(name, value)| json!([name, value])).collect()
}
