//! What an operation answers: when all went well, and each refusal that something on its way may give, with its reasons.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use spangate_operations::{self as operations, Body};
use spangate_policy::Target;

use crate::operation::Described;
use crate::reasons;

const PROBLEM: &str = "application/problem+json";

/// Of an answer that may be kept.
const KEPT: [&str; 4] = ["ETag", "Age", "Cache-Control", "Vary"];

pub fn of(described: &Described<'_>) -> Value {
    let mut answers: BTreeMap<String, Value> = BTreeMap::new();
    for (status, reasons) in refusals(described) {
        answers.insert(status.to_string(), refusal(status, &reasons));
    }
    // An answer that a policy gives itself may have the status of a refusal, and then is not always a problem.
    let own = described.contract.answers.iter().copied().chain(match &described.operation.target {
        Target::Respond(plan) => Some(plan),
        Target::Call(_) | Target::Forward(_) => None,
    });
    for plan in own {
        answers.insert(plan.status.to_string(), json!({"description": "The gateway's own answer"}));
    }
    match (&described.operation.target, described.called) {
        (Target::Call(_), Some(called)) => {
            answers.insert(called.answer.status.to_string(), answer(described, called));
            if !described.contract.caches.is_empty() {
                let mut names = vec!["Read-Timestamp"];
                names.extend(KEPT);
                names.extend(of_policy(described));
                let known = json!({"description": "The caller has it already", "headers": headers(&names)});
                answers.insert("304".to_owned(), known);
            }
        }
        (Target::Forward(_), _) => {
            answers.insert("default".to_owned(), json!({"description": "The upstream's answer"}));
        }
        (Target::Call(_) | Target::Respond(_), _) => {}
    }
    answers.into_iter().collect::<Map<_, _>>().into()
}

fn answer(described: &Described<'_>, called: &operations::Operation) -> Value {
    let mut names = vec!["Read-Timestamp"];
    if called.is_write() && !described.operation.public {
        names.push("Idempotency-Replayed");
    }
    if called.answer.location.is_some() {
        names.push("Location");
    }
    if !described.contract.caches.is_empty() {
        names.extend(KEPT);
    }
    names.extend(of_policy(described));
    let mut answer = json!({"description": "Done", "headers": headers(&names)});
    let rows = || {
        let mut page = json!({
            "type": "object",
            "properties": {"rows": {"type": "array", "items": {"$ref": "#/components/schemas/Row"}}},
            "required": ["rows"],
        });
        if called.pages.is_some()
            && let Some(properties) = page.get_mut("properties").and_then(Value::as_object_mut)
        {
            properties.insert("next_page".to_owned(), json!({"type": ["string", "null"]}));
        }
        json!({"application/json": {"schema": page}, "application/x-ndjson": {"schema": {}}})
    };
    let content = match called.answer.body {
        Body::Rows => Some(rows()),
        Body::One => Some(json!({"application/json": {"schema": {"$ref": "#/components/schemas/Row"}}})),
        Body::None => None,
    };
    if let (Some(content), Some(members)) = (content, answer.as_object_mut()) {
        members.insert("content".to_owned(), content);
    }
    answer
}

/// What the policy tells with its answers.
fn of_policy(described: &Described<'_>) -> Vec<&'static str> {
    let mut names = Vec::new();
    if described.contract.limits_told {
        names.extend(["RateLimit", "RateLimit-Policy"]);
    }
    for version in &described.place.versions {
        names.extend(version.headers.iter().filter_map(|(name, _)| match *name {
            "deprecation" => Some("Deprecation"),
            "sunset" => Some("Sunset"),
            "link" => Some("Link"),
            _ => None,
        }));
    }
    names
}

fn refusals(described: &Described<'_>) -> BTreeMap<u16, BTreeSet<String>> {
    let mut by_status: BTreeMap<u16, BTreeSet<String>> = BTreeMap::new();
    let of_gateway = described.contract.refusals.iter();
    let of_gateway = of_gateway.map(|refused| (refused.reason.clone().into_owned(), refused.status));
    let of_envoy = reasons::OF_ENVOY.into_iter().map(|(reason, status)| (reason.to_owned(), status));
    let of_sidecar = described.called.map(reasons::of).unwrap_or_default();
    for (reason, status) in of_gateway.chain(of_envoy).chain(of_sidecar) {
        by_status.entry(status).or_default().insert(reason);
    }
    by_status
}

fn refusal(status: u16, reasons: &BTreeSet<String>) -> Value {
    let names: &[&str] = match status {
        401 => &["WWW-Authenticate"],
        // Of no other reason of this status: it would be refused again.
        409 if reasons.contains("conflict") => &["Retry-After"],
        429 => &["Retry-After", "RateLimit", "RateLimit-Policy"],
        503 => &["Retry-After"],
        _ => &[],
    };
    let schema = json!({
        "allOf": [
            {"$ref": "#/components/schemas/Problem"},
            {"properties": {"reason": {"enum": reasons}}},
        ],
    });
    let mut refusal = json!({
        "description": "Refused; the `reason` tells why",
        "content": {PROBLEM: {"schema": schema}},
    });
    if let (false, Some(members)) = (names.is_empty(), refusal.as_object_mut()) {
        members.insert("headers".to_owned(), headers(names));
    }
    refusal
}

fn headers(names: &[&str]) -> Value {
    let reference =
        |name: &&str| ((*name).to_owned(), json!({"$ref": format!("#/components/headers/{name}")}));
    names.iter().map(reference).collect::<Map<_, _>>().into()
}
