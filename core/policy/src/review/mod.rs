//! Findings about a policy that has no faults: what is not used, what can never happen, what a caller without a token
//! stumbles over. For authors: a gateway takes such a policy as it is.

mod conditions;
mod identity;
mod limits;
mod reach;
mod unused;

use std::collections::HashMap;

use spangate_document::{Diagnostic, Diagnostics, Node, Path, Span};

use crate::compile::{Compiled, compile};
use crate::condition::Conditions;
use crate::document::{self, Document, StepKindSource, StepSource};
use crate::policy::Policy;
use crate::step::Step;

/// Reads a policy and tells everything: every fault, and what looks like a slip. There is a policy if there are
/// no faults.
pub fn check(node: &Node) -> (Option<Policy>, Diagnostics) {
    let mut diagnostics = Diagnostics::default();
    let Some(document) = document::read(node, &mut diagnostics) else { return (None, diagnostics.sorted()) };
    let Compiled { policy, conditions } = compile(&document, node, &mut diagnostics);
    unused::review(&document, &mut diagnostics);
    if diagnostics.has_errors() {
        return (None, diagnostics.sorted());
    }
    let review = Review {
        document: &document,
        policy: &policy,
        conditions: &conditions,
        steps: sources(&document),
        compiled: policy.steps.iter().map(|step| (step.path.as_str(), step)).collect(),
    };
    for rule in [conditions::review, identity::review, limits::review, reach::review] {
        rule(&review, &mut diagnostics);
    }
    (Some(policy), diagnostics.sorted())
}

/// A policy without faults, and its document beside it.
struct Review<'r> {
    document: &'r Document,
    policy: &'r Policy,
    conditions: &'r Conditions,
    /// By their paths, as written and as compiled.
    steps: HashMap<&'r str, &'r StepSource>,
    compiled: HashMap<&'r str, &'r Step>,
}

impl<'r> Review<'r> {
    /// The step as its author wrote it.
    fn source(&self, path: &str) -> Option<&'r StepSource> {
        self.steps.get(path).copied()
    }

    fn span(&self, path: &str) -> Option<Span> {
        self.source(path).and_then(|source| source.span)
    }
}

fn warning(code: &'static str, path: &Path, span: Option<Span>, message: impl Into<String>) -> Diagnostic {
    Diagnostic::warning(code, path, message).at(span)
}

/// Every list of steps.
fn lists(document: &Document) -> impl Iterator<Item = &[StepSource]> {
    let apis = document.apis.iter().flat_map(|api| {
        let operations = api.value.operations.iter().map(|operation| &operation.value.steps[..]);
        std::iter::once(&api.value.steps[..]).chain(operations)
    });
    std::iter::once(&document.steps[..]).chain(apis)
}

fn sources(document: &Document) -> HashMap<&str, &StepSource> {
    let mut found = HashMap::new();
    let mut open: Vec<&StepSource> = lists(document).flatten().collect();
    while let Some(step) = open.pop() {
        found.insert(step.path.as_str(), step);
        if let StepKindSource::Group { steps, otherwise } = &step.kind {
            open.extend(steps.iter().chain(otherwise));
        }
    }
    found
}

#[cfg(test)]
mod tests;
