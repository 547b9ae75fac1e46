//! Results as a person reads them.

use spangate_document::Severity;

use super::Ran;
use crate::report::Report;
use crate::style::{DIM, GREEN, RED};

/// What is wrong with the files, then a line for each test.
pub fn show(ran: &[Ran], reports: &[Report<'_>]) {
    for report in reports {
        anstream::print!("{}", report.picture());
    }
    for Ran { source, results, .. } in ran.iter().filter(|file| !file.results.is_empty()) {
        anstream::println!("{}", source.name);
        for result in results {
            match &result.failure {
                None => anstream::println!("  {GREEN}✓{GREEN:#} {}", result.name),
                Some(failure) => {
                    anstream::println!("  {RED}✗ {}{RED:#}", result.name);
                    let line = failure.span.or(result.span).map(|span| format!(":{}", span.line));
                    let place = format!("{}{}", source.name, line.unwrap_or_default());
                    anstream::println!("      {}\n      {DIM}{place}{DIM:#}", failure.message);
                }
            }
        }
    }
}

/// The last line: how many tests went how, and what was not run.
pub fn summary(ran: &[Ran], reports: &[Report<'_>]) {
    let results = || ran.iter().flat_map(|file| &file.results);
    let failed = results().filter(|result| result.failure.is_some()).count();
    let passed = results().count() - failed;
    let errors: usize = reports.iter().map(|report| report.count(Severity::Error)).sum();
    let style = if failed + errors == 0 { GREEN } else { RED };
    let faults = match errors {
        0 => String::new(),
        errors => format!(", {}", counted(errors, "fault in the files", "faults in the files")),
    };
    anstream::println!("{style}{passed} passed, {failed} failed{faults}{style:#}");
}

pub fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
