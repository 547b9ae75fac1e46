//! `require` and `deny`: a condition, and what the author says of a refusal.

use spangate_document::{Diagnostics, Fields};

use super::super::is_reason;
use super::{Body, StepKindSource, text, text_field};

/// What the author says of a refusal; the step's kind fills in the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefusalSource {
    pub status: Option<u16>,
    pub reason: Option<String>,
    pub detail: Option<String>,
}

pub(super) fn require(body: Body<'_, '_>, diagnostics: &mut Diagnostics) -> Option<StepKindSource> {
    let Body { node, path, inner, outer } = body;
    let (condition, refusal) = match inner {
        Some(mut inner) => {
            inner.demand("condition", diagnostics);
            let condition = text_field(&mut inner, "condition", diagnostics);
            let refusal = refusal(&mut inner, diagnostics);
            inner.finish(diagnostics);
            (condition, refusal)
        }
        // `require: CEL`, with `reason`, `status` and `detail` beside it.
        None => (text(node, path, diagnostics), refusal(outer, diagnostics)),
    };
    Some(StepKindSource::Require { condition: condition?, refusal })
}

pub(super) fn deny(body: Body<'_, '_>, diagnostics: &mut Diagnostics) -> Option<StepKindSource> {
    let mut fields = body.demand_map(diagnostics)?;
    let refusal = refusal(&mut fields, diagnostics);
    fields.finish(diagnostics);
    Some(StepKindSource::Deny(refusal))
}

fn refusal(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> RefusalSource {
    let status =
        fields.integer_in("status", 400..=599, diagnostics).and_then(|status| u16::try_from(status).ok());
    let reason = fields.string("reason", diagnostics).filter(|reason| {
        let fits = is_reason(reason);
        if !fits {
            let message = format!("`{reason}` is no reason: write it in snake_case");
            diagnostics.push(fields.fault("reason", message));
        }
        fits
    });
    let reason = reason.map(str::to_owned);
    let detail = fields.string("detail", diagnostics).map(str::to_owned);
    RefusalSource { status, reason, detail }
}
