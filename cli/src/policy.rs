//! What the subcommands need of a policy: its faults, and its document.

use spangate_document::{Diagnostics, Node};
use spangate_policy::document::{self, Document};

/// Reads a policy. The document is there only if it has no errors.
pub fn load(node: &Node, findings: &mut Diagnostics) -> Option<Document> {
    let mut found = Diagnostics::default();
    let document = document::read(node, &mut found).filter(|_| !found.has_errors());
    findings.extend(found);
    document
}
