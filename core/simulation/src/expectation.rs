//! What a test says of an answer, and in words what is not as it says.

use serde_json::Value as Json;
use spangate_document::{Diagnostic, Diagnostics, Fields, Node, Path, Value, suggestion};
use spangate_policy::Policy;

use crate::call::{plain, status};
use crate::outcome::{Outcome, Verdict};

/// Everything that is named must be so; what is not named may be as it will.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expectation {
    /// How many calls in a row it is for.
    pub times: u64,
    allow: Option<Allow>,
    forward: Option<String>,
    status: Option<u16>,
    reason: Option<String>,
    detail: Option<String>,
    /// Of the answer; `None` is a header that must not be there.
    headers: Vec<(String, Option<String>)>,
    /// Of the request as the upstream gets it.
    request_headers: Vec<(String, Option<String>)>,
    body: Option<Json>,
    shadow: Option<Vec<String>>,
}

#[derive(Clone, Debug, PartialEq)]
enum Allow {
    Yes,
    No,
    /// An operation of the sidecar or of the policy.
    Operation(String),
}

impl Expectation {
    /// One expectation, or a list of them with `times`.
    pub fn read_all(
        fields: &mut Fields<'_>,
        policy: &Policy,
        diagnostics: &mut Diagnostics,
    ) -> Vec<(Self, Option<spangate_document::Span>)> {
        let Some(node) = fields.demand("expect", diagnostics) else { return Vec::new() };
        let path = fields.path().member("expect");
        let items: Vec<(&Node, Path)> = match &node.value {
            Value::List(items) => {
                items.iter().enumerate().map(|(index, item)| (item, path.index(index))).collect()
            }
            _ => vec![(node, path)],
        };
        let read = |(node, path)| Some((Self::read(node, path, policy, diagnostics)?, node.span));
        items.into_iter().filter_map(read).collect()
    }

    fn read(node: &Node, path: Path, policy: &Policy, diagnostics: &mut Diagnostics) -> Option<Self> {
        let mut fields = Fields::of(node, path, diagnostics)?;
        let times = fields.integer_in("times", 1..=1_000_000, diagnostics).unwrap_or(1);
        let expectation = Self {
            times: u64::try_from(times).unwrap_or(1),
            allow: allow(&mut fields, policy, diagnostics),
            forward: fields.string("forward", diagnostics).map(str::to_owned),
            status: status(&mut fields, 100..=599, diagnostics),
            reason: fields.string("reason", diagnostics).map(str::to_owned),
            detail: fields.string("detail", diagnostics).map(str::to_owned),
            headers: headers(&mut fields, "headers", diagnostics),
            request_headers: headers(&mut fields, "request_headers", diagnostics),
            body: fields.take("body").map(Node::to_json),
            shadow: fields
                .strings("shadow", diagnostics)
                .map(|shadow| shadow.into_iter().map(str::to_owned).collect()),
        };
        if (Self { times: 0, ..expectation.clone() }) == Self::default() {
            let message = "nothing is expected, so nothing is tested";
            diagnostics.push(
                Diagnostic::error("invalid_value", fields.path(), message)
                    .at(node.span)
                    .help("write `allow: true`, or the `status` and `reason` of a refusal"),
            );
        }
        fields.finish(diagnostics);
        Some(expectation)
    }

    /// The first thing that is not as expected.
    pub fn mismatch(&self, outcome: &Outcome) -> Option<String> {
        let actual = || outcome.summary();
        match &self.allow {
            Some(Allow::Yes) if !outcome.is_allowed() => {
                return Some(format!("expected it to be allowed: {}", actual()));
            }
            Some(Allow::No) if outcome.is_allowed() => {
                return Some(format!("expected it not to be allowed: {}", actual()));
            }
            Some(Allow::Operation(name)) if !outcome.is_allowed() || !outcome.is_of(name) => {
                return Some(format!("expected `{name}` to be allowed: {}", actual()));
            }
            _ => {}
        }
        if let Some(cluster) = &self.forward
            && !matches!(&outcome.verdict, Verdict::Forward { cluster: to, .. } if to == cluster)
        {
            return Some(format!("expected it to be forwarded to `{cluster}`: {}", actual()));
        }
        if let Some(status) = self.status.filter(|status| *status != outcome.status) {
            return Some(format!("expected status {status}: {}", actual()));
        }
        if let Some(reason) = self.reason.as_ref().filter(|reason| Some(*reason) != outcome.reason.as_ref()) {
            return Some(format!("expected reason `{reason}`: {}", actual()));
        }
        if let Some(detail) = self.detail.as_ref().filter(|detail| Some(*detail) != outcome.detail.as_ref()) {
            let found = outcome.detail.as_deref().unwrap_or_default();
            return Some(format!("expected detail `{detail}`, found `{found}`"));
        }
        differing("header", &self.headers, &outcome.headers)
            .or_else(|| differing("request header", &self.request_headers, &outcome.request_headers))
            .or_else(|| self.body_mismatch(outcome))
            .or_else(|| self.shadow_mismatch(outcome))
    }

