//! Problem documents (RFC 9457), compared whole.

use spangate_stack::http::Answer;

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
