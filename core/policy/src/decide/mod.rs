//! From a call to a decision. A state machine that a host drives: it goes on from where it stood when the host
//! has fetched what was missing, so that no step is taken twice.

mod authenticate;
mod route;
mod scene;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

use spangate_limits::{Outcome, rate_limit as rate_limit_field, rate_limit_policy, retry_after};

use crate::condition::{Condition, EvaluationError};
use crate::document::Mode;
use crate::facts::{Call, Facts};
use crate::policy::{Operation, Policy, RateLimit, Step, StepKind};
use crate::problem::Refusal;
use crate::reason::Reason;
use crate::route::{Parameters, decode_segment};
use crate::token::{KeySet, SignatureCheck, Verified};

use scene::Scene;

/// What decisions need of their host beside the call itself.
pub trait Host: SignatureCheck {
    /// The caller of a token that was verified before, under this policy and with keys that still stand.
    fn known_caller(&mut self, token: &str) -> Option<Rc<Caller>>;
    fn remember_caller(&mut self, token: &str, caller: &Rc<Caller>);
    /// The keys of the issuer with this index.
    fn keys(&self, issuer: usize) -> Option<Arc<KeySet>>;
    /// Draws one permit for the account that `key` names; the key of two accounts is never the same.
    fn draw(&mut self, limit: &RateLimit, key: &[u8]) -> Outcome;
}

/// A verified token and the roles that its claims give.
#[derive(Debug)]
pub struct Caller {
    token: Verified,
    /// For each role of the policy.
    roles: Vec<Result<bool, EvaluationError>>,
    rendering: OnceCell<Vec<u8>>,
}

impl Caller {
    pub fn token(&self) -> &Verified {
        &self.token
    }

    /// What a host tells its upstream of this caller: made once for all calls with this token.
    pub fn rendered(&self, render: impl FnOnce(&Verified) -> Vec<u8>) -> &[u8] {
        self.rendering.get_or_init(|| render(&self.token))
    }
}

/// How far the decision on one call has come. It holds no borrow, so that a call can wait.
#[derive(Debug)]
pub struct Progress {
    operation: usize,
    version: Option<usize>,
    parameters: Parameters,
    stage: Stage,
    index: usize,
    caller: Option<Rc<Caller>>,
    awaited_keys: bool,
    /// What steps in shadow mode would have done, in order.
    pub shadowed: Vec<Shadowed>,
    /// For the answer of an allowed call.
    pub headers: Vec<(&'static str, String)>,
}

/// The order in which steps apply (POLICY.md, "Order").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Document,
    Api,
    Roles,
    Operation,
    Done,
}

/// A verdict that was not enforced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shadowed {
    /// The step's place in the document.
    pub path: String,
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    Allow,
    Refuse(Refusal),
    /// Nothing can be decided before the host has tried to get these; then ask again.
    Need(Need),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// The issuer's keys: none are there, or none fits the token.
    Keys { issuer: usize },
}

/// What one step says.
enum Verdict {
    Pass,
    Refuse(Refusal),
    Need(Need),
}

impl From<Reason> for Verdict {
    fn from(reason: Reason) -> Self {
        Self::Refuse(reason.into())
    }
}

impl Progress {
    pub fn caller(&self) -> Option<&Caller> {
        self.caller.as_deref()
    }

    pub fn operation<'p>(&self, policy: &'p Policy) -> Option<&'p Operation> {
        policy.operations.get(self.operation)
    }

    /// Parameters of the path, decoded once. Routing has accepted the path, so every segment decodes.
    pub fn path_parameters<'p>(
        &'p self,
        policy: &'p Policy,
        path: &'p str,
    ) -> impl Iterator<Item = (&'p str, Cow<'p, str>)> {
        let names = self.operation(policy).into_iter().flat_map(|operation| operation.template.parameters());
        names.enumerate().filter_map(|(number, name)| {
            Some((name, decode_segment(self.parameters.raw(path, number)?).ok()?))
        })
    }
}

impl Policy {
    /// Takes every step that is left. Asked again after [`Decision::Need`], it goes on at the same step.
    pub fn decide(&self, progress: &mut Progress, call: &impl Call, host: &mut impl Host) -> Decision {
        loop {
            let steps = match progress.stage {
                Stage::Document => Some(&self.steps),
                Stage::Api => progress
                    .operation(self)
                    .and_then(|operation| self.apis.get(operation.api))
                    .map(|api| &api.steps),
                Stage::Roles => {
                    if let Verdict::Refuse(refusal) = self.roles_held(progress) {
                        match self.enforce(Mode::Enforce, "roles", refusal, progress) {
                            Verdict::Refuse(refusal) => return Decision::Refuse(refusal),
                            Verdict::Pass | Verdict::Need(_) => {}
                        }
                    }
                    progress.stage = Stage::Operation;
                    continue;
                }
                Stage::Operation => progress.operation(self).map(|operation| &operation.steps),
                Stage::Done => return Decision::Allow,
            };
            // An operation that is not there cannot be: its index comes from this policy. Still, it is refused.
            let Some(steps) = steps else { return Decision::Refuse(Reason::PolicyUnavailable.into()) };
            let Some(step) = steps.get(progress.index) else {
                progress.index = 0;
                progress.stage = match progress.stage {
                    Stage::Document => Stage::Api,
                    Stage::Api => Stage::Roles,
                    Stage::Roles | Stage::Operation | Stage::Done => Stage::Done,
                };
                continue;
            };
            match self.step(step, progress, call, host) {
                Verdict::Pass => progress.index = progress.index.saturating_add(1),
                Verdict::Refuse(refusal) => return Decision::Refuse(refusal),
                Verdict::Need(need) => return Decision::Need(need),
            }
        }
    }

