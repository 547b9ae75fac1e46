//! Steps, one by one.

use spangate_document::Diagnostic;
use spangate_limits::Limit;

use super::Compiler;
use crate::condition::Scope;
use crate::document::{RateLimitSource, RefusalSource, StepKindSource, StepSource};
use crate::policy::{RateLimit, Step, StepKind};
use crate::problem::Refusal;
use crate::reason::Reason;

pub(super) fn authenticates(step: &StepSource) -> bool {
    matches!(step.kind, StepKindSource::Authenticate(_))
}

impl Compiler<'_> {
    pub(super) fn step(&mut self, source: &StepSource) -> Option<Step> {
        let when = match &source.when {
            Some(when) => Some(self.truth(when, Scope::Request)?),
            None => None,
        };
        let kind = match &source.kind {
            StepKindSource::Authenticate(authenticate) => StepKind::Authenticate {
                issuers: authenticate
                    .issuers
                    .iter()
                    .filter_map(|issuer| self.issuers.find(issuer, self.diagnostics))
                    .collect(),
                optional: authenticate.optional,
            },
            StepKindSource::Require { condition, refusal } => StepKind::Require {
                condition: self.truth(condition, Scope::Request)?,
                refusal: refuse(Reason::RequirementNotMet, refusal),
            },
            StepKindSource::Deny(refusal) => StepKind::Deny(refuse(Reason::Denied, refusal)),
            StepKindSource::RateLimit(limit) => StepKind::RateLimit(self.rate_limit(source, limit)?),
        };
        Some(Step { path: source.path.to_string(), name: source.name.clone(), mode: source.mode, when, kind })
    }

    fn rate_limit(&mut self, step: &StepSource, source: &RateLimitSource) -> Option<RateLimit> {
        let key = self.expression(&source.key, Scope::Request)?;
        let period = source.rate.per.milliseconds.saturating_mul(1_000_000);
        let limit = match Limit::new(source.rate.count, period, Some(source.burst)) {
            Ok(limit) => limit,
            Err(fault) => {
                self.diagnostics
                    .push(Diagnostic::error("invalid_value", &step.path, fault.to_string()).at(step.span));
                return None;
            }
        };
        let rule = format!("{} {}/{} {}", step.path, limit.count(), limit.period(), limit.burst());
        Some(RateLimit {
            label: step.name.clone().unwrap_or_else(|| "default".to_owned()),
            rule: rule.into_bytes(),
            limit,
            tell: source.headers,
            key,
        })
    }
}

/// The author's words where there are any, else those of the kind of step.
fn refuse(reason: Reason, source: &RefusalSource) -> Refusal {
    let mut refusal = Refusal::from(reason);
    if let Some(status) = source.status {
        refusal.status = status;
    }
    if let Some(reason) = &source.reason {
        refusal.reason = reason.clone().into();
    }
    if let Some(detail) = &source.detail {
        refusal.detail = detail.clone().into();
    }
    refusal
}
