//! What the subcommands need of a policy: its faults, and its document.

use spangate_document::{Diagnostics, Node};
use spangate_policy::document::{self, Document};

/// Reads a policy. The document is there only if it has no errors.
pub fn load(node: &Node) -> (Option<Document>, Diagnostics) {
    let mut diagnostics = Diagnostics::default();
    let document = document::read(node, &mut diagnostics);
    (document.filter(|_| !diagnostics.has_errors()), diagnostics)
}
