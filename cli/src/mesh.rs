//! A policy as the gateway will get it: without a fault, and with the mesh's own names of clusters.

mod clusters;

use anyhow::Result;
use serde_json::{Value, json};
use spangate_document::{Diagnostic, Diagnostics, Severity};

use crate::report::Report;
use crate::source::Source;

pub use clusters::Mapping;

/// What a policy's text is good for.
pub enum Prepared {
    Ready(Value),
    Faulty { errors: usize },
}

/// Checks and maps; findings go to standard error, since standard output is what is asked for.
pub fn prepare(source: &Source, clusters: &[Mapping], json: bool) -> Result<Prepared> {
    let mut findings = Diagnostics::default();
    let sound = source.policy(&mut findings);
    let findings = findings.into_iter().map(as_the_gateway).collect::<Diagnostics>();
    let sound = sound.filter(|_| !findings.has_errors());
    let report = Report { source, findings: findings.sorted() };
    if !json {
        anstream::eprint!("{}", report.picture());
    } else if !report.findings.is_empty() {
        anstream::eprintln!("{}", json!({"findings": report.json()}));
    }
    let Some((_, node)) = sound else {
        return Ok(Prepared::Faulty { errors: report.count(Severity::Error) });
    };
    let mut policy = node.to_json();
    clusters::rename(&mut policy, clusters)?;
    Ok(Prepared::Ready(policy))
}

/// What an author is only warned of, because a gateway will have none of it.
fn as_the_gateway(finding: Diagnostic) -> Diagnostic {
    match finding.code {
        "no_leases" => Diagnostic { severity: Severity::Error, ..finding },
        _ => finding,
    }
}
