//! Which parts of a policy its tests have seen, both ways.

use std::collections::{BTreeMap, BTreeSet};

use crate::outcome::{Outcome, Passed};

/// What the traces of all calls have shown so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// By path of the step.
    steps: BTreeMap<String, BTreeSet<Passed>>,
    operations: BTreeSet<String>,
}

impl Coverage {
    pub fn note(&mut self, outcome: &Outcome) {
        self.operations.extend(outcome.operation.clone());
        for passage in &outcome.trace {
            self.steps.entry(passage.path.clone()).or_default().insert(passage.verdict);
        }
    }
}
