//! One engine, one verdict: on thousands of generated calls the real Envoy with the filter gives the status and the
//! reason that the native engine gives, and its own counters say that it was the filter that decided.

use std::collections::BTreeMap;
use std::time::SystemTime;

use spangate_document::from_json;
use spangate_generated::{CALLS_COMPARED, Document, Native, SEED, documents};
use spangate_policy::facts::{Call as _, Timestamp};
use spangate_stack::http::Answer;
use spangate_stack::{Options, Stack};

use crate::support::{Connection, PROTOCOLS, Request, Upstream, assert_no_trap, eventually, statistics};

fn agree(name: &str) {
    let document = documents().into_iter().find(|document| document.name() == name).unwrap();
    // What is let through is forwarded: an upstream without opinions of its own answers it with 200.
    let upstream = Upstream::start();
    let options = Options::storefront().unwrap().policy(document.policy.to_string());
    let stack = Stack::start(options.upstream("hello", upstream.port)).unwrap();
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let now = Timestamp { nanoseconds: since_1970.as_nanos().try_into().unwrap() };
    let policy = from_json(&document.policy.to_string()).unwrap();
    let native = Native::new(&document, &policy, now);

    let mut told = compare(&stack, &document, &native);
    // The stack itself has asked once, for a path that is none, to see whether the filter decides.
    *told.entry("route_not_found".to_owned()).or_default() += 1;
    eventually("the gateway has counted every call", || {
        decisions(&stack).values().sum::<u64>() >= told.values().sum()
    });
    assert_eq!(decisions(&stack), told);
    assert_no_trap(&stack);
}

/// Sends every call, by turns over each protocol; how often each reason was given, and "" for none.
fn compare(stack: &Stack, document: &Document, native: &Native) -> BTreeMap<String, u64> {
    let mut connections = PROTOCOLS.map(|protocol| Connection::open(stack, protocol).unwrap());
    let turns = connections.len();
    let mut simulation = native.simulation();
    let mut told: BTreeMap<String, u64> = BTreeMap::new();
    for (number, generated) in document.calls(CALLS_COMPARED, SEED).iter().enumerate() {
        let expected = native.decide(&mut simulation, generated);
        let answer = connections[number % turns].send(request(native, generated)).unwrap();
        let is_head = generated.call["method"] == "HEAD";
        let reason = if is_head { expected.reason.clone() } else { reason(&answer) };
        assert_eq!(
            (answer.status, &reason),
            (expected.status, &expected.reason),
            "{} {}: {}",
            document.name(),
            generated.call,
            answer.text()
        );
        *told.entry(expected.reason.unwrap_or_default()).or_default() += 1;
    }
    told
}

/// The described call, as a client sends it.
fn request(native: &Native, generated: &spangate_generated::Generated) -> Request {
    let call = native.call(generated);
    let described = native.request(&call);
    let query = described.raw_query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut request = Request::new(&call.method, &format!("{}{query}", call.path)).authority(&call.authority);
    for (name, value) in described.pairs().iter().filter(|(name, _)| name != "content-length") {
        request = request.header(name, value);
    }
    match &call.body {
        None => request,
        Some(body) if body.is_chunked => request.sized(body.size.try_into().unwrap()).in_chunks(100),
        Some(body) => request.sized(body.size.try_into().unwrap()),
    }
}

fn reason(answer: &Answer) -> Option<String> {
    let is_problem = answer.header("content-type") == Some("application/problem+json");
    is_problem.then(|| answer.json().unwrap()["reason"].as_str().unwrap().to_owned())
}

/// The gateway's own counts: of each reason, and under "" of what it let through.
fn decisions(stack: &Stack) -> BTreeMap<String, u64> {
    let mut counted: BTreeMap<String, u64> = BTreeMap::new();
    for (name, times) in statistics(stack, "^wasmcustom.spangate_") {
        let name = name.strip_prefix("wasmcustom.spangate_").unwrap();
        if let Some(reason) = name.strip_prefix("refused_") {
            *counted.entry(reason.to_owned()).or_default() += times;
        } else if name.starts_with("allowed_") {
            *counted.entry(String::new()).or_default() += times;
        }
    }
    counted
}

#[test]
fn versions_roles_and_tokens() {
    agree("shop");
}

#[test]
fn conditions_groups_and_validation() {
    agree("headers");
}

#[test]
fn pages_of_other_origins() {
    agree("origins");
}

#[test]
fn a_policy_on_trial() {
    agree("trial");
}
