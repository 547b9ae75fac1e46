//! Test files, as `spangate test` reads them: against the policy that they name.

use std::path::Path;

use spangate_document::{Diagnostic, Diagnostics, Node, Path as Place};
use spangate_simulation::{Files, Suite};

use crate::source::Source;

pub fn check(source: &Source, document: &Node, findings: &mut Diagnostics) {
    let Some(name) = Files::read(document, findings).policy else { return };
    let fault = |message: String| {
        let span = document.member("policy").and_then(|node| node.span);
        Diagnostic::error("policy_unusable", &Place::root().member("policy"), message).at(span)
    };
    // Paths in a test file are relative to it.
    let path = Path::new(&source.name).parent().unwrap_or(Path::new("")).join(&name);
    match Source::read(&path).map(|policy| policy.policy(&mut Diagnostics::default())) {
        Ok(Some((policy, _))) => drop(Suite::read(document, &policy, findings)),
        Ok(None) => {
            let help = format!("`spangate check {}` tells them", path.display());
            findings.push(fault(format!("the policy `{name}` has faults")).help(help));
        }
        Err(error) => findings.push(fault(format!("{error:#}"))),
    }
}
