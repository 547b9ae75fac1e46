//! Conditions that no call makes true, or false: they decide nothing.

use spangate_document::{Diagnostics, Severity};

use super::{Review, warning};
use crate::compile::condition_fault;
use crate::condition::Condition;
use crate::document::Text;
use crate::step::StepKind;

pub(super) fn review(review: &Review<'_>, diagnostics: &mut Diagnostics) {
    named(review, diagnostics);
    for (role, source) in review.policy.roles.iter().zip(&review.document.roles) {
        settled(
            &role.condition,
            &source.value,
            "nobody has this role",
            "everybody has this role",
            diagnostics,
        );
    }
    for step in &review.policy.steps {
        let Some(source) = review.source(&step.path) else { continue };
        if let (Some(when), Some(text)) = (&step.when, &source.when) {
            let always = match step.kind {
                StepKind::Deny(_) => "every call is denied",
                _ => "leave it out",
            };
            settled(when, text, "the step is never taken", always, diagnostics);
        }
        if let (
            StepKind::Require { condition, .. },
            crate::document::StepKindSource::Require { condition: text, .. },
        ) = (&step.kind, &source.kind)
        {
            settled(condition, text, "every call is refused", "it requires nothing", diagnostics);
        }
    }
}

fn settled(condition: &Condition, text: &Text, never: &str, always: &str, diagnostics: &mut Diagnostics) {
    if condition.never_true() {
        let message = format!("this condition can never be true: {never}");
        diagnostics.push(warning("never_true", &text.path, text.span, message));
    } else if condition.always_true() {
        let message = format!("this condition is always true: {always}");
        diagnostics.push(warning("always_true", &text.path, text.span, message));
    }
}

/// `conditions`, whose warnings are told once and not at each use.
fn named(review: &Review<'_>, diagnostics: &mut Diagnostics) {
    let source = |name: &str| review.document.conditions.iter().find(|named| named.name == name);
    for (name, fault) in review.conditions.warnings() {
        if let Some(named) = source(name) {
            diagnostics.push(condition_fault(&named.value, fault, Severity::Warning));
        }
    }
    for (name, always) in review.conditions.settled() {
        if let Some(named) = source(name) {
            let (code, what) =
                if always { ("always_true", "is always true") } else { ("never_true", "can never be true") };
            let message = format!("this condition {what}");
            diagnostics.push(warning(code, &named.value.path, named.value.span, message));
        }
    }
    let policy = review.policy;
    let roles = policy.roles.iter().map(|role| &role.condition);
    let steps = policy.steps.iter().flat_map(crate::step::Step::conditions);
    let answers = policy.operations.iter().flat_map(|operation| match &operation.target {
        crate::policy::Target::Respond(plan) => plan.expressions().collect(),
        _ => Vec::new(),
    });
    let used: Vec<&str> =
        roles.chain(steps).chain(answers).flat_map(Condition::uses).map(String::as_str).collect();
    for name in review.conditions.unused(used) {
        if let Some(named) = source(name) {
            let message = format!("the condition `{name}` is not used");
            diagnostics.push(warning("unused", &named.path, named.span, message));
        }
    }
}