    fn step(&self, step: &Step, progress: &mut Progress, call: &impl Call, host: &mut impl Host) -> Verdict {
        let verdict = match step.when.as_ref().map_or(Ok(true), |when| self.holds(when, progress, call)) {
            Ok(false) => return Verdict::Pass,
            Err(error) => refuse_error(&error),
            Ok(true) => match &step.kind {
                StepKind::Authenticate { issuers, optional } => {
                    return self.authenticate(issuers, *optional, progress, call, host);
                }
                StepKind::Require { condition, refusal } => match self.holds(condition, progress, call) {
                    Ok(true) => Verdict::Pass,
                    Ok(false) => Verdict::Refuse(refusal.clone()),
                    Err(error) => refuse_error(&error),
                },
                StepKind::Deny(refusal) => Verdict::Refuse(refusal.clone()),
                StepKind::RateLimit(limit) => self.rate_limit(limit, progress, call, host),
            },
        };
        match verdict {
            // Whether a token is asked for is never a matter of trial.
            Verdict::Refuse(refusal) if matches!(step.kind, StepKind::Authenticate { .. }) => {
                Verdict::Refuse(refusal)
            }
            Verdict::Refuse(refusal) => self.enforce(step.mode, &step.path, refusal, progress),
            passed => passed,
        }
    }

    /// In shadow mode a refusal is noted, and the call goes on.
    fn enforce(&self, mode: Mode, path: &str, refusal: Refusal, progress: &mut Progress) -> Verdict {
        if mode == Mode::Enforce && self.mode == Mode::Enforce {
            return Verdict::Refuse(refusal);
        }
        progress.shadowed.push(Shadowed { path: path.to_owned(), reason: refusal.reason.into_owned() });
        Verdict::Pass
    }

    fn holds(
        &self,
        condition: &Condition,
        progress: &Progress,
        call: &impl Call,
    ) -> Result<bool, EvaluationError> {
        condition.evaluate(&Scene::new(self, progress, call))
    }

    /// Whether the caller has one of the roles. A role that cannot be decided counts only if no other is held.
    fn roles_held(&self, progress: &Progress) -> Verdict {
        let Some(operation) = progress.operation(self) else { return Reason::PolicyUnavailable.into() };
        if operation.public {
            return Verdict::Pass;
        }
        let Some(caller) = progress.caller() else { return Reason::RoleMissing.into() };
        let mut verdict = Verdict::from(Reason::RoleMissing);
        for role in &operation.roles {
            match caller.roles.get(*role) {
                Some(Ok(true)) => return Verdict::Pass,
                Some(Err(error)) => verdict = refuse_error(error),
                Some(Ok(false)) | None => {}
            }
        }
        verdict
    }

    fn rate_limit(
        &self,
        limit: &RateLimit,
        progress: &mut Progress,
        call: &impl Call,
        host: &mut impl Host,
    ) -> Verdict {
        let mut key = Vec::new();
        let scene = Scene::new(self, progress, call);
        match limit.key.value(&scene) {
            Ok(value) => value.write_key(&mut key),
            Err(error) => return refuse_error(&error),
        }
        // Identities of two issuers never share an account (POLICY.md, "Issuer").
        if let Some(identity) = scene.identity() {
            key.extend_from_slice(identity.issuer.as_bytes());
        }
        match host.draw(limit, &key) {
            Outcome::Granted(grant) => {
                if limit.tell {
                    progress
                        .headers
                        .push(("ratelimit-policy", rate_limit_policy(&limit.label, &limit.limit)));
                    progress.headers.push(("ratelimit", rate_limit_field(&limit.label, &grant.standing)));
                }
                Verdict::Pass
            }
            Outcome::Refused(refused) => {
                let mut refusal = Refusal::from(Reason::RateLimited)
                    .header("ratelimit-policy", rate_limit_policy(&limit.label, &limit.limit))
                    .header("ratelimit", rate_limit_field(&limit.label, &refused.standing));
                if let Some(wait) = refused.retry_after {
                    refusal = refusal.header("retry-after", retry_after(wait).to_string());
                }
                Verdict::Refuse(refusal)
            }
            Outcome::Unavailable => {
                Verdict::Refuse(Refusal::from(Reason::PermitsUnavailable).header("retry-after", "1"))
            }
        }
    }
}

/// A condition that errs is neither true nor false: the call is refused, whatever the step.
fn refuse_error(_error: &EvaluationError) -> Verdict {
    Reason::ConditionError.into()
}
