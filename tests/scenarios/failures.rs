//! What breaks behind the gateway: told as what it is, never as an answer that looks whole, and over once the part is
//! back.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use spangate_stack::{Options, Part, Stack};

use crate::support::{
    Connection, ORDERS, PROTOCOLS, Protocol, Request, assert_problem, assert_sound,
    connection_to_each_worker, eventually, operations_with, orders_in_database, storefront,
};

#[test]
fn the_sidecar_killed_and_started_again() {
    let mut stack = storefront();
    let (alice, bob) = (stack.token("alice").unwrap(), stack.token("bob").unwrap());
    let orders = orders_in_database(&stack);
    let mut connections = connection_to_each_worker(&stack, Protocol::Http1);
    connections.extend(connection_to_each_worker(&stack, Protocol::Http2));
    for round in 0..2 {
        for connection in &mut connections {
            assert_eq!(connection.send(Request::get(ORDERS).token(&alice)).unwrap().status, 200);
        }
        stack.kill_part(Part::Sidecar);
        // Before Envoy's health check knows and after.
        for _ in 0..2 {
            for connection in &mut connections {
                let read = connection.send(Request::get(ORDERS).token(&alice)).unwrap();
                assert_problem(&read, 503, "upstream_unavailable");
                assert!(read.header("retry-after").is_some());
                let write = Request::post(ORDERS, &json!({"total": "1"})).token(&bob);
                assert_problem(&connection.send(write).unwrap(), 503, "upstream_unavailable");
                let chunked = Request::post(ORDERS, &json!({"total": "1"})).in_chunks(3).token(&bob);
                assert_problem(&connection.send(chunked).unwrap(), 503, "upstream_unavailable");
                let head = connection.send(Request::new("HEAD", ORDERS).token(&alice)).unwrap();
                assert_eq!((head.status, head.body.len()), (503, 0));
                // What the filter decides by itself needs no sidecar.
                assert_problem(&connection.send(Request::get(ORDERS)).unwrap(), 401, "token_missing");
            }
            eventually("Envoy's health check knows", || {
                crate::support::statistics(&stack, "^cluster.spanner-sidecar.membership_healthy$")
                    .values()
                    .eq([&0])
            });
        }
        stack.start_part(Part::Sidecar).unwrap();
        stack.wait_ready().unwrap();
        for connection in &mut connections {
            let answer = connection.send(Request::get(&format!("{ORDERS}?limit=1")).token(&alice)).unwrap();
            assert_eq!(answer.status, 200, "round {round}: {}", answer.text());
            assert_eq!(answer.json().unwrap()["rows"][0]["total"], "15");
        }
    }
    assert_eq!(orders_in_database(&stack), orders);
    assert_sound(&stack);
}

/// A sidecar that hangs takes connections and answers nothing: its callers are told within seconds, not kept waiting.
#[test]
fn the_sidecar_hanging() {
    let stack = storefront();
    let alice = stack.token("alice").unwrap();
    let sidecar = Pid::from_raw(stack.process(Part::Sidecar).unwrap().id().try_into().unwrap()).unwrap();
    for protocol in PROTOCOLS {
        let mut connection = Connection::open(&stack, protocol).unwrap();
        let mut list = || connection.send(Request::get(&format!("{ORDERS}?limit=1")).token(&alice)).unwrap();
        assert_eq!(list().status, 200);
        kill_process(sidecar, Signal::STOP).unwrap();
        let answer = list();
        kill_process(sidecar, Signal::CONT).unwrap();
        assert_problem(&answer, 503, "upstream_unavailable");
        eventually("it serves again", || list().status == 200);
    }
    assert_sound(&stack);
}

