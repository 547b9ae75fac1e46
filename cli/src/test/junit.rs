//! Results as JUnit XML, which most build servers read.

use std::path::Path;

use anyhow::{Context, Result};
use quick_junit::{NonSuccessKind, Report as JunitReport, TestCase, TestCaseStatus, TestSuite};

use super::Ran;
use crate::report::Report;

/// A suite for each test file. A file that could not be run is a suite with one error, so that it is not
/// mistaken for one without tests.
pub fn write(path: &Path, ran: &[Ran], reports: &[Report<'_>]) -> Result<()> {
    let mut junit = JunitReport::new("spangate");
    for Ran { source, results, .. } in ran {
        let mut suite = TestSuite::new(source.name.as_str());
        for result in results {
            let status = match &result.failure {
                None => TestCaseStatus::success(),
                Some(failure) => {
                    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                    status.set_message(failure.message.as_str());
                    status
                }
            };
            let mut case = TestCase::new(result.name.as_str(), status);
            case.set_classname(source.name.as_str());
            suite.add_test_case(case);
        }
        junit.add_test_suite(suite);
    }
    for report in reports {
        let errors =
            report.findings.iter().filter(|finding| finding.severity == spangate_document::Severity::Error);
        let mut suite = TestSuite::new(report.source.name.as_str());
        for error in errors {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_message(error.to_string());
            suite.add_test_case(TestCase::new(error.code, status));
        }
        if suite.test_cases.iter().len() > 0 {
            junit.add_test_suite(suite);
        }
    }
    let text = junit.to_string().context("cannot write the results as XML")?;
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
