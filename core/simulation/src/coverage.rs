//! Which parts of a policy its tests have seen, and which way of a step none has taken.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use spangate_document::Node;
use spangate_policy::{Operation, Policy, Step};

use crate::excerpt::Excerpt;
use crate::outcome::{Outcome, Passed};

/// What the traces of all calls have shown so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// By path of the step, and of an operation's `roles`.
    seen: BTreeMap<String, BTreeSet<Passed>>,
    operations: BTreeSet<String>,
}

/// A part of a policy that can be covered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Covered {
    pub path: String,
    pub line: Option<u32>,
    /// Of the step; `operation` and `roles` for those.
    pub kind: &'static str,
    pub name: Option<String>,
    /// What no test has seen of it; nothing when it is covered.
    pub missing: Vec<&'static str>,
}

/// One way that a call can go at a step: the word for its absence, and the verdicts that show it.
type Way = (&'static str, &'static [Passed]);

const PASSES: Way = ("never passed", &[Passed::Passed]);
const REFUSES: Way = ("never refused", &[Passed::Refused]);
const APPLIES: Way = ("never applied", &[Passed::Passed, Passed::Responded]);
const IS_SKIPPED: Way = ("never skipped", &[Passed::Skipped]);

impl Coverage {
    pub fn note(&mut self, outcome: &Outcome) {
        self.operations.extend(outcome.operation.clone());
        for passage in &outcome.trace {
            self.seen.entry(passage.path.clone()).or_default().insert(passage.verdict);
        }
    }

    /// Every part of the policy: its steps in the order of the document, then its operations and their roles.
    pub fn of(&self, policy: &Policy, document: &Node) -> Vec<Covered> {
        let steps = policy.steps().iter().map(|step| self.step(step, document));
        let operations = policy.operations().iter().flat_map(|operation| self.operation(operation, document));
        steps.chain(operations).collect()
    }

    fn step(&self, step: &Step, document: &Node) -> Covered {
        let Excerpt { line, when, .. } = Excerpt::of(document, step);
        let ways = ways(step.kind_name(), when.is_some());
        Covered {
            path: step.path.clone(),
            line,
            kind: step.kind_name(),
            name: step.name.clone(),
            missing: self.missing(&step.path, &ways),
        }
    }

    fn operation(&self, operation: &Operation, document: &Node) -> impl Iterator<Item = Covered> {
        let (api, name) = operation.name.split_once('.').unwrap_or(("", &operation.name));
        let path = format!("apis.{api}.operations.{name}");
        let roles = format!("{path}.roles");
        let missing = if self.operations.contains(&operation.name) { vec![] } else { vec!["never reached"] };
        let line = |path: &str| document.at(path)?.span.map(|span| span.line);
        let roles = (!operation.public).then(|| Covered {
            missing: self.missing(&roles, &[PASSES, REFUSES]),
            line: line(&roles),
            path: roles,
            kind: "roles",
            name: None,
        });
        [Covered { line: line(&path), path, kind: "operation", name: None, missing }].into_iter().chain(roles)
    }

    fn missing(&self, path: &str, ways: &[Way]) -> Vec<&'static str> {
        let seen = |verdicts: &[Passed]| {
            self.seen.get(path).is_some_and(|seen| verdicts.iter().any(|verdict| seen.contains(verdict)))
        };
        ways.iter().filter(|(_, verdicts)| !seen(verdicts)).map(|(missing, _)| *missing).collect()
    }
}

/// The ways that tests should take at a step of this kind.
fn ways(kind: &str, is_conditional: bool) -> Vec<Way> {
    match kind {
        // Its condition is its `when`: a call that it does not meet passes.
        "deny" => vec![("never passed", &[Passed::Passed, Passed::Skipped]), REFUSES],
        "group" => vec![("never taken", &[Passed::Taken]), ("never passed over", &[Passed::Otherwise])],
        "authenticate" | "require" | "rate_limit" | "quota" | "concurrency" | "validate" | "cors" => {
            vec![PASSES, REFUSES]
        }
        _ if is_conditional => vec![APPLIES, IS_SKIPPED],
        _ => vec![APPLIES],
    }
}

impl Covered {
    pub fn is_covered(&self) -> bool {
        self.missing.is_empty()
    }

    pub fn to_json(&self) -> Value {
        let Self { path, line, kind, name, missing } = self;
        json!({"path": path, "line": line, "kind": kind, "name": name, "covered": self.is_covered(), "missing": missing})
    }
}
