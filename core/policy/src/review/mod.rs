//! Findings about a policy that has no faults: what is not used, what can never happen. For authors: a gateway
//! takes such a policy as it is.

use spangate_document::{Diagnostics, Node};

use crate::compile::compile;
use crate::document;
use crate::policy::Policy;

/// Reads a policy and tells everything: every fault, and what looks like a slip. There is a policy if there are
/// no faults.
pub fn check(node: &Node) -> (Option<Policy>, Diagnostics) {
    let mut diagnostics = Diagnostics::default();
    let Some(document) = document::read(node, &mut diagnostics) else { return (None, diagnostics.sorted()) };
    let compiled = compile(&document, node, &mut diagnostics);
    let policy = (!diagnostics.has_errors()).then_some(compiled.policy);
    (policy, diagnostics.sorted())
}
