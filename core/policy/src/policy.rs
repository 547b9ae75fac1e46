//! The compiled policy: what a document becomes, once for each configuration. Names are indices here, and
//! whatever can be computed ahead of the calls has been.

use std::sync::Arc;

use spangate_limits::Limit;

use crate::condition::Condition;
use crate::document::{Mode, Versioning};
use crate::problem::Refusal;
use crate::route::{Router, Template};
use crate::token::Issuer;

#[derive(Debug)]
pub struct Policy {
    pub(crate) name: String,
    pub(crate) revision: String,
    pub(crate) mode: Mode,
    pub(crate) issuers: Vec<Issuer>,
    pub(crate) roles: Vec<Condition>,
    pub(crate) steps: Arc<[Step]>,
    pub(crate) apis: Vec<Api>,
    pub(crate) operations: Vec<Operation>,
    pub(crate) router: Router,
}

#[derive(Debug)]
pub struct Api {
    pub name: String,
    pub prefix: String,
    pub versioning: Option<Versioning>,
    pub versions: Vec<String>,
    pub(crate) steps: Arc<[Step]>,
}

#[derive(Debug)]
pub struct Operation {
    /// Index of its API.
    pub api: usize,
    /// Such as `orders.list_orders`.
    pub name: String,
    pub template: Template,
    /// Operation of the sidecar.
    pub call: String,
    pub public: bool,
    /// Indices of the roles of which one is needed.
    pub(crate) roles: Vec<usize>,
    pub(crate) steps: Arc<[Step]>,
}

#[derive(Debug)]
pub struct Step {
    /// Where it stands in the document.
    pub path: String,
    pub name: Option<String>,
    pub mode: Mode,
    pub(crate) when: Option<Condition>,
    pub(crate) kind: StepKind,
}

#[derive(Debug)]
pub(crate) enum StepKind {
    Authenticate { issuers: Vec<usize>, optional: bool },
    Require { condition: Condition, refusal: Refusal },
    Deny(Refusal),
    RateLimit(RateLimit),
}

/// A limit and what it counts by.
#[derive(Debug)]
pub struct RateLimit {
    /// What the client is told it is called.
    pub label: String,
    /// Tells this limit from every other: its place in the document, its rate and its burst.
    pub rule: Vec<u8>,
    pub limit: Limit,
    /// Whether allowed calls are told how the limit stands, too.
    pub tell: bool,
    pub(crate) key: Condition,
}

/// An operation as other documents see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallView<'p> {
    pub policy_operation: &'p str,
    pub call: &'p str,
    pub method: &'p str,
    pub path_parameters: Vec<&'p str>,
    pub public: bool,
}

impl Policy {
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same for documents that say the same: what the sidecar is told a call was admitted under.
    pub fn revision(&self) -> &str {
        &self.revision
    }

    pub fn issuers(&self) -> &[Issuer] {
        &self.issuers
    }

    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    pub fn apis(&self) -> &[Api] {
        &self.apis
    }

    /// What the policy calls on the sidecar.
    pub fn calls(&self) -> impl Iterator<Item = CallView<'_>> {
        self.operations.iter().map(|operation| CallView {
            policy_operation: &operation.name,
            call: &operation.call,
            method: &operation.template.method,
            path_parameters: operation.template.parameters().collect(),
            public: operation.public,
        })
    }
}
