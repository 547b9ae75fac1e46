//! `spangate test DIR|FILE…`: runs test files against their policies, without a gateway.

mod coverage;
mod files;
mod junit;
mod loaded;
mod show;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use spangate_document::{Diagnostics, Severity};
use spangate_simulation::{Files, Suite, TestResult};

use crate::Verdict;
use crate::report::Report;
use crate::source::Source;
use loaded::{Loaded, Policies};

#[derive(clap::Args)]
pub struct Arguments {
    /// Test files, or directories in which to look for them.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Tell which steps and operations no test has seen both ways.
    #[arg(long)]
    coverage: bool,
    /// Write the results as JUnit XML as well.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Print the results as one JSON document.
    #[arg(long)]
    json: bool,
}

/// One test file, as far as it could be run.
struct Ran {
    source: Source,
    findings: Diagnostics,
    results: Vec<TestResult>,
}

pub fn run(arguments: &Arguments) -> Result<Verdict> {
    let mut policies = Policies::default();
    let files = files::find(&arguments.paths)?;
    let ran = files.into_iter().map(|source| run_file(source, &mut policies)).collect::<Result<Vec<_>>>()?;
    let reports: Vec<Report<'_>> = policies
        .iter()
        .flat_map(Loaded::faults)
        .chain(ran.iter().map(|file| (&file.source, file.findings.clone())))
        .map(|(source, findings)| Report { source, findings: findings.sorted() })
        .collect();
    if let Some(path) = &arguments.junit {
        junit::write(path, &ran, &reports)?;
    }
    if arguments.json {
        let coverage = arguments.coverage.then(|| coverage::json(&policies));
        anstream::println!("{}", as_json(&ran, &reports, coverage));
    } else {
        show::show(&ran, &reports);
        if arguments.coverage {
            coverage::show(&policies);
        }
        show::summary(&ran, &reports);
    }
    let faulty = reports.iter().any(|report| report.count(Severity::Error) > 0);
    let failed = ran.iter().flat_map(|file| &file.results).any(|result| result.failure.is_some());
    Ok(if faulty || failed { Verdict::Findings } else { Verdict::Fine })
}

fn run_file(source: Source, policies: &mut Policies) -> Result<Ran> {
    let mut findings = Diagnostics::default();
    let results = match source.parse(&mut findings) {
        None => Vec::new(),
        Some(document) => {
            let files = Files::read(&document, &mut findings);
            let policy = policy_of(&source, &files, policies)?;
            let read = policy.as_ref().and_then(|loaded| loaded.policy());
            let suite = read.and_then(|policy| Suite::read(&document, policy, &mut findings));
            match (policy, suite.filter(|_| !findings.has_errors())) {
                (Some(policy), Some(suite)) => {
                    suite.tests.iter().filter_map(|test| policy.run(test)).collect()
                }
                _ => Vec::new(),
            }
        }
    };
    Ok(Ran { source, findings, results })
}

/// Paths in a test file are relative to it.
fn policy_of<'p>(
    source: &Source,
    files: &Files,
    policies: &'p mut Policies,
) -> Result<Option<&'p mut Loaded>> {
    let Some(policy) = &files.policy else { return Ok(None) };
    let directory = Path::new(&source.name).parent().unwrap_or(Path::new(""));
    let operations: Vec<PathBuf> = files.operations.iter().map(|file| directory.join(file)).collect();
    let loaded = policies.load(&directory.join(policy), &operations);
    loaded.with_context(|| format!("{} names a file that is not there", source.name)).map(Some)
}

fn as_json(ran: &[Ran], reports: &[Report<'_>], coverage: Option<Value>) -> Value {
    let tests: Vec<Value> = ran
        .iter()
        .flat_map(|file| file.results.iter().map(|result| result_json(&file.source, result)))
        .collect();
    let failed = ran.iter().flat_map(|file| &file.results).filter(|result| result.failure.is_some()).count();
    let findings: Vec<Value> = reports.iter().flat_map(Report::json).collect();
    json!({
        "passed": tests.len() - failed,
        "failed": failed,
        "tests": tests,
        "findings": findings,
        "coverage": coverage,
    })
}

fn result_json(source: &Source, result: &TestResult) -> Value {
    let TestResult { name, path, span, calls, failure } = result;
    let place = failure.as_ref().and_then(|failure| failure.span).or(*span);
    json!({
        "file": source.name,
        "line": place.map(|span| span.line),
        "path": path,
        "name": name,
        "calls": calls,
        "passed": failure.is_none(),
        "message": failure.as_ref().map(|failure| &failure.message),
    })
}
