//! How far the decision on one call has come. It holds no borrow, so that a call can wait.

use std::borrow::Cow;
use std::rc::Rc;

use spangate_limits::Hold;

use super::Caller;
use super::trace::{Place, Trace, TraceEntry, Verdict};
use crate::cors::Headers;
use crate::document::Mode;
use crate::policy::{Api, Operation, Policy, Version};
use crate::route::{Parameters, decode_segment};
use crate::step::{Cache, StepId, StepKind};

#[derive(Debug, Default)]
pub struct Progress {
    pub(super) stage: Stage,
    /// In the code of the stage.
    pub(super) index: usize,
    pub(super) routed: Option<Routed>,
    pub(super) caller: Option<Rc<Caller>>,
    pub(super) awaited_keys: bool,
    pub(super) trace: Trace,
    /// What pages of other origins are told, on every answer.
    pub(super) origin_headers: Headers,
    /// What allowed calls are told of their limits.
    pub(super) limit_headers: Headers,
    /// Headers of the request that goes on: a step, and for `set_header` the values in its order.
    pub(super) edits: Vec<(StepId, Vec<String>)>,
    /// The steps whose tokens do not go on.
    pub(super) credentials: Vec<StepId>,
    /// Steps with something to say about the body while it passes.
    pub(super) bodies: Vec<StepId>,
    pub(super) audit: Vec<(StepId, usize, serde_json::Value)>,
    pub(super) cache: Option<(StepId, Vec<u8>)>,
    /// Permits of limits that count by the answer.
    pub(super) holds: Vec<Held>,
    /// Places among calls in flight.
    pub(super) entered: Vec<(StepId, Vec<u8>)>,
}

/// The order in which steps apply (POLICY.md, "Order").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stage {
    #[default]
    Route,
    Document,
    Api,
    Roles,
    Operation,
    Target,
    Done,
}

#[derive(Debug)]
pub(super) struct Routed {
    pub operation: usize,
    pub version: Option<usize>,
    pub parameters: Parameters,
}

#[derive(Debug)]
pub(super) struct Held {
    pub step: StepId,
    pub tier: usize,
    pub account: Vec<u8>,
    pub hold: Hold,
}

impl Progress {
    pub fn caller(&self) -> Option<&Caller> {
        self.caller.as_deref()
    }

    /// The steps taken so far, in their order.
    pub fn trace(&self) -> &[TraceEntry] {
        &self.trace
    }

    pub fn operation<'p>(&self, policy: &'p Policy) -> Option<&'p Operation> {
        policy.operations.get(self.routed.as_ref()?.operation)
    }

    /// The version's name, in an API that has versions.
    pub fn version<'p>(&self, policy: &'p Policy) -> Option<&'p str> {
        self.routed_version(policy).map(|version| version.name.as_str())
    }

    pub(super) fn api<'p>(&self, policy: &'p Policy) -> Option<&'p Api> {
        policy.apis.get(self.operation(policy)?.api)
    }

    pub(super) fn routed_version<'p>(&self, policy: &'p Policy) -> Option<&'p Version> {
        self.api(policy)?.versions.get(self.routed.as_ref()?.version?)
    }

    /// Parameters of the path, decoded once. Routing has accepted the path, so every segment decodes.
    pub fn path_parameters<'p>(
        &'p self,
        policy: &'p Policy,
        path: &'p str,
    ) -> impl Iterator<Item = (&'p str, Cow<'p, str>)> {
        let names = self.operation(policy).into_iter().flat_map(|operation| operation.template.parameters());
        names.enumerate().filter_map(move |(number, name)| {
            let raw = self.routed.as_ref()?.parameters.raw(path, number)?;
            Some((name, decode_segment(raw).ok()?))
        })
    }

    /// What `audit` steps add to the record of this call.
    pub fn audit_fields<'p>(
        &'p self,
        policy: &'p Policy,
    ) -> impl Iterator<Item = (&'p str, &'p serde_json::Value)> {
        self.audit.iter().filter_map(|(step, index, value)| match &policy.step(*step)?.kind {
            StepKind::Audit(fields) => Some((fields.get(*index)?.0.as_str(), value)),
            _ => None,
        })
    }

    /// How the answer may be kept, and the bytes that tell it from answers to other callers of the same operation.
    pub fn cache<'p>(&'p self, policy: &'p Policy) -> Option<(&'p Cache, &'p [u8])> {
        let (step, vary) = self.cache.as_ref()?;
        match &policy.step(*step)?.kind {
            StepKind::Cache(cache) => Some((cache, vary)),
            _ => None,
        }
    }

    pub(super) fn record(&mut self, place: Place, mode: Mode, verdict: Verdict) {
        self.trace.push(TraceEntry { place, mode, verdict });
    }
}
