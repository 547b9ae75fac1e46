//! Calls decided one after another on one simulated host.

use spangate_policy::facts::Timestamp;
use spangate_policy::problem::Refusal;
use spangate_policy::{Decision, Policy, Progress};

use crate::call::Call;
use crate::host::SimulatedHost;
use crate::outcome::{Outcome, Shadowed, Verdict};
use crate::request::Request;

/// A policy and what its calls have left behind.
#[derive(Debug)]
pub struct Simulation<'p> {
    policy: &'p Policy,
    pub host: SimulatedHost,
}

/// A call that has been let through and has not been answered yet.
#[derive(Debug)]
pub struct UnderWay;

impl<'p> Simulation<'p> {
    /// With every limit untouched.
    pub fn new(policy: &'p Policy) -> Self {
        Self { policy, host: SimulatedHost::new(policy) }
    }

    /// Decides one call that comes in at `now`, and ends at once.
    pub fn decide(&mut self, call: &Call, now: Timestamp) -> Outcome {
        let (outcome, under_way) = self.begin(call, now);
        self.end(under_way);
        outcome
    }

    /// Decides one call that stays under way until it is ended.
    pub fn begin(&mut self, call: &Call, now: Timestamp) -> (Outcome, UnderWay) {
        (self.outcome(call, now), UnderWay)
    }

    /// Lets go of what the call held.
    pub fn end(&mut self, _call: UnderWay) {}

    fn outcome(&mut self, call: &Call, now: Timestamp) -> Outcome {
        self.host.set_time(now);
        let request = Request::new(call, self.policy, now);
        let mut progress = match self.policy.route(&request, call.query.as_deref()) {
            Ok(progress) => progress,
            Err(refusal) => return refused(&refusal),
        };
        let mut decision = self.policy.decide(&mut progress, &request, &mut self.host);
        // What is not there now is not there later: the engine is told so once for each need.
        while let Decision::Need(_) = decision {
            decision = self.policy.decide(&mut progress, &request, &mut self.host);
        }
        let outcome = match decision {
            Decision::Allow => self.allowed(call, &progress),
            Decision::Refuse(refusal) => refused(&refusal),
            Decision::Need(_) => unreachable!(),
        };
        Outcome {
            operation: progress.operation(self.policy).map(|operation| operation.name.clone()),
            shadowed: shadowed(&progress),
            ..outcome
        }
    }

    fn allowed(&self, call: &Call, progress: &Progress) -> Outcome {
        let target = progress.operation(self.policy).map(|operation| operation.call.clone());
        Outcome {
            verdict: Verdict::Allow { call: target.unwrap_or_default() },
            status: call.response.status,
            headers: progress
                .headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
            ..nothing()
        }
    }
}

fn nothing() -> Outcome {
    Outcome {
        verdict: Verdict::Refuse,
        operation: None,
        version: None,
        status: 0,
        reason: None,
        detail: None,
        headers: Vec::new(),
        request_headers: Vec::new(),
        body: None,
        shadowed: Vec::new(),
        trace: Vec::new(),
    }
}

fn refused(refusal: &Refusal) -> Outcome {
    Outcome {
        verdict: Verdict::Refuse,
        status: refusal.status,
        reason: Some(refusal.reason.to_string()),
        detail: Some(refusal.detail.to_string()),
        headers: refusal.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        ..nothing()
    }
}

fn shadowed(progress: &Progress) -> Vec<Shadowed> {
    let shadowed = progress.shadowed.iter();
    shadowed.map(|s| Shadowed { path: s.path.clone(), name: None, reason: s.reason.clone() }).collect()
}
