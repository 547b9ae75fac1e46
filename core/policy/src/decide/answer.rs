//! The way back: what response steps do to an answer, and what a call gives back when it is over.

use std::ops::ControlFlow;

use spangate_limits::Outcome;

use super::Host;
use super::limit::cost;
use super::progress::Progress;
use super::scene::Scene;
use super::trace::{Place, Verdict};
use crate::cors::Headers;
use crate::document::Mode;
use crate::facts::{Call, Entries, Occurrence, Response};
use crate::policy::Policy;
use crate::step::{Code, Instruction, Step, StepId, StepKind};

/// One edit of a header map; they apply in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderEdit<'p> {
    /// In place of all there are of that name.
    Set(&'p str, String),
    Remove(&'p str),
}

impl Policy {
    /// Runs the response side for the answer to an allowed call: the operation's steps, then its API's, then the
    /// policy's. The call has been made, so nothing refuses here: a header whose value cannot be computed is not
    /// set, and one that may have to go goes.
    pub fn respond<'p>(
        &'p self,
        progress: &mut Progress,
        call: &impl Call,
        response: &dyn Response,
        host: &mut impl Host,
    ) -> Vec<HeaderEdit<'p>> {
        self.conclude(progress, call, response, host);
        let mut edits = Vec::new();
        let Some(operation) = progress.operation(self) else { return edits };
        let api = progress.api(self).map(|api| &api.code);
        for code in [Some(&operation.code), api, Some(&self.code)].into_iter().flatten() {
            self.answer_steps(code, progress, call, response, &mut edits);
        }
        edits
    }

    fn answer_steps<'p>(
        &'p self,
        code: &Code,
        progress: &mut Progress,
        call: &impl Call,
        response: &dyn Response,
        edits: &mut Vec<HeaderEdit<'p>>,
    ) {
        let mut index = 0_usize;
        while let Some(instruction) = code.at(index) {
            index = match instruction {
                Instruction::Go(target) => target,
                // The way back goes through the half that the way there took.
                Instruction::Choose { group, otherwise, end } => match taken(progress, group) {
                    Some(Verdict::Taken) => index.saturating_add(1),
                    Some(Verdict::Otherwise) => otherwise,
                    _ => end,
                },
                Instruction::Step(id) => {
                    if let Some(step) = self.step(id).filter(|step| step.sides().response) {
                        self.answer_step(id, step, progress, call, response, edits);
                    }
                    index.saturating_add(1)
                }
            };
        }
    }

    fn answer_step<'p>(
        &'p self,
        id: StepId,
        step: &'p Step,
        progress: &mut Progress,
        call: &impl Call,
        response: &dyn Response,
        edits: &mut Vec<HeaderEdit<'p>>,
    ) {
        let mode = self.mode_of(step);
        let scene = Scene::new(self, progress, call).answered(response);
        let applies = step.applies(&scene);
        let begun = edits.len();
        let verdict = match (&step.kind, applies) {
            (_, Ok(false)) => Verdict::Skipped,
            (StepKind::SetHeader(_), Err(error)) => Verdict::Erred(Box::new(error)),
            (StepKind::SetHeader(headers), Ok(true)) => {
                let failed = headers.response.iter().try_for_each(|(name, value)| match value.text(&scene) {
                    Ok(text) => {
                        edits.push(HeaderEdit::Set(name, text.into_owned()));
                        ControlFlow::Continue(())
                    }
                    Err(error) => ControlFlow::Break(error),
                });
                match failed {
                    ControlFlow::Continue(()) => Verdict::Passed,
                    ControlFlow::Break(error) => Verdict::Erred(Box::new(error)),
                }
            }
            (StepKind::RemoveHeader(headers), applies) => {
                edits.extend(headers.response.iter().map(|(name, ())| HeaderEdit::Remove(name)));
                applies.map_or_else(|error| Verdict::Erred(Box::new(error)), |_| Verdict::Passed)
            }
            // No other kind has a response side.
            _ => return,
        };
        if mode == Mode::Shadow {
            edits.truncate(begun);
        }
        progress.record(Place::Answer(id), mode, verdict);
    }

    /// Limits that count by the answer learn what the call has cost.
    pub(super) fn conclude(
        &self,
        progress: &mut Progress,
        call: &impl Call,
        response: &dyn Response,
        host: &mut impl Host,
    ) {
        for held in std::mem::take(&mut progress.holds) {
            let Some(StepKind::RateLimit(limit)) = self.step(held.step).map(|step| &step.kind) else {
                continue;
            };
            let Some(tier) = limit.tiers.get(held.tier) else { continue };
            let scene = Scene::new(self, progress, call).answered(response);
            // What cannot be computed has cost what every call costs.
            let used = cost(limit.cost.as_ref(), &scene).unwrap_or(1);
            host.conclude(tier, limit.scope, &held.account, held.hold, used > 0);
            // What was used beyond the hold is drawn as far as there is any: the call has been made.
            let mut owed = used.saturating_sub(1);
            while owed > 0
                && let Outcome::Refused(refusal) = host.draw(tier, limit.scope, &held.account, owed)
            {
                owed = refusal.standing.remaining.min(owed.saturating_sub(1));
            }
        }
    }

    /// Gives back what a call held, however it has ended. It does so once, whoever asks again.
    pub fn finish(&self, progress: &mut Progress, host: &mut impl Host) {
        for (step, account) in std::mem::take(&mut progress.entered) {
            if let Some(StepKind::Concurrency(limit)) = self.step(step).map(|step| &step.kind) {
                host.leave(limit, &account);
            }
        }
        // A call that nobody answered was made all the same: the permit that it held is spent.
        progress.holds.clear();
    }

    /// Headers for the answer of an allowed call: of its version, its origin and its limits.
    pub fn answer_headers(&self, progress: &Progress) -> Headers {
        let mut headers: Headers = self.lasting_headers(progress).collect();
        headers.extend(progress.limit_headers.iter().cloned());
        headers
    }

    /// Those of every answer, refusals too.
    pub(super) fn lasting_headers<'p>(
        &'p self,
        progress: &'p Progress,
    ) -> impl Iterator<Item = (&'static str, String)> + 'p {
        let version = progress.routed_version(self).into_iter().flat_map(|version| &version.headers);
        version.chain(&progress.origin_headers).cloned()
    }
}

/// What the policy itself has answered, as far as limits that count by the answer read it.
pub(super) struct OwnAnswer(pub u16);

impl Response for OwnAnswer {
    fn status(&self) -> u16 {
        self.0
    }

    fn header(&self, _name: &str) -> Occurrence<'_> {
        Occurrence::Absent
    }

    fn headers(&self) -> Entries<'_> {
        Box::new(std::iter::empty())
    }
}

/// Which half of a group the call went through.
fn taken(progress: &Progress, group: StepId) -> Option<&Verdict> {
    let found = progress.trace.iter().find(|entry| entry.place == Place::Step(group));
    found.map(|entry| &entry.verdict)
}
