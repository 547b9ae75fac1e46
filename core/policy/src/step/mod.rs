//! Steps as they are decided: compiled expressions, refusals made ready, limits in numbers. All steps of a policy
//! stand in one list; whatever speaks of a step (a trace, a count, a report) has its [`StepId`].

mod code;
mod header;
mod limit;

pub use code::{Code, CodeBuilder, Instruction, Placed};
pub use header::{AnswerPlan, HeaderValue, is_value};
pub use limit::{Concurrency, Quota, RateLimit, Tier};

use spangate_document::Duration;

use crate::condition::{Condition, EvaluationError};
use crate::cors::Cors;
use crate::document::{CredentialPlace, HeaderEdits, Mode};
use crate::facts::Facts;
use crate::problem::Refusal;
use crate::validate::Validation;

/// A step's number in its policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepId(u32);

impl StepId {
    /// The number of the step at that index; documents are bounded far below `u32::MAX`.
    pub(crate) fn new(index: usize) -> Self {
        Self(u32::try_from(index).unwrap_or(u32::MAX))
    }

    /// Counted from 0, without gaps.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Debug)]
pub struct Step {
    /// Where it stands in the document.
    pub path: String,
    pub name: Option<String>,
    /// Its own mode, or that of a group around it.
    pub mode: Mode,
    pub(crate) when: Option<Condition>,
    pub(crate) kind: StepKind,
}

#[derive(Debug)]
pub(crate) enum StepKind {
    Authenticate(Authenticate),
    Require { condition: Condition, refusal: Refusal },
    Deny(Refusal),
    RateLimit(RateLimit),
    Quota(Quota),
    Concurrency(Concurrency),
    Validate(Validation),
    Cors(Cors),
    SetHeader(HeaderEdits<HeaderValue>),
    RemoveHeader(HeaderEdits<()>),
    Cache(Cache),
    Respond(AnswerPlan),
    Group,
    Audit(Vec<(String, Condition)>),
}

#[derive(Debug)]
pub(crate) struct Authenticate {
    /// Indices of the policy's issuers.
    pub issuers: Vec<usize>,
    pub from: CredentialPlace,
    pub optional: bool,
    pub forward: bool,
    pub bound: bool,
    pub token_types: Vec<String>,
}

/// How long an answer may be kept, and what beside the operation and its parameters tells it from others.
#[derive(Debug)]
pub struct Cache {
    pub ttl: Duration,
    /// Whether callers of other issuers, tenants and roles get the same answer.
    pub shared: bool,
    pub(crate) vary: Vec<Condition>,
}

impl Step {
    /// As the document spells it.
    pub const fn kind_name(&self) -> &'static str {
        match self.kind {
            StepKind::Authenticate(_) => "authenticate",
            StepKind::Require { .. } => "require",
            StepKind::Deny(_) => "deny",
            StepKind::RateLimit(_) => "rate_limit",
            StepKind::Quota(_) => "quota",
            StepKind::Concurrency(_) => "concurrency",
            StepKind::Validate(_) => "validate",
            StepKind::Cors(_) => "cors",
            StepKind::SetHeader(_) => "set_header",
            StepKind::RemoveHeader(_) => "remove_header",
            StepKind::Cache(_) => "cache",
            StepKind::Respond(_) => "respond",
            StepKind::Group => "group",
            StepKind::Audit(_) => "audit",
        }
    }

    /// Every expression of the step, its `when` first.
    pub(crate) fn conditions(&self) -> Vec<&Condition> {
        let mut all: Vec<&Condition> = self.when.iter().collect();
        match &self.kind {
            StepKind::Require { condition, .. } => all.push(condition),
            StepKind::RateLimit(limit) => {
                all.push(&limit.key);
                all.extend(&limit.cost);
                all.extend(limit.tiers.iter().filter_map(|tier| tier.when.as_ref()));
            }
            StepKind::Quota(quota) => {
                all.push(&quota.key);
                all.extend(&quota.cost);
            }
            StepKind::Concurrency(limit) => all.push(&limit.key),
            StepKind::SetHeader(edits) => all.extend(
                edits.request.iter().chain(&edits.response).filter_map(|(_, value)| value.expression()),
            ),
            StepKind::Cache(cache) => all.extend(&cache.vary),
            StepKind::Respond(plan) => all.extend(plan.expressions()),
            StepKind::Audit(fields) => all.extend(fields.iter().map(|(_, condition)| condition)),
            StepKind::Authenticate(_)
            | StepKind::Deny(_)
            | StepKind::Validate(_)
            | StepKind::Cors(_)
            | StepKind::RemoveHeader(_)
            | StepKind::Group => {}
        }
        all
    }

    /// Whether its `when` lets it apply; without one it always does.
    pub(crate) fn applies(&self, facts: &dyn Facts) -> Result<bool, EvaluationError> {
        self.when.as_ref().map_or(Ok(true), |when| when.evaluate(facts))
    }

    pub fn sides(&self) -> Sides {
        self.kind.sides()
    }
}

impl StepKind {
    pub(crate) fn sides(&self) -> Sides {
        match self {
            Self::SetHeader(edits) => Sides::of(edits),
            Self::RemoveHeader(edits) => Sides::of(edits),
            _ => Sides { request: true, response: false },
        }
    }
}

/// Whether a step does something before the call goes on, and whether it does something to the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sides {
    pub request: bool,
    pub response: bool,
}

impl Sides {
    fn of<T>(edits: &HeaderEdits<T>) -> Self {
        Self { request: !edits.request.is_empty(), response: !edits.response.is_empty() }
    }
}
