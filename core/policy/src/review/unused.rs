//! Definitions that nothing names.

use std::collections::HashSet;

use spangate_document::Diagnostics;

use super::{sources, warning};
use crate::document::{Document, Named, StepKindSource};

pub(super) fn review(document: &Document, diagnostics: &mut Diagnostics) {
    let mut issuers = HashSet::new();
    for step in sources(document).values() {
        if let StepKindSource::Authenticate(authenticate) = &step.kind {
            issuers.extend(authenticate.issuers.iter().map(|issuer| issuer.text.as_str()));
        }
    }
    let operations = document.apis.iter().flat_map(|api| &api.value.operations);
    let roles =
        operations.flat_map(|operation| &operation.value.roles).map(|role| role.text.as_str()).collect();
    unused("issuer", &document.issuers, &issuers, diagnostics);
    unused("role", &document.roles, &roles, diagnostics);
}

fn unused<T>(what: &str, definitions: &[Named<T>], used: &HashSet<&str>, diagnostics: &mut Diagnostics) {
    for definition in definitions.iter().filter(|definition| !used.contains(definition.name.as_str())) {
        let message = format!("the {what} `{}` is not used", definition.name);
        diagnostics.push(warning("unused", &definition.path, definition.span, message));
    }
}
