//! `spangate check FILE…`: every fault at once, of each file and between them.

pub mod agreement;
mod tests;

use std::path::PathBuf;

use anyhow::Result;
use serde_json::json;
use spangate_document::{Diagnostic, Diagnostics, Node, Path, Severity};
use spangate_operations::Operations;
use spangate_policy::Policy;

use crate::Verdict;
use crate::report::Report;
use crate::source::{Kind, Source};

#[derive(clap::Args)]
pub struct Arguments {
    /// Policies, operations and tests, as YAML or JSON. Policies and operations that are given together are also
    /// compared with each other.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Print the findings as one JSON document.
    #[arg(long)]
    json: bool,
}

/// One file, as far as it could be understood.
struct Checked {
    source: Source,
    findings: Diagnostics,
    document: Option<Understood>,
}

enum Understood {
    /// The tree as well, for the places of what disagrees.
    Policy(Box<Policy>, Node),
    Operations(Operations),
}

pub fn run(arguments: &Arguments) -> Result<Verdict> {
    let sources = arguments.files.iter().map(|path| Source::read(path)).collect::<Result<Vec<_>>>()?;
    let mut files = sources.into_iter().map(check).collect::<Vec<_>>();
    compare(&mut files);
    let reports: Vec<_> = files
        .iter()
        .map(|file| Report { source: &file.source, findings: file.findings.clone().sorted() })
        .collect();
    let [errors, warnings] = [Severity::Error, Severity::Warning]
        .map(|severity| reports.iter().map(|report| report.count(severity)).sum::<usize>());
    if arguments.json {
        let findings: Vec<_> = reports.iter().flat_map(Report::json).collect();
        anstream::println!("{}", json!({"errors": errors, "warnings": warnings, "findings": findings}));
    } else {
        for report in &reports {
            anstream::print!("{}", report.picture());
        }
        anstream::println!(
            "{} checked: {}, {}",
            count(files.len(), "file"),
            count(errors, "error"),
            count(warnings, "warning")
        );
    }
    Ok(if errors == 0 { Verdict::Fine } else { Verdict::Findings })
}

fn check(source: Source) -> Checked {
    let mut findings = Diagnostics::default();
    let node = source.parse_as_far_as_it_goes(&mut findings);
    let document = node.and_then(|node| understand(&source, node, &mut findings));
    Checked { source, findings, document }
}

fn understand(source: &Source, node: Node, findings: &mut Diagnostics) -> Option<Understood> {
    match Kind::of(&node) {
        Some(Kind::Policy) => {
            let (policy, others) = spangate_policy::check(&node);
            findings.extend(others);
            policy.map(|policy| Understood::Policy(Box::new(policy), node))
        }
        Some(Kind::Operations) => operations(source, &node, findings).map(Understood::Operations),
        Some(Kind::Tests) => {
            tests::check(source, &node, findings);
            None
        }
        None => {
            let message = "this is neither a policy nor operations nor tests";
            let help = "a policy has `apis`, operations have `operations`, tests have `tests`";
            findings.push(Diagnostic::error("unknown_document", &Path::root(), message).help(help));
            None
        }
    }
}

/// Operations, unless they have a fault.
pub fn operations(source: &Source, node: &Node, findings: &mut Diagnostics) -> Option<Operations> {
    let (operations, others) = match spangate_operations::load_with(node, &|name| source.beside(name)) {
        Ok((operations, warnings)) => (Some(operations), warnings),
        Err(faults) => (None, faults),
    };
    findings.extend(others);
    operations
}

/// A call may be in any of the operations given; a file that has faults of its own is left out.
fn compare(files: &mut [Checked]) {
    let operations: Vec<_> = files
        .iter()
        .filter_map(|file| match &file.document {
            Some(Understood::Operations(operations)) => Some(operations.clone()),
            _ => None,
        })
        .collect();
    if operations.is_empty() {
        return;
    }
    for file in files {
        if let Some(Understood::Policy(policy, node)) = &file.document {
            agreement::check(policy, node, &operations, &mut file.findings);
        }
    }
}

fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