/// Under load: calls in flight may fail, each as a problem document; once the operation is served again, none does.
#[test]
fn the_emulator_killed_and_started_again() {
    const BEFORE: usize = 0;
    const DOWN: usize = 1;
    const BACK: usize = 2;
    const END: usize = 3;
    let mut stack = storefront();
    let alice = stack.token("alice").unwrap();
    let (gateway, phase) = (stack.options().ports.gateway, AtomicUsize::new(BEFORE));
    // Answers by the phase in which the call began and the one in which it ended, and by outcome.
    let answers = std::thread::scope(|scope| {
        let callers: Vec<_> = PROTOCOLS
            .into_iter()
            .cycle()
            .take(6)
            .map(|protocol| {
                let (phase, alice) = (&phase, &alice);
                scope.spawn(move || {
                    let mut connection = Connection::to(gateway, protocol).unwrap();
                    let mut answers = Vec::new();
                    loop {
                        let began = phase.load(Ordering::SeqCst);
                        if began == END {
                            return answers;
                        }
                        let request = Request::get(&format!("{ORDERS}?limit=1")).token(alice);
                        let answer = connection.send(request).unwrap();
                        let outcome = match answer.status {
                            200 => match answer.json().unwrap()["rows"].as_array().unwrap().as_slice() {
                                // Tables are made before their rows.
                                [] => "empty".to_owned(),
                                rows => {
                                    assert_eq!(rows[0]["total"], "15");
                                    "right".to_owned()
                                }
                            },
                            status => {
                                let reason = answer.json().unwrap()["reason"].as_str().unwrap().to_owned();
                                assert_problem(&answer, status, &reason);
                                assert!(status >= 500, "{}", answer.text());
                                reason
                            }
                        };
                        answers.push((began, phase.load(Ordering::SeqCst), outcome));
                    }
                })
            })
            .collect();
        let pause = || std::thread::sleep(std::time::Duration::from_secs(1));
        pause();
        for _ in 0..2 {
            phase.store(DOWN, Ordering::SeqCst);
            stack.kill_part(Part::Emulator);
            pause();
            stack.start_part(Part::Emulator).unwrap();
            // Whoever called before the tables were there has had the operation taken for one that does not fit.
            let list = || Request::get(&format!("{ORDERS}?limit=1")).token(&alice);
            let mut connection = Connection::to(gateway, PROTOCOLS[0]).unwrap();
            eventually("it is served again", || connection.send(list()).unwrap().status == 200);
            phase.store(BACK, Ordering::SeqCst);
            pause();
        }
        phase.store(END, Ordering::SeqCst);
        callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect::<Vec<_>>()
    });
    let mut counted = BTreeMap::new();
    for answer in answers {
        *counted.entry(answer).or_insert(0) += 1;
    }
    let told = format!("{counted:#?}");
    for (began, ended, outcome) in counted.keys() {
        let undisturbed = began == ended && *began != DOWN;
        assert!(outcome == "right" || !undisturbed, "{told}");
    }
    for phase in [BEFORE, BACK] {
        assert!(counted.contains_key(&(phase, phase, "right".to_owned())), "{told}");
    }
    assert!(
        counted.keys().any(|(began, _, outcome)| *began == DOWN && outcome != "right"),
        "nothing was down: {told}"
    );
    assert_sound(&stack);
}

/// A large answer, the sidecar killed when some of it is there: over neither protocol can a client take it for whole.
#[test]
fn a_broken_answer_looks_broken() {
    let operations = operations_with(|operations| {
        operations["operations"]["ListProducts"]["read"]["sql"] =
            "SELECT n, REPEAT('x', 100000) AS text FROM UNNEST(GENERATE_ARRAY(1, 300)) AS n".into();
    });
    let mut stack = Stack::start(Options::storefront().unwrap().operations(operations)).unwrap();
    let catalog = || Request::get("/storefront/v2/catalog");
    for protocol in PROTOCOLS {
        let mut connection = Connection::open(&stack, protocol).unwrap();
        assert!(connection.send(catalog()).unwrap().json().unwrap()["rows"].as_array().unwrap().len() == 300);

        let mut begun = connection.begin(catalog()).unwrap();
        assert_eq!(begun.answer.status, 200);
        assert!(begun.read().unwrap());
        let ready = times_ready(&stack);
        stack.kill_part(Part::Sidecar);
        let fault = begun.rest().expect_err("a cut answer looked whole");
        assert!(fault.to_string().contains("the answer was cut"), "{fault:#}");

        stack.start_part(Part::Sidecar).unwrap();
        // It listens before it has planned its operations, and Envoy may not have missed it yet.
        eventually("the sidecar serves", || times_ready(&stack) > ready);
        stack.wait_ready().unwrap();
        let mut connection = Connection::open(&stack, protocol).unwrap();
        assert_eq!(connection.send(catalog()).unwrap().status, 200);
    }
}

/// How often the sidecar has said that it serves; its log outlives it.
fn times_ready(stack: &Stack) -> usize {
    stack.process(Part::Sidecar).unwrap().tail(usize::MAX).matches(r#""event":"ready""#).count()
}

/// A database that answers a row and then fails: the status was promised already, so the answer breaks off.
#[test]
fn an_answer_that_fails_half_way_is_cut() {
    let operations = operations_with(|operations| {
        operations["operations"]["ListProducts"]["read"]["sql"] =
            "SELECT n, REPEAT('x', 100000) AS text, DIV(1, 250 - n) AS fault FROM UNNEST(GENERATE_ARRAY(1, 300)) AS n"
                .into();
    });
    let stack = Stack::start(Options::storefront().unwrap().operations(operations)).unwrap();
    for protocol in PROTOCOLS {
        let mut connection = Connection::open(&stack, protocol).unwrap();
        // Where the database fails before the first row, it is a refusal; whichever it is, no 200 is whole.
        match connection.send(Request::get("/storefront/v2/catalog")) {
            Ok(answer) => {
                let reason = answer.json().unwrap()["reason"].as_str().unwrap().to_owned();
                assert_problem(&answer, answer.status, &reason);
                assert!(answer.status >= 400);
            }
            Err(fault) => assert!(fault.to_string().contains("the answer was cut"), "{fault:#}"),
        }
    }
    assert_sound(&stack);
}
