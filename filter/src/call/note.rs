//! What is kept of a decision: the access log's fields, lines of steps in shadow mode, counts.

use std::borrow::Cow;

use serde_json::{Map, Value};
use spangate_policy::{Place, Policy, Progress};

use super::Exchange;
use crate::counters::Counted;
use crate::host::{self, HostFault, LogLevel};

/// Filter state that only this filter sets, as `wasm.spangate`: the routes to the sidecar and to other upstreams
/// demand it, and the access log prints it.
const VERDICT_PROPERTY: &str = "spangate";

/// The same for what `audit` steps say.
const AUDIT_PROPERTY: &str = "spangate_audit";

/// Longest record of `audit` steps.
const MAX_AUDIT_BYTES: usize = 8 * 1024;

impl Exchange {
    /// Says what has been decided.
    pub(super) fn set_verdict(&self, verdict: &str, of: &str) -> Result<(), HostFault> {
        let mut text = String::with_capacity(verdict.len().saturating_add(of.len()).saturating_add(1));
        text.push_str(verdict);
        text.push(' ');
        text.push_str(of);
        host::set_property(VERDICT_PROPERTY, text.as_bytes())
    }

    /// The same of an answer that does not need it, and all else that the decision leaves behind.
    pub(super) fn note(&self, verdict: &str, of: &str) {
        // The log is poorer without it, the answer is not.
        let _ = self.set_verdict(verdict, of);
        self.note_steps();
    }

    /// What steps say beside the verdict.
    pub(super) fn note_steps(&self) {
        let Some(gateway) = &self.gateway else { return };
        if let Some(record) = audit(&self.progress, &gateway.policy) {
            let _ = host::set_property(AUDIT_PROPERTY, record.as_bytes());
        }
        for entry in self.progress.trace() {
            if let Some(refused) = entry.shadowed() {
                let step = place(entry.place, &gateway.policy);
                let line = format!(r#"{{"event":"shadow","step":"{step}","reason":"{}"}}"#, refused.reason);
                host::log(LogLevel::Warn, &line);
                self.count(Counted::Shadowed, refused.reason.clone());
            }
        }
    }

    pub(super) fn count(&self, kind: Counted, name: impl Into<Cow<'static, str>>) {
        if let Some(gateway) = &self.gateway {
            gateway.counters.borrow_mut().count(kind, name.into());
        }
    }
}

fn place(place: Place, policy: &Policy) -> &str {
    match place {
        Place::Route => "route",
        Place::Version => "version",
        Place::Roles => "roles",
        Place::Step(id) | Place::Answer(id) => policy.step(id).map_or("", |step| &step.path),
    }
}

/// What `audit` steps say, as JSON; None where there is nothing to say.
fn audit(progress: &Progress, policy: &Policy) -> Option<String> {
    let mut fields: Map<String, Value> = Map::new();
    for (name, value) in progress.audit_fields(policy) {
        fields.insert(name.to_owned(), value.clone());
    }
    if fields.is_empty() {
        return None;
    }
    let record = Value::Object(fields).to_string();
    // Half a record would be none: that there was one is told.
    Some(if record.len() <= MAX_AUDIT_BYTES { record } else { r#"{"error":"too_large"}"#.to_owned() })
}