    /// A text is compared as it is, anything else as JSON.
    fn body_mismatch(&self, outcome: &Outcome) -> Option<String> {
        let expected = self.body.as_ref()?;
        let found = outcome.body.as_deref().unwrap_or_default();
        let same = match expected {
            Json::String(text) => text == found,
            expected => serde_json::from_str::<Json>(found).is_ok_and(|found| found == *expected),
        };
        (!same).then(|| match expected {
            Json::String(text) => format!("expected body `{text}`, found `{found}`"),
            expected => format!("expected body `{expected}`, found `{found}`"),
        })
    }

    /// Each is a reason, or the name or the path of a step; together they are all that was shadowed.
    fn shadow_mismatch(&self, outcome: &Outcome) -> Option<String> {
        let expected = self.shadow.as_ref()?;
        let found = &outcome.shadowed;
        let same = expected.len() == found.len()
            && expected.iter().zip(found).all(|(wanted, shadowed)| {
                [Some(&shadowed.path), Some(&shadowed.reason), shadowed.name.as_ref()].contains(&Some(wanted))
            });
        (!same).then(|| {
            let found: Vec<String> =
                found.iter().map(|shadowed| format!("`{}` ({})", shadowed.reason, shadowed.path)).collect();
            let found = if found.is_empty() { "nothing".to_owned() } else { found.join(", ") };
            match expected.as_slice() {
                [] => format!("expected no shadowed refusal, found {found}"),
                wanted => format!("expected `{}` to be shadowed, found {found}", wanted.join("`, `")),
            }
        })
    }
}

fn allow(fields: &mut Fields<'_>, policy: &Policy, diagnostics: &mut Diagnostics) -> Option<Allow> {
    let node = fields.take("allow")?;
    match &node.value {
        Value::Bool(true) => Some(Allow::Yes),
        Value::Bool(false) => Some(Allow::No),
        Value::String(name) => {
            let known = || policy.operations().iter().flat_map(crate::outcome::names);
            if !known().any(|known| known == name) {
                let fault = fields.fault("allow", format!("the policy has no call or operation `{name}`"));
                diagnostics.push(match suggestion(name, known()) {
                    Some(close) => fault.help(format!("did you mean `{close}`?")),
                    None => fault,
                });
            }
            Some(Allow::Operation(name.clone()))
        }
        _ => {
            let message = format!("expected true, false or the name of an operation, found {}", node.kind());
            diagnostics.push(fields.fault("allow", message));
            None
        }
    }
}

/// A null, or an empty list, says that there is no such header.
fn headers(
    fields: &mut Fields<'_>,
    name: &'static str,
    diagnostics: &mut Diagnostics,
) -> Vec<(String, Option<String>)> {
    let mut headers = Vec::new();
    for (key, node, path) in fields.map(name, diagnostics) {
        let value = plain(node);
        if value.is_none() && node.value != Value::Null {
            let message =
                format!("expected a text, or null for a header that is not there, found {}", node.kind());
            diagnostics.error("wrong_type", &path, node, message);
        }
        headers.push((key.name.to_ascii_lowercase(), value));
    }
    headers
}

fn differing(
    kind: &str,
    expected: &[(String, Option<String>)],
    found: &[(String, String)],
) -> Option<String> {
    expected.iter().find_map(|(name, wanted)| {
        let values: Vec<&str> =
            found.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect();
        match wanted {
            None if values.is_empty() => None,
            None => Some(format!("expected no {kind} `{name}`, found `{}`", values.join("`, `"))),
            Some(wanted) if values == [wanted] => None,
            Some(wanted) if values.is_empty() => {
                Some(format!("expected {kind} `{name}: {wanted}`, found none"))
            }
            Some(wanted) => {
                Some(format!("expected {kind} `{name}: {wanted}`, found `{}`", values.join("`, `")))
            }
        }
    })
}
