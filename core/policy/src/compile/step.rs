//! Steps, one by one, into the policy's list, and their order into code.

use std::sync::Arc;

use spangate_document::{Diagnostic, Diagnostics, QuotaPeriod};
use spangate_limits::{Limit, Period, QuotaLimit};

use super::{CompiledList, Compiler};
use crate::condition::{Condition, Scope, reads_like_an_expression};
use crate::document::{
    AnswerSource, CountAt, HeaderEdits, Mode, Named, QuotaSource, RateLimitSource, RefusalSource,
    StepKindSource, StepSource, Text, TierSource,
};
use crate::problem::Refusal;
use crate::reason::Reason;
use crate::step::{
    AnswerPlan, Authenticate, Cache, CodeBuilder, Concurrency, HeaderValue, Quota, RateLimit, Step, StepId,
    StepKind, Tier, is_value,
};

impl Compiler<'_> {
    pub(super) fn list(&mut self, sources: &[StepSource]) -> CompiledList {
        let mut code = CodeBuilder::default();
        self.append(sources, Mode::Enforce, &mut code);
        let mut cors = None;
        for source in sources {
            if let StepKindSource::Cors(_) = source.kind {
                if cors.is_some() {
                    let message = "there is one `cors` in a list of steps, this is the second";
                    self.fault(source, message);
                }
                cors = self.push(source, source.mode).or(cors);
            }
        }
        CompiledList { code: code.finish(), cors }
    }

    /// `around` is the mode of the groups around these steps.
    fn append(&mut self, sources: &[StepSource], around: Mode, code: &mut CodeBuilder) {
        for source in sources {
            let mode = source.mode.within(around);
            match &source.kind {
                StepKindSource::Cors(_) => {}
                StepKindSource::Group { steps, otherwise } => {
                    for step in steps.iter().chain(otherwise) {
                        if let StepKindSource::Cors(_) = step.kind {
                            let message = "`cors` is taken out of the order: it stands in no group";
                            self.fault(step, message);
                        }
                    }
                    // A group with a fault in its condition still has its steps looked at.
                    let group = self.push(source, mode).unwrap_or(StepId::new(self.steps.len()));
                    code.group(
                        self,
                        group,
                        |this, code| this.append(steps, mode, code),
                        |this, code| this.append(otherwise, mode, code),
                    );
                }
                _ => {
                    if let Some(step) = self.push(source, mode) {
                        code.step(step);
                    }
                }
            }
        }
    }

    fn push(&mut self, source: &StepSource, mode: Mode) -> Option<StepId> {
        let kind = self.kind(source);
        let scope = match &kind {
            Some(kind) if only_answers(kind) => Scope::Response,
            _ => Scope::Request,
        };
        let when = match &source.when {
            Some(when) => Some(self.truth(when, scope)?),
            None => None,
        };
        let kind = kind?;
        let reads_auth = source.when.as_ref().is_some_and(|when| when.text.contains("auth."))
            || when.as_ref().is_some_and(Condition::reads_identity);
        if reads_auth && matches!(kind, StepKind::Cors(_)) {
            self.fault(source, "`cors` is decided before anybody is authenticated: it cannot read `auth`");
        }
        let (path, name) = (source.path.to_string(), source.name.clone());
        let id = StepId::new(self.steps.len());
        self.steps.push(Step { path, name, mode, when, kind });
        Some(id)
    }

    fn fault(&mut self, source: &StepSource, message: &str) {
        self.diagnostics.push(Diagnostic::error("invalid_value", &source.path, message).at(source.span));
    }

    fn kind(&mut self, source: &StepSource) -> Option<StepKind> {
        Some(match &source.kind {
            StepKindSource::Authenticate(authenticate) => {
                let issuers = authenticate.issuers.iter();
                StepKind::Authenticate(Authenticate {
                    issuers: issuers
                        .filter_map(|issuer| self.issuers.find(issuer, self.diagnostics))
                        .collect(),
                    from: authenticate.from.clone(),
                    optional: authenticate.optional,
                    forward: authenticate.forward,
                    bound: authenticate.bound,
                    token_types: authenticate.token_types.clone(),
                })
            }
            StepKindSource::Require { condition, refusal } => StepKind::Require {
                condition: self.truth(condition, Scope::Request)?,
                refusal: refuse(Reason::RequirementNotMet, refusal),
            },
            StepKindSource::Deny(refusal) => StepKind::Deny(refuse(Reason::Denied, refusal)),
            StepKindSource::RateLimit(limit) => StepKind::RateLimit(self.rate_limit(source, limit)?),
            StepKindSource::Quota(quota) => StepKind::Quota(self.quota(source, quota)?),
            StepKindSource::Concurrency(concurrency) => StepKind::Concurrency(Concurrency {
                rule: format!("{} {}", source.path, concurrency.limit).into_bytes(),
                limit: concurrency.limit,
                key: self.expression(&concurrency.key, Scope::Request)?,
            }),
            StepKindSource::Validate(validation) => StepKind::Validate(validation.clone()),
            StepKindSource::Cors(cors) => StepKind::Cors(cors.clone()),
            StepKindSource::SetHeader(edits) => StepKind::SetHeader(HeaderEdits {
                request: self.header_values(&edits.request, &Scope::Request),
                response: self.header_values(&edits.response, &Scope::Response),
            }),
            StepKindSource::RemoveHeader(edits) => StepKind::RemoveHeader(edits.clone()),
            StepKindSource::Cache(cache) => StepKind::Cache(Cache {
                ttl: cache.ttl,
                shared: cache.shared,
                vary: self.expressions(&cache.vary),
            }),
            StepKindSource::Respond(answer) => StepKind::Respond(self.answer(answer)?),
            StepKindSource::Group { .. } => StepKind::Group,
            StepKindSource::Audit(fields) => StepKind::Audit(self.audit_fields(fields)),
        })
    }

    fn expressions(&mut self, texts: &[Text]) -> Vec<Condition> {
        texts.iter().filter_map(|text| self.expression(text, Scope::Request)).collect()
    }

    fn audit_fields(&mut self, fields: &[Named<Text>]) -> Vec<(String, Condition)> {
        let mut compiled = Vec::new();
        for field in fields {
            let condition = self.expression(&field.value, Scope::Request);
            compiled.extend(condition.map(|condition| (field.name.clone(), condition)));
        }
        compiled
    }

    fn rate_limit(&mut self, step: &StepSource, source: &RateLimitSource) -> Option<RateLimit> {
        let key = self.expression(&source.key, Scope::Request);
        let scope = match source.count {
            CountAt::Request => Scope::Request,
            CountAt::Response => Scope::Response,
        };
        let cost = self.optional(source.cost.as_ref(), scope)?;
        let mut tiers = Vec::new();
        for tier in &source.tiers {
            tiers.extend(self.tier(step, tier));
        }
        Some(RateLimit {
            label: label(step),
            scope: source.scope,
            tell: source.headers,
            count: source.count,
            unavailable: source.unavailable,
            key: key?,
            cost,
            tiers,
        })
    }

    fn tier(&mut self, step: &StepSource, source: &TierSource) -> Option<Tier> {
        let when = match &source.when {
            Some(when) => Some(self.truth(when, Scope::Request)?),
            None => None,
        };
        let limit = Limit::new(source.rate.count, nanoseconds(source.rate.per), Some(source.burst));
        let limit = ok(limit, step, self.diagnostics)?;
        let rule = format!("{} {}/{} {}", source.path, limit.count(), limit.period(), limit.burst());
        Some(Tier { rule: rule.into_bytes(), limit, when })
    }

    fn quota(&mut self, step: &StepSource, source: &QuotaSource) -> Option<Quota> {
        let key = self.expression(&source.key, Scope::Request);
        let cost = self.optional(source.cost.as_ref(), Scope::Request)?;
        let period = match source.limit.per {
            QuotaPeriod::Length(length) => Period::Length(nanoseconds(length)),
            QuotaPeriod::Months(months) => Period::Months(months),
        };
        let limit = ok(QuotaLimit::new(source.limit.count, period), step, self.diagnostics)?;
        Some(Quota {
            label: label(step),
            rule: format!("{} {limit:?}", step.path).into_bytes(),
            limit,
            scope: source.scope,
            unavailable: source.unavailable,
            key: key?,
            cost,
        })
    }

    /// The outer None is a fault.
    #[expect(clippy::option_option, reason = "what is absent is not what is faulty")]
    fn optional(&mut self, text: Option<&Text>, scope: Scope) -> Option<Option<Condition>> {
        match text {
            Some(text) => self.expression(text, scope).map(Some),
            None => Some(None),
        }
    }

    pub(super) fn answer(&mut self, source: &AnswerSource) -> Option<AnswerPlan> {
        let mut headers = self.header_values(&source.headers, &Scope::Request);
        if headers.len() < source.headers.len() {
            return None;
        }
        if let Some(media_type) = source.media_type
            && headers.iter().all(|(name, _)| name != "content-type")
        {
            headers.push(("content-type".to_owned(), HeaderValue::Text(media_type.to_owned())));
        }
        Some(AnswerPlan { status: source.status, headers, body: Arc::from(source.body.as_str()) })
    }

    fn header_values(&mut self, sources: &[(String, Text)], scope: &Scope) -> Vec<(String, HeaderValue)> {
        let mut values = Vec::new();
        for (name, text) in sources {
            let value = if reads_like_an_expression(&text.text) {
                self.expression(text, scope.clone()).map(Box::new).map(HeaderValue::Expression)
            } else if is_value(&text.text) {
                Some(HeaderValue::Text(text.text.clone()))
            } else {
                let message = "a header has no control characters";
                self.diagnostics.push(Diagnostic::error("invalid_value", &text.path, message).at(text.span));
                None
            };
            values.extend(value.map(|value| (name.clone(), value)));
        }
        values
    }
}

/// Whether a step has nothing to do before there is an answer, so that its `when` may read it.
fn only_answers(kind: &StepKind) -> bool {
    let sides = kind.sides();
    sides.response && !sides.request
}

/// What a client is told that a limit is called.
fn label(step: &StepSource) -> String {
    step.name.clone().unwrap_or_else(|| "default".to_owned())
}

fn nanoseconds(duration: spangate_document::Duration) -> u64 {
    duration.milliseconds.saturating_mul(1_000_000)
}

fn ok<T>(made: Result<T, impl ToString>, step: &StepSource, diagnostics: &mut Diagnostics) -> Option<T> {
    made.map_err(|fault| {
        diagnostics.push(Diagnostic::error("invalid_value", &step.path, fault.to_string()).at(step.span));
    })
    .ok()
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
