//! The tables of `docs/testing.md` against what is read.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what a test did not expect fails it")]

mod support;

use std::collections::BTreeSet;

/// The keys of the table under a heading.
fn documented(heading: &str) -> BTreeSet<&'static str> {
    let page = include_str!("../../../docs/testing.md");
    let (_, section) = page.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.flat_map(|row| row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2)).collect()
}

/// The keys that a fault names when nothing comes near to an unknown one.
fn known(tests: &str) -> String {
    let faults = support::run(tests);
    let (_, known) = faults.split_once("known keys are ").unwrap_or_else(|| panic!("{faults}"));
    known.split(')').next().unwrap().to_owned()
}

fn check(heading: &str, test_with_unknown_key: &str) {
    let known = known(test_with_unknown_key);
    let known: BTreeSet<_> = known.split('`').skip(1).step_by(2).collect();
    assert_eq!(documented(heading), known, "{heading}");
}

#[test]
fn every_key_is_documented() {
    check("A test file", "  - {name: a, call: {path: /}, expect: {status: 200}, qqqqqqqqqqqq: 1}");
    check("A call", "  - {name: a, call: {path: /, qqqqqqqqqqqq: 1}, expect: {status: 200}}");
    check(
        "A token",
        "  - {name: a, call: {path: /, token: {issuer: entra, qqqqqqqqqqqq: 1}}, expect: {status: 200}}",
    );
    check("What is expected", "  - {name: a, call: {path: /}, expect: {status: 200, qqqqqqqqqqqq: 1}}");
}
