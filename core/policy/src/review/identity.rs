//! What a public operation reads of a caller who may be nobody.

use std::collections::BTreeMap;

use spangate_document::Diagnostics;

use super::{Review, warning};
use crate::condition::Condition;
use crate::document::CredentialPlace;
use crate::step::{Step, StepId, StepKind};

pub(super) fn review(review: &Review<'_>, diagnostics: &mut Diagnostics) {
    // Each step once, with the public operations that come through it.
    let mut found: BTreeMap<StepId, Vec<&str>> = BTreeMap::new();
    for operation in review.policy.operations.iter().filter(|operation| operation.public) {
        let mut guarded_from = None;
        for placed in review.policy.effective(operation) {
            if guarded_from.is_some_and(|depth| placed.depth <= depth) {
                guarded_from = None;
            }
            let Some(step) = review.policy.step(placed.step) else { continue };
            if guarded_from.is_none() && asks_whether(review, step) {
                guarded_from = matches!(step.kind, StepKind::Group).then_some(placed.depth);
                continue;
            }
            if guarded_from.is_none() && step.conditions().into_iter().any(Condition::reads_identity) {
                found.entry(placed.step).or_default().push(&operation.name);
            }
        }
    }
    for (id, operations) in found {
        let Some(source) = review.policy.step(id).and_then(|step| review.source(&step.path)) else {
            continue;
        };
        let first = operations.first().copied().unwrap_or_default();
        let others = match operations.len().saturating_sub(1) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let message =
            format!("it reads `auth`, and the public operation `{first}`{others} may come without a token");
        diagnostics.push(
            warning("unauthenticated_read", &source.path, source.span, message)
                .help("add `when: auth.authenticated`, or ask with `has(…)`"),
        );
    }
    for step in &review.policy.steps {
        if let StepKind::Authenticate(authenticate) = &step.kind
            && let CredentialPlace::Query(name) = &authenticate.from
            && let Some(source) = review.source(&step.path)
        {
            let message = format!(
                "a token in the query (`{name}`) stands in logs and histories (RFC 6750, section 2.3)"
            );
            diagnostics.push(
                warning("token_in_query", &source.path, source.span, message)
                    .help("take it from a header wherever the client can send one"),
            );
        }
    }
}

/// Whether its `when` is about there being a caller at all.
fn asks_whether(review: &Review<'_>, step: &Step) -> bool {
    let when = review.source(&step.path).and_then(|source| source.when.as_ref());
    when.is_some_and(|when| {
        when.text.contains("auth.authenticated") && !when.text.contains("!auth.authenticated")
    }) && step.when.as_ref().is_some_and(|when| !when.reads_identity())
}
