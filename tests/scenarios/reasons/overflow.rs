//! More calls at once than Envoy lets on to the sidecar: they have waited for a key, and are woken together. Envoy's
//! breaker refuses those beyond its limit, and each of them is told so by a problem document.

use std::thread::scope;

use rustix::process::{Pid, Signal, kill_process};
use spangate_mock_spanner::Step;
use spangate_stack::{Part, Stack, http};

use super::site::{options, spanner};
use crate::support::{
    Connection, PROTOCOLS, Request, assert_no_trap, assert_problem, eventually, statistics,
};

const BREAKER: u32 = 4;
const BEYOND: u32 = 8;

#[test]
fn calls_beyond_the_breaker_are_refused_in_words() {
    let directory = tempfile::tempdir().unwrap();
    let options = options(directory.path()).breaker(BREAKER);
    let spanner = spanner(&options);
    let stack = Stack::start(options).unwrap();

    // Its key is not known yet, and nobody answers who has it.
    assert_eq!(http::post(&stack.issuer("/rotate"), &[], b"").unwrap().status, 200);
    let token = stack.token("canary").unwrap();
    let issuer = Pid::from_raw(stack.process(Part::Issuer).unwrap().id().try_into().unwrap()).unwrap();
    kill_process(issuer, Signal::STOP).unwrap();
    // What is let on stays there until the operation's deadline.
    spanner.silent(Step::Stream);
    let port = stack.options().ports.gateway;
    let call = |protocol| {
        let read = Request::get("/items/v1/1").token(&token);
        Connection::to(port, protocol).unwrap().send(read).unwrap()
    };
    let answers: Vec<_> = scope(|scope| {
        let protocols = PROTOCOLS.into_iter().cycle().take((BREAKER + BEYOND) as usize);
        let calls: Vec<_> = protocols.map(|protocol| scope.spawn(move || call(protocol))).collect();
        eventually("all wait", || count(&stack, "http.gateway.downstream_rq_active") == BREAKER + BEYOND);
        assert_eq!(count(&stack, "cluster.spanner-sidecar.upstream_rq_total"), 0);
        kill_process(issuer, Signal::CONT).unwrap();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    let (refused, let_on): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 503);
    assert_eq!(count(&stack, "cluster.spanner-sidecar.upstream_rq_active_overflow"), BEYOND);
    assert_eq!(refused.len(), BEYOND as usize);
    for answer in refused {
        assert_problem(&answer, 503, "upstream_unavailable");
        assert!(answer.header("retry-after").is_some(), "{:?}", answer.headers);
    }
    let_on.iter().for_each(|answer| assert_problem(answer, 504, "deadline_exceeded"));

    spanner.heal_all();
    assert_eq!(call(PROTOCOLS[0]).text(), r#"{"title":"oriole-row"}"#);
    assert_no_trap(&stack);
}

fn count(stack: &Stack, name: &str) -> u32 {
    statistics(stack, &format!("^{name}$")).into_values().map(|count| u32::try_from(count).unwrap()).sum()
}
