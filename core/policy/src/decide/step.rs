//! One step: whether it applies, what it says, and what becomes of that in shadow mode.

use super::progress::Progress;
use super::scene::Scene;
use super::trace::{Place, Verdict};
use super::{Host, Need};
use crate::condition::EvaluationError;
use crate::document::Mode;
use crate::facts::{Call, Facts, Occurrence};
use crate::policy::Policy;
use crate::problem::{Answer, Refusal};
use crate::reason::Reason;
use crate::step::{Instruction, Step, StepId, StepKind};
use crate::validate::{self, BodyFault, BodyRule, Validation};

/// What a step comes to.
pub(super) enum Ruling {
    Pass,
    Refuse(Refusal),
    Respond(Answer),
    Need(Need),
}

impl From<Reason> for Ruling {
    fn from(reason: Reason) -> Self {
        Self::Refuse(reason.into())
    }
}

/// What a step says: nothing against the call, or a refusal and the error behind it.
pub(super) type Said = Result<(), (Refusal, Option<EvaluationError>)>;

/// A condition that errs is neither true nor false: the call is refused, whatever the step.
pub(super) fn undecided(error: EvaluationError) -> (Refusal, Option<EvaluationError>) {
    (Reason::ConditionError.into(), Some(error))
}

pub(super) fn refused(reason: Reason) -> (Refusal, Option<EvaluationError>) {
    (reason.into(), None)
}

impl Policy {
    /// Takes one instruction, and sets the progress on the next.
    pub(super) fn instruction(
        &self,
        instruction: Instruction,
        progress: &mut Progress,
        call: &impl Call,
        host: &mut impl Host,
    ) -> Ruling {
        let next = progress.index.saturating_add(1);
        let (ruling, next) = match instruction {
            Instruction::Go(target) => (Ruling::Pass, target),
            Instruction::Choose { group, otherwise, end } => {
                let Some(step) = self.step(group) else { return Reason::PolicyUnavailable.into() };
                match step.applies(&Scene::new(self, progress, call)) {
                    Ok(holds) => {
                        let verdict = if holds { Verdict::Taken } else { Verdict::Otherwise };
                        progress.record(Place::Step(group), self.mode_of(step), verdict);
                        (Ruling::Pass, if holds { next } else { otherwise })
                    }
                    Err(error) => {
                        (self.enforce(Place::Step(group), step.mode, Err(undecided(error)), progress), end)
                    }
                }
            }
            Instruction::Step(id) => {
                let Some(step) = self.step(id) else { return Reason::PolicyUnavailable.into() };
                (self.take(id, step, progress, call, host), next)
            }
        };
        if let Ruling::Pass = ruling {
            progress.index = next;
        }
        ruling
    }

    fn take(
        &self,
        id: StepId,
        step: &Step,
        progress: &mut Progress,
        call: &impl Call,
        host: &mut impl Host,
    ) -> Ruling {
        if !step.sides().request {
            return Ruling::Pass;
        }
        let place = Place::Step(id);
        let mode = self.mode_of(step);
        match step.applies(&Scene::new(self, progress, call)) {
            Ok(true) => {}
            Ok(false) => {
                progress.record(place, mode, Verdict::Skipped);
                return Ruling::Pass;
            }
            Err(error) => return self.enforce(place, step.mode, Err(undecided(error)), progress),
        }
        let said = match &step.kind {
            StepKind::Authenticate(authenticate) => {
                return self.authenticate(id, authenticate, progress, call, host);
            }
            StepKind::Respond(plan) => match plan.answer(&Scene::new(self, progress, call)) {
                Ok(answer) => {
                    progress.record(place, mode, Verdict::Responded);
                    return if mode == Mode::Enforce { Ruling::Respond(answer) } else { Ruling::Pass };
                }
                Err(error) => Err(undecided(error)),
            },
            StepKind::Require { condition, refusal } => {
                match condition.evaluate(&Scene::new(self, progress, call)) {
                    Ok(true) => Ok(()),
                    Ok(false) => Err((refusal.clone(), None)),
                    Err(error) => Err(undecided(error)),
                }
            }
            StepKind::Deny(refusal) => Err((refusal.clone(), None)),
            StepKind::RateLimit(limit) => self.rate_limit(id, limit, progress, call, host),
            StepKind::Quota(quota) => self.quota(quota, progress, call, host),
            StepKind::Concurrency(limit) => self.concurrency(id, limit, progress, call, host),
            StepKind::Validate(validation) => {
                let said = self.validate(validation, progress, call);
                if said.is_ok() && call.has_body() && validation.body.is_some() {
                    progress.bodies.push(id);
                }
                said
            }
            StepKind::SetHeader(edits) => {
                let scene = Scene::new(self, progress, call);
                let values = edits.request.iter().map(|(_, value)| value.text(&scene).map(Into::into));
                match values.collect::<Result<Vec<String>, _>>() {
                    Ok(values) if mode == Mode::Enforce => {
                        progress.edits.push((id, values));
                        Ok(())
                    }
                    Ok(_) => Ok(()),
                    Err(error) => Err(undecided(error)),
                }
            }
            StepKind::RemoveHeader(_) => {
                if mode == Mode::Enforce {
                    progress.edits.push((id, Vec::new()));
                }
                Ok(())
            }
            StepKind::Cache(cache) => {
                let mut vary = Vec::new();
                let scene = Scene::new(self, progress, call);
                let written = cache.vary.iter().try_for_each(|condition| {
                    condition.value(&scene).map(|value| value.write_key(&mut vary))
                });
                match written {
                    Ok(()) if mode == Mode::Enforce => progress.cache = Some((id, vary)),
                    Ok(()) => {}
                    // An answer that cannot be told from others is not kept; the call goes on.
                    Err(error) => {
                        progress.record(place, mode, Verdict::Erred(Box::new(error)));
                        return Ruling::Pass;
                    }
                }
                Ok(())
            }
            StepKind::Audit(fields) => {
                for (index, (_, condition)) in fields.iter().enumerate() {
                    // What is not there is recorded as such: an audit refuses nothing.
                    let value = condition
                        .value(&Scene::new(self, progress, call))
                        .map_or(serde_json::Value::Null, |value| value.to_json());
                    progress.audit.push((id, index, value));
                }
                Ok(())
            }
            // Groups are instructions of their own, and `cors` is out of the order.
            StepKind::Group | StepKind::Cors(_) => Ok(()),
        };
        self.enforce(place, step.mode, said, progress)
    }

