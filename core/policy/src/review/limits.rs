//! Limits that limit less than they seem to.

use spangate_document::Diagnostics;

use super::{Review, warning};
use crate::document::StepKindSource;

pub(super) fn review(review: &Review<'_>, diagnostics: &mut Diagnostics) {
    for wide in review.policy.wide_limits() {
        let Some(source) = review.source(wide.path) else { continue };
        let message = format!("{wide}: it refuses this policy");
        diagnostics.push(warning("no_leases", &source.path, source.span, message));
    }
    for source in review.steps.values() {
        let StepKindSource::RateLimit(limit) = &source.kind else { continue };
        let last = limit.tiers.iter().position(|tier| tier.when.is_none());
        match last.map(|last| limit.tiers.get(last.saturating_add(1))) {
            None => {
                let message = "a caller whom none of these rates fits is not limited";
                diagnostics.push(
                    warning("unlimited", &source.path, source.span, message)
                        .help("end the table with a rate that has no `when`"),
                );
            }
            Some(Some(after)) => {
                let message = "the rate before it has no `when`: this one never applies";
                diagnostics.push(warning("unreachable", &after.path, source.span, message));
            }
            Some(None) => {}
        }
    }
}
