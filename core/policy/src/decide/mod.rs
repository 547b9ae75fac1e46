//! From a call to a decision. A state machine that a host drives: it goes on from where it stood when the host
//! has fetched what was missing, so that no step is taken twice.

mod answer;
mod authenticate;
mod forward;
mod limit;
mod origin;
mod progress;
mod route;
mod scene;
mod step;
#[cfg(test)]
mod tests;
mod trace;

pub use answer::HeaderEdit;
pub use authenticate::Caller;
pub use forward::Forwarded;
pub use progress::Progress;
pub use trace::{Place, Refused, TraceEntry, Verdict};

use std::rc::Rc;
use std::sync::Arc;

use spangate_limits::{Entry, Hold, Outcome, QuotaOutcome};

use self::answer::OwnAnswer;
use self::progress::Stage;
use self::step::{Ruling, Said, refused, undecided};
use crate::document::{LimitScope, Mode};
use crate::facts::Call;
use crate::policy::{Operation, Policy, Target};
use crate::problem::{Answer, Refusal};
use crate::reason::Reason;
use crate::step::{Code, Concurrency, Quota, Tier};
use crate::token::{KeySet, SignatureCheck};

/// What decisions need of their host beside the call itself. The account that a limit names is bytes, never the
/// same for two accounts.
pub trait Host: SignatureCheck {
    /// The caller of a token that was verified before, under this policy and with keys that still stand.
    fn known_caller(&mut self, token: &str) -> Option<Rc<Caller>>;
    fn remember_caller(&mut self, token: &str, caller: &Rc<Caller>);
    /// The keys of the issuer with this index.
    fn keys(&self, issuer: usize) -> Option<Arc<KeySet>>;
    /// Whether those keys are as new as the call that has waited for them.
    fn keys_since(&self, _issuer: usize) -> KeysSince {
        KeysSince::Fetched
    }
    /// Whether this very token was refused a moment ago, with new keys, for want of its own.
    fn knows_of_no_key(&self, _token: &str) -> bool {
        false
    }
    fn remember_no_key(&mut self, _token: &str) {}
    /// Draws permits for one call.
    fn draw(&mut self, tier: &Tier, scope: LimitScope, account: &[u8], cost: u64) -> Outcome;
    /// Draws one permit of which it is not known yet whether the call will count.
    fn hold(&mut self, tier: &Tier, scope: LimitScope, account: &[u8]) -> (Outcome, Option<Hold>);
    /// Ends a hold: its permit is spent if the call counts, and given back if not.
    fn conclude(&mut self, tier: &Tier, scope: LimitScope, account: &[u8], hold: Hold, counts: bool);
    /// None when nobody can say how the quota stands.
    fn draw_quota(
        &mut self,
        quota: &Quota,
        scope: LimitScope,
        account: &[u8],
        cost: u64,
    ) -> Option<QuotaOutcome>;
    /// Takes a place among the calls in flight.
    fn enter(&mut self, limit: &Concurrency, account: &[u8]) -> Entry;
    /// Gives it back.
    fn leave(&mut self, limit: &Concurrency, account: &[u8]);
}

/// What became of the wait for an issuer's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeysSince {
    /// They were fetched after the call came: what is not among them is nobody's.
    Fetched,
    /// They were not yet: the call has to go on waiting.
    Awaited,
    /// They could not be, and will not be while the call may wait.
    Unavailable,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The call goes to its operation's target.
    Allow,
    /// The policy itself answers.
    Respond(Answer),
    Refuse(Refusal),
    /// Nothing can be decided before the host has tried to get these; then ask again.
    Need(Need),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// The issuer's keys: none are there, or none fits the token.
    Keys { issuer: usize },
}