    /// What is said is recorded; in shadow mode a refusal is no more than that.
    pub(super) fn enforce(&self, place: Place, mode: Mode, said: Said, progress: &mut Progress) -> Ruling {
        let mode = mode.within(self.mode);
        let Err((refusal, error)) = said else {
            progress.record(place, mode, Verdict::Passed);
            return Ruling::Pass;
        };
        progress.record(place, mode, Verdict::refused(&refusal, error));
        if mode == Mode::Enforce { Ruling::Refuse(refusal) } else { Ruling::Pass }
    }

    /// A step's mode, given the policy's.
    pub(super) fn mode_of(&self, step: &Step) -> Mode {
        step.mode.within(self.mode)
    }

    fn validate(&self, validation: &Validation, progress: &Progress, call: &impl Call) -> Said {
        let scene = Scene::new(self, progress, call);
        for rule in &validation.parameters {
            let found = match rule.place {
                validate::Place::Query => call.query(&rule.name),
                validate::Place::Header => call.header(&rule.name),
                validate::Place::Path => match scene.parameter(&rule.name) {
                    Some(value) => Occurrence::Once(value),
                    // A rule of the policy or of an API concerns the routes that have the parameter.
                    None => continue,
                },
            };
            if let Err(fault) = rule.check(&found) {
                let detail = format!("the {} `{}` {}", rule.place.as_str(), rule.name, fault.as_str());
                return Err(invalid(detail));
            }
        }
        if validation.refuse_unknown && !self.knows_query(validation, progress, call) {
            return Err(invalid("the query has a parameter that this operation does not know".to_owned()));
        }
        match &validation.body {
            Some(rule) => body_said(rule.check(call.has_body(), call.size(), &call.header("content-type"))),
            None => Ok(()),
        }
    }

    /// Whether each query parameter has a rule, or is read by the policy itself.
    fn knows_query(&self, validation: &Validation, progress: &Progress, call: &impl Call) -> bool {
        let version = self.version_parameter(progress);
        call.queries().all(|(name, _)| {
            version == Some(name.as_ref())
                || self.is_token_parameter(progress, &name)
                || validation
                    .parameters
                    .iter()
                    .any(|rule| rule.place == validate::Place::Query && rule.name == name)
        })
    }

    /// Judges a body as it passes: `seen` bytes so far, of which more follow unless they `end`. What has begun
    /// to go on is broken off by a refusal, and nobody has acted on half a body.
    pub fn check_body(&self, progress: &mut Progress, seen: u64, end: bool) -> Result<(), Refusal> {
        for id in std::mem::take(&mut progress.bodies) {
            let Some(step) = self.step(id) else { continue };
            let StepKind::Validate(Validation { body: Some(rule), .. }) = &step.kind else { continue };
            let rule: &BodyRule = rule;
            match rule.check_length(seen, end) {
                Ok(()) => progress.bodies.push(id),
                fault => {
                    let said = body_said(fault);
                    if let Ruling::Refuse(refusal) = self.enforce(Place::Step(id), step.mode, said, progress)
                    {
                        return Err(refusal);
                    }
                }
            }
        }
        Ok(())
    }
}

fn invalid(detail: String) -> (Refusal, Option<EvaluationError>) {
    let mut refusal = Refusal::from(Reason::ParameterInvalid);
    refusal.detail = detail.into();
    (refusal, None)
}

fn body_said(checked: Result<(), BodyFault>) -> Said {
    checked.map_err(|fault| match fault {
        BodyFault::Missing => invalid("the request needs a body".to_owned()),
        BodyFault::TooLarge => refused(Reason::BodyTooLarge),
        BodyFault::MediaType => refused(Reason::MediaTypeUnsupported),
    })
}
