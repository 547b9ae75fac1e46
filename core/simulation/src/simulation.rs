//! Calls decided one after another on one simulated host.

use std::borrow::Cow;

use spangate_policy::document::Mode;
use spangate_policy::facts::Timestamp;
use spangate_policy::problem::{Answer, PROBLEM_MEDIA_TYPE, Refusal};
use spangate_policy::{Decision, HeaderEdit, Place, Policy, Progress, Target, TraceEntry, Verdict as Said};

use crate::call::Call;
use crate::host::SimulatedHost;
use crate::outcome::{Headers, Outcome, Passage, Passed, Shadowed, Verdict};
use crate::request::Request;

/// A policy and what its calls have left behind.
#[derive(Debug)]
pub struct Simulation<'p> {
    policy: &'p Policy,
    pub host: SimulatedHost,
}

/// A call that has been decided and has not ended yet: until then it counts among those in flight.
#[derive(Debug)]
pub struct UnderWay(Progress);

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

    /// Decides one call, with all that its answer has to do with it, but for its end.
    pub fn begin(&mut self, call: &Call, now: Timestamp) -> (Outcome, UnderWay) {
        self.host.set_time(now);
        let request = Request::new(call, self.policy, now);
        let mut progress = Progress::default();
        let mut decision = self.policy.decide(&mut progress, &request, &mut self.host);
        // What is not there now is not there a moment later: told so once, the engine asks for it no more.
        if let Decision::Need(_) = decision {
            decision = self.policy.decide(&mut progress, &request, &mut self.host);
        }
        let sent = call.body.as_ref().filter(|_| decision == Decision::Allow);
        if let Some(Err(refusal)) = sent.map(|body| self.policy.check_body(&mut progress, body.size, true)) {
            decision = Decision::Refuse(refusal);
        }
        let mut outcome = match decision {
            Decision::Allow => self.allowed(call, &request, &mut progress),
            Decision::Respond(answer) => responded(&answer),
            Decision::Refuse(refusal) => refused(&refusal, &request),
            Decision::Need(_) => Outcome::new(Verdict::Refuse, 503),
        };
        outcome.operation = progress.operation(self.policy).map(|operation| operation.name.clone());
        outcome.version = progress.version(self.policy).map(str::to_owned);
        outcome.trace = progress.trace().iter().filter_map(|entry| self.passage(entry, &progress)).collect();
        outcome.shadowed = outcome.trace.iter().filter_map(shadowed).collect();
        (outcome, UnderWay(progress))
    }

    /// Lets go of what the call held.
    pub fn end(&mut self, UnderWay(mut progress): UnderWay) {
        self.policy.finish(&mut progress, &mut self.host);
    }

    /// A call that goes on, and whose answer comes back as its description says.
    fn allowed(&mut self, call: &Call, request: &Request<'_>, progress: &mut Progress) -> Outcome {
        let forwarded = self.policy.forwarded(progress, request);
        let mut outcome = match forwarded {
            Some(forwarded) => {
                let verdict =
                    Verdict::Forward { cluster: forwarded.cluster.to_owned(), path: forwarded.target };
                let request_headers = edited(request.pairs().to_vec(), forwarded.edits);
                Outcome { request_headers, ..Outcome::new(verdict, call.response.status) }
            }
            None => {
                let target = progress.operation(self.policy).map(|operation| &operation.target);
                let call_name = match target {
                    Some(Target::Call(name)) => name.clone(),
                    Some(Target::Forward(_) | Target::Respond(_)) | None => String::new(),
                };
                Outcome::new(Verdict::Allow { call: call_name }, call.response.status)
            }
        };
        let edits = self.policy.respond(progress, request, &call.response, &mut self.host);
        outcome.headers = edited(call.response.headers.clone(), edits);
        let added = self.policy.answer_headers(progress);
        outcome.headers.extend(added.into_iter().map(|(name, value)| (name.to_owned(), value)));
        outcome
    }

    fn passage(&self, entry: &TraceEntry, progress: &Progress) -> Option<Passage> {
        let api_and_operation = || {
            let operation = progress.operation(self.policy)?;
            let api = self.policy.apis().get(operation.api)?;
            Some((&api.name, operation.name.strip_prefix(&api.name)?.strip_prefix('.')?))
        };
        let (path, kind, name) = match entry.place {
            Place::Route => (String::new(), "route", None),
            Place::Version => {
                let (api, _) = api_and_operation()?;
                (format!("apis.{api}.versions.{}", progress.version(self.policy)?), "version", None)
            }
            Place::Roles => {
                let (api, operation) = api_and_operation()?;
                (format!("apis.{api}.operations.{operation}.roles"), "roles", None)
            }
            Place::Step(id) | Place::Answer(id) => {
                let step = self.policy.step(id)?;
                (step.path.clone(), step.kind_name(), step.name.clone())
            }
        };
        let (verdict, reason, error) = match &entry.verdict {
            // It is decided anew when the keys are there, or are not.
            Said::Awaited => return None,
            Said::Skipped => (Passed::Skipped, None, None),
            Said::Passed => (Passed::Passed, None, None),
            Said::Taken => (Passed::Taken, None, None),
            Said::Otherwise => (Passed::Otherwise, None, None),
            Said::Responded => (Passed::Responded, None, None),
            Said::Refused(refused) => {
                (Passed::Refused, Some(refused.reason.to_string()), refused.error.as_ref())
            }
            Said::Erred(error) => (Passed::Erred, None, Some(&**error)),
        };
        Some(Passage {
            path,
            kind,
            name,
            is_response: matches!(entry.place, Place::Answer(_)),
            is_shadow: entry.mode == Mode::Shadow,
            verdict,
            reason,
            error: error.map(ToString::to_string),
        })
    }
}

fn responded(answer: &Answer) -> Outcome {
    let headers = answer.headers.iter().map(|(name, value)| (name.to_string(), value.clone()));
    Outcome {
        headers: headers.collect(),
        body: Some(answer.body.to_string()),
        ..Outcome::new(Verdict::Respond, answer.status)
    }
}

fn refused(refusal: &Refusal, request: &Request<'_>) -> Outcome {
    use spangate_policy::facts::Call as _;
    let own = [("content-type".to_owned(), PROBLEM_MEDIA_TYPE.to_owned())];
    let others = refusal.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    Outcome {
        reason: Some(refusal.reason.to_string()),
        detail: Some(refusal.detail.to_string()),
        headers: own.into_iter().chain(others).collect(),
        body: Some(refusal.problem_document(request.request_id())),
        ..Outcome::new(Verdict::Refuse, refusal.status)
    }
}

fn shadowed(passage: &Passage) -> Option<Shadowed> {
    let Passage { path, name, reason, .. } = passage;
    let is_refusal = passage.is_shadow && passage.verdict == Passed::Refused;
    is_refusal.then(|| Shadowed {
        path: path.clone(),
        name: name.clone(),
        reason: reason.clone().unwrap_or_default(),
    })
}

fn edited<'e>(mut headers: Headers, edits: Vec<HeaderEdit<'e>>) -> Headers {
    for edit in edits {
        let (name, value): (Cow<'e, str>, _) = match edit {
            HeaderEdit::Set(name, value) => (name.into(), Some(value)),
            HeaderEdit::Remove(name) => (name.into(), None),
        };
        headers.retain(|(known, _)| *known != name);
        headers.extend(value.map(|value| (name.into_owned(), value)));
    }
    headers
}