impl Policy {
    /// Takes every step that is left. Asked again after [`Decision::Need`], it goes on at the same step. Whatever is
    /// decided, the call ends with [`Policy::finish`].
    pub fn decide(&self, progress: &mut Progress, call: &impl Call, host: &mut impl Host) -> Decision {
        let mut decision = self.advance(progress, call, host);
        match &mut decision {
            Decision::Refuse(refusal) => {
                self.conclude(progress, call, &OwnAnswer(refusal.status), host);
                refusal.headers.extend(self.lasting_headers(progress));
            }
            Decision::Respond(answer) => {
                self.conclude(progress, call, &OwnAnswer(answer.status), host);
                let headers = self.lasting_headers(progress);
                answer.headers.extend(headers.map(|(name, value)| (name.into(), value)));
            }
            Decision::Allow | Decision::Need(_) => {}
        }
        decision
    }

    fn advance(&self, progress: &mut Progress, call: &impl Call, host: &mut impl Host) -> Decision {
        loop {
            let ruling = match progress.stage {
                Stage::Route => self.route(progress, call),
                Stage::Document | Stage::Api | Stage::Operation => {
                    // An operation that is not there cannot be: its index comes from this policy. Still, it is refused.
                    let Some(code) = self.code(progress) else {
                        return Decision::Refuse(Reason::PolicyUnavailable.into());
                    };
                    match code.at(progress.index) {
                        None => Ruling::Pass,
                        Some(instruction) => match self.instruction(instruction, progress, call, host) {
                            Ruling::Pass => continue,
                            ending => ending,
                        },
                    }
                }
                Stage::Roles => self.roles_held(progress),
                Stage::Target => self.target(progress, call),
                Stage::Done => return Decision::Allow,
            };
            match ruling {
                Ruling::Pass => {
                    progress.index = 0;
                    progress.stage = match progress.stage {
                        Stage::Route => Stage::Document,
                        Stage::Document => Stage::Api,
                        Stage::Api => Stage::Roles,
                        Stage::Roles => Stage::Operation,
                        Stage::Operation => Stage::Target,
                        Stage::Target | Stage::Done => Stage::Done,
                    };
                }
                Ruling::Refuse(refusal) => return Decision::Refuse(refusal),
                Ruling::Respond(answer) => return Decision::Respond(answer),
                Ruling::Need(need) => return Decision::Need(need),
            }
        }
    }

    fn code(&self, progress: &Progress) -> Option<&Code> {
        let operation = progress.operation(self)?;
        match progress.stage {
            Stage::Document => Some(&self.code),
            Stage::Api => progress.api(self).map(|api| &api.code),
            _ => Some(&operation.code),
        }
    }

    /// Whether the caller has one of the roles. A role that cannot be decided counts only if no other is held.
    fn roles_held(&self, progress: &mut Progress) -> Ruling {
        let Some(operation) = progress.operation(self) else { return Reason::PolicyUnavailable.into() };
        if operation.public {
            return Ruling::Pass;
        }
        let held = held(operation, progress.caller());
        self.enforce(trace::Place::Roles, Mode::Enforce, held, progress)
    }

    /// An operation that answers by itself does so here.
    fn target(&self, progress: &mut Progress, call: &impl Call) -> Ruling {
        let answer = match progress.operation(self).map(|operation| &operation.target) {
            Some(Target::Respond(plan)) => plan.answer(&scene::Scene::new(self, progress, call)),
            Some(Target::Call(_) | Target::Forward(_)) => return Ruling::Pass,
            None => return Reason::PolicyUnavailable.into(),
        };
        match answer {
            Ok(answer) => Ruling::Respond(answer),
            Err(_) => Reason::ConditionError.into(),
        }
    }
}

fn held(operation: &Operation, caller: Option<&Caller>) -> Said {
    let mut refusal = refused(Reason::RoleMissing);
    for role in &operation.roles {
        match caller.and_then(|caller| caller.roles().get(*role)) {
            Some(Ok(true)) => return Ok(()),
            Some(Err(error)) => refusal = undecided(error.clone()),
            Some(Ok(false)) | None => {}
        }
    }
    Err(refusal)
}
