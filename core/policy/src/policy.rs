//! The compiled policy: what a document becomes, once for each configuration. Names are indices here, and
//! whatever can be computed ahead of the calls has been.

use std::fmt;

use crate::condition::Condition;
use crate::cors::Headers;
use crate::document::{LimitScope, Mode, Versioning};
use crate::facts::Timestamp;
use crate::route::{Forward, Router, Template};
use crate::step::{AnswerPlan, Code, Step, StepId, StepKind};
use crate::token::Issuer;

#[derive(Debug)]
pub struct Policy {
    pub(crate) name: String,
    pub(crate) revision: String,
    pub(crate) mode: Mode,
    pub(crate) issuers: Vec<Issuer>,
    pub(crate) roles: Vec<Role>,
    pub(crate) steps: Vec<Step>,
    /// The policy's own steps; those of APIs and operations stand with them.
    pub(crate) code: Code,
    pub(crate) apis: Vec<Api>,
    pub(crate) operations: Vec<Operation>,
    pub(crate) router: Router,
}

#[derive(Debug)]
pub struct Role {
    pub name: String,
    pub(crate) condition: Condition,
}

#[derive(Debug)]
pub struct Api {
    pub name: String,
    pub prefix: String,
    pub versioning: Option<Versioning>,
    pub versions: Vec<Version>,
    pub(crate) code: Code,
}

#[derive(Debug)]
pub struct Version {
    pub name: String,
    /// From then on its calls are refused.
    pub retired: Option<Timestamp>,
    /// `Deprecation`, `Sunset` and `Link`, as far as there is something to tell.
    pub headers: Headers,
}

#[derive(Debug)]
pub struct Operation {
    /// Index of its API.
    pub api: usize,
    /// Such as `orders.list_orders`.
    pub name: String,
    pub template: Template,
    pub target: Target,
    pub public: bool,
    /// Indices of the API's versions that have it.
    pub versions: Vec<usize>,
    /// Indices of the roles of which one is needed.
    pub(crate) roles: Vec<usize>,
    pub(crate) code: Code,
    /// Request headers, in lower case, that a `validate` step on its way names: what the sidecar may bind from.
    pub headers: Vec<String>,
    /// The `cors` step that holds for it: its own, else its API's, else the policy's.
    pub(crate) cors: Option<StepId>,
}

/// What an allowed call comes to.
#[derive(Debug)]
pub enum Target {
    /// An operation of the sidecar.
    Call(String),
    /// Another upstream.
    Forward(Forward),
    /// The policy's own answer.
    Respond(AnswerPlan),
}

/// A limit that counts further than one proxy sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WideLimit<'p> {
    /// The step's place in the document.
    pub path: &'p str,
    /// `quota` or `rate_limit`.
    pub kind: &'static str,
    pub scope: LimitScope,
}

/// Why a gateway has none of it.
impl fmt::Display for WideLimit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, scope, .. } = self;
        write!(f, "the gateway has no source of leases for `{kind}` with `scope: {}` yet", scope.as_str())
    }
}

impl Policy {
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same for documents that say the same: what the sidecar is told a call was admitted under.
    pub fn revision(&self) -> &str {
        &self.revision
    }

    pub fn mode(&self) -> Mode {
        self.mode
    }

    pub fn issuers(&self) -> &[Issuer] {
        &self.issuers
    }

    pub fn roles(&self) -> &[Role] {
        &self.roles
    }

    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    pub fn apis(&self) -> &[Api] {
        &self.apis
    }

    /// Every step, groups and what is in them included, by [`StepId`].
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    pub fn step(&self, id: StepId) -> Option<&Step> {
        self.steps.get(id.index())
    }

    /// Limits that need a source of leases beyond one proxy. A host that has none must not take the policy: a limit
    /// that is not kept is worse than none.
    pub fn wide_limits(&self) -> impl Iterator<Item = WideLimit<'_>> {
        self.steps.iter().filter_map(|step| {
            let scope = match &step.kind {
                StepKind::RateLimit(limit) if limit.scope != LimitScope::Proxy => limit.scope,
                StepKind::Quota(quota) => quota.scope,
                _ => return None,
            };
            Some(WideLimit { path: &step.path, kind: step.kind_name(), scope })
        })
    }
}
