//! Problem documents (RFC 9457), compared whole, and the reasons that are documented.

use std::collections::BTreeSet;

use spangate_stack::http::Answer;
use spangate_stack::root;

/// The answer is the problem document of this refusal, and nothing else than its five members is told.
#[track_caller]
pub fn assert_problem(answer: &Answer, status: u16, reason: &str) {
    let told = || format!("expected {status} {reason}, found {} {}", answer.status, answer.text());
    assert_eq!(answer.status, status, "{}", told());
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{}", told());
    let problem = answer.json().unwrap();
    let members: Vec<&str> = problem.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members.len(), 5, "{}", told());
    assert_eq!(problem["status"], status, "{}", told());
    assert_eq!(problem["reason"], reason, "{}", told());
    for told_in_words in ["title", "detail", "request_id"] {
        assert!(problem[told_in_words].as_str().is_some_and(|text| !text.is_empty()), "{}", told());
    }
    let challenge = answer.header("www-authenticate").unwrap_or_default();
    assert_eq!(challenge.starts_with("Bearer"), status == 401, "{}: `{challenge}`", told());
    assert!(!problem["detail"].as_str().is_some_and(|detail| detail.contains("SELECT")), "{}", told());
}

/// Each reason with each of its statuses, of a section of `docs/reasons.md`.
pub fn documented(section: &str) -> BTreeSet<(String, u16)> {
    let page = std::fs::read_to_string(root().join("docs/reasons.md")).unwrap();
    let (_, rows) = page.split_once(&format!("## {section}\n")).unwrap();
    let rows = rows.lines().take_while(|line| !line.starts_with("## "));
    rows.filter_map(|line| line.strip_prefix("| `"))
        .flat_map(|row| {
            let (reason, rest) = row.split_once("` | ").unwrap();
            let (statuses, _) = rest.split_once(" |").unwrap();
            statuses.split(", ").map(move |status| (reason.to_owned(), status.parse().unwrap()))
        })
        .collect()
}
