//! `rate_limit`, `quota` and `concurrency`: an account is named, and the host says whether it has anything left.

use spangate_limits::{
    Entry, Outcome, quota as quota_field, quota_policy, rate_limit as rate_limit_field, rate_limit_policy,
    retry_after,
};

use super::Host;
use super::progress::{Held, Progress};
use super::scene::Scene;
use super::step::{Said, refused, undecided};
use crate::condition::{Condition, ErrorKind, EvaluationError, Value};
use crate::document::{CountAt, LimitScope, Unavailable};
use crate::facts::{Call, Facts};
use crate::policy::Policy;
use crate::problem::Refusal;
use crate::reason::Reason;
use crate::step::{Concurrency, Quota, RateLimit, StepId, Tier};

impl Policy {
    pub(super) fn rate_limit(
        &self,
        step: StepId,
        limit: &RateLimit,
        progress: &mut Progress,
        call: &impl Call,
        host: &mut impl Host,
    ) -> Said {
        let scene = Scene::new(self, progress, call);
        // A caller whom no tier fits is not limited by this step.
        let Some((number, tier)) = tier_of(limit, &scene).map_err(undecided)? else { return Ok(()) };
        let account = account(&limit.key, &scene).map_err(undecided)?;
        let mut hold = None;
        let cost = match limit.count {
            CountAt::Request => cost(limit.cost.as_ref(), &scene).map_err(undecided)?,
            CountAt::Response => 1,
        };
        let mut draw = |scope| match limit.count {
            CountAt::Request => host.draw(tier, scope, &account, cost),
            CountAt::Response => {
                let (outcome, held) = host.hold(tier, scope, &account);
                hold = held;
                outcome
            }
        };
        let outcome = match draw(limit.scope) {
            Outcome::Unavailable if falls_back(limit.scope, limit.unavailable) => draw(LimitScope::Proxy),
            outcome => outcome,
        };
        let policy = || rate_limit_policy(&limit.label, &tier.limit);
        match outcome {
            Outcome::Granted(grant) => {
                if limit.tell {
                    let standing = rate_limit_field(&limit.label, &grant.standing);
                    progress.limit_headers.push(("ratelimit-policy", policy()));
                    progress.limit_headers.push(("ratelimit", standing));
                }
                progress.holds.extend(hold.map(|hold| Held { step, tier: number, account, hold }));
                Ok(())
            }
            Outcome::Refused(full) => {
                let mut refusal = Refusal::from(Reason::RateLimited)
                    .header("ratelimit-policy", policy())
                    .header("ratelimit", rate_limit_field(&limit.label, &full.standing));
                if let Some(wait) = full.retry_after {
                    refusal = refusal.header("retry-after", retry_after(wait).to_string());
                }
                Err((refusal, None))
            }
            Outcome::Unavailable => unavailable(limit.unavailable),
        }
    }

    pub(super) fn quota(
        &self,
        quota: &Quota,
        progress: &Progress,
        call: &impl Call,
        host: &mut impl Host,
    ) -> Said {
        let scene = Scene::new(self, progress, call);
        let account = account(&quota.key, &scene).map_err(undecided)?;
        let cost = cost(quota.cost.as_ref(), &scene).map_err(undecided)?;
        let outcome = match host.draw_quota(quota, quota.scope, &account, cost) {
            None if falls_back(quota.scope, quota.unavailable) => {
                host.draw_quota(quota, LimitScope::Proxy, &account, cost)
            }
            outcome => outcome,
        };
        match outcome {
            None => unavailable(quota.unavailable),
            Some(outcome) if outcome.granted => Ok(()),
            Some(outcome) => Err((
                Refusal::from(Reason::QuotaExhausted)
                    .header("ratelimit-policy", quota_policy(&quota.label, &quota.limit))
                    .header("ratelimit", quota_field(&quota.label, &outcome))
                    .header("retry-after", retry_after(outcome.resets_in).to_string()),
                None,
            )),
        }
    }

    pub(super) fn concurrency(
        &self,
        step: StepId,
        limit: &Concurrency,
        progress: &mut Progress,
        call: &impl Call,
        host: &mut impl Host,
    ) -> Said {
        let account = account(&limit.key, &Scene::new(self, progress, call)).map_err(undecided)?;
        match host.enter(limit, &account) {
            Entry::Entered => {
                progress.entered.push((step, account));
                Ok(())
            }
            Entry::Full => Err((Refusal::from(Reason::ConcurrencyExceeded).header("retry-after", "1"), None)),
            Entry::Unavailable => unavailable(Unavailable::Deny),
        }
    }
}

/// The first tier whose condition holds, with its number.
fn tier_of<'l>(
    limit: &'l RateLimit,
    scene: &dyn Facts,
) -> Result<Option<(usize, &'l Tier)>, EvaluationError> {
    for (number, tier) in limit.tiers.iter().enumerate() {
        if tier.when.as_ref().map_or(Ok(true), |when| when.evaluate(scene))? {
            return Ok(Some((number, tier)));
        }
    }
    Ok(None)
}

/// The bytes of an account. Identities of two issuers never share one (POLICY.md, "Issuer").
fn account(key: &Condition, scene: &dyn Facts) -> Result<Vec<u8>, EvaluationError> {
    let mut account = Vec::new();
    key.value(scene)?.write_key(&mut account);
    if let Some(identity) = scene.identity() {
        account.extend_from_slice(identity.issuer.as_bytes());
    }
    Ok(account)
}

/// One, where the author says nothing.
pub(super) fn cost(cost: Option<&Condition>, scene: &dyn Facts) -> Result<u64, EvaluationError> {
    let Some(condition) = cost else { return Ok(1) };
    let fault = |kind| EvaluationError { kind, place: "the cost of a call".to_owned() };
    match condition.value(scene)? {
        Value::Uint(cost) => Ok(cost),
        Value::Int(cost) => u64::try_from(cost).map_err(|_| fault(ErrorKind::OutOfRange)),
        _ => Err(fault(ErrorKind::NoSuchOverload)),
    }
}

fn falls_back(scope: LimitScope, unavailable: Unavailable) -> bool {
    scope != LimitScope::Proxy && unavailable == Unavailable::Proxy
}

fn unavailable(what_then: Unavailable) -> Said {
    match what_then {
        Unavailable::Allow => Ok(()),
        Unavailable::Deny | Unavailable::Proxy => {
            let (refusal, error) = refused(Reason::PermitsUnavailable);
            Err((refusal.header("retry-after", "1"), error))
        }
    }
}
