//! What callers of an operation can know beforehand: what it takes, who must say who they are and how, and with what
//! it may refuse. For documents that others read; a decision goes its own way.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::document::{CredentialPlace, Mode};
use crate::policy::{Operation, Policy, Target, Version};
use crate::reason::Reason;
use crate::step::{AnswerPlan, Cache, Step, StepKind};
use crate::token::Issuer;
use crate::validate::{BodyRule, ParameterRule};

#[derive(Debug, Default)]
pub struct Contract<'p> {
    /// Rules that hold for every call: those of steps that are enforced and have no condition.
    pub parameters: Vec<&'p ParameterRule>,
    pub bodies: Vec<&'p BodyRule>,
    pub credentials: Vec<Credential<'p>>,
    /// Every refusal that the gateway itself may give, routing included.
    pub refusals: BTreeSet<Refused>,
    /// Answers of the policy's own, the operation's target apart.
    pub answers: Vec<&'p AnswerPlan>,
    pub caches: Vec<&'p Cache>,
    /// Whether allowed calls may be told how a limit stands.
    pub limits_told: bool,
}

/// A token that some step asks for.
#[derive(Debug)]
pub struct Credential<'p> {
    /// Of which any will do.
    pub issuers: Vec<&'p Issuer>,
    pub from: &'p CredentialPlace,
    /// A call without one goes on.
    pub optional: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refused {
    pub status: u16,
    pub reason: Cow<'static, str>,
}

impl From<Reason> for Refused {
    fn from(reason: Reason) -> Self {
        Self { status: reason.status(), reason: reason.as_str().into() }
    }
}

impl Policy {
    /// Of the operation in these versions of its API, if it has any.
    pub fn contract<'p>(&'p self, operation: &'p Operation, versions: &[&Version]) -> Contract<'p> {
        let mut contract = Contract::default();
        contract.may_refuse([
            Reason::PolicyUnavailable,
            // Paths that could be read in two ways, and parameters that no segment may be.
            Reason::ParameterInvalid,
            Reason::RouteNotFound,
        ]);
        if !versions.is_empty() {
            contract.may_refuse([Reason::VersionUnknown]);
        }
        if versions.iter().any(|version| version.retired.is_some()) {
            contract.may_refuse([Reason::VersionSunset]);
        }
        if !operation.roles.is_empty() && self.mode == Mode::Enforce {
            contract.may_refuse([Reason::RoleMissing, Reason::ConditionError]);
        }
        if !matches!(operation.target, Target::Respond(_)) {
            contract.may_refuse([Reason::UpstreamUnavailable, Reason::UpstreamTimeout]);
        }
        for effective in self.effective(operation) {
            if let Some(step) = self.step(effective.step) {
                contract.add(self, operation, step, effective.depth == 0);
            }
        }
        contract
    }
}

impl<'p> Contract<'p> {
    fn may_refuse(&mut self, reasons: impl IntoIterator<Item = Reason>) {
        self.refusals.extend(reasons.into_iter().map(Refused::from));
    }

    fn add(&mut self, policy: &'p Policy, operation: &Operation, step: &'p Step, outermost: bool) {
        let mode = step.mode.within(policy.mode);
        if mode == Mode::Shadow && !matches!(step.kind, StepKind::Authenticate(_)) {
            return;
        }
        let always = outermost && step.when.is_none();
        if !step.conditions().is_empty() {
            self.may_refuse([Reason::ConditionError]);
        }
        match &step.kind {
            StepKind::Authenticate(authenticate) => {
                let issuers = authenticate.issuers.iter().filter_map(|index| policy.issuers.get(*index));
                self.credentials.push(Credential {
                    issuers: issuers.collect(),
                    from: &authenticate.from,
                    optional: authenticate.optional || operation.public || !always,
                });
                let of_tokens = |reason: &&Reason| {
                    reason.as_str().starts_with("token_") || **reason == Reason::KeysUnavailable
                };
                self.may_refuse(Reason::ALL.iter().filter(of_tokens).copied());
            }
            StepKind::Require { refusal, .. } | StepKind::Deny(refusal) => {
                let refused = Refused { status: refusal.status, reason: refusal.reason.clone() };
                self.refusals.insert(refused);
            }
            StepKind::RateLimit(limit) => {
                self.may_refuse([Reason::RateLimited, Reason::PermitsUnavailable]);
                self.limits_told |= limit.tell;
            }
            StepKind::Quota(_) => self.may_refuse([Reason::QuotaExhausted, Reason::PermitsUnavailable]),
            StepKind::Concurrency(_) => {
                self.may_refuse([Reason::ConcurrencyExceeded, Reason::PermitsUnavailable]);
            }
            StepKind::Validate(validation) => {
                self.may_refuse([Reason::ParameterInvalid]);
                if let Some(body) = &validation.body {
                    self.may_refuse([Reason::BodyTooLarge, Reason::MediaTypeUnsupported]);
                    self.bodies.extend(always.then_some(body));
                }
                if always {
                    self.parameters.extend(&validation.parameters);
                }
            }
            StepKind::Cors(_) => self.may_refuse([Reason::OriginDenied]),
            StepKind::Cache(cache) => self.caches.push(cache),
            StepKind::Respond(plan) => self.answers.push(plan),
            StepKind::SetHeader(_) | StepKind::RemoveHeader(_) | StepKind::Group | StepKind::Audit(_) => {}
        }
    }
}
