//! The issuer's keys: rotated, withdrawn, and not to be had.

use std::thread::{self, JoinHandle};

use serde_json::json;
use spangate_stack::{Options, Part, Stack, http};

use crate::support::{
    Connection, ORDERS, PROTOCOLS, Protocol, Request, Token, assert_problem, assert_sound,
    connection_to_each_worker, eventually, forge, policy_with, statistics, storefront,
};

fn rotate(stack: &Stack, query: &str) {
    let answer = http::post(&stack.issuer(&format!("/rotate{query}")), &[], b"").unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
}

fn fetches(stack: &Stack) -> u64 {
    statistics(stack, "^cluster.issuer.upstream_rq_total$").into_values().sum()
}

fn list(connection: &mut Connection, token: &str) -> http::Answer {
    connection.send(Request::get(&format!("{ORDERS}?limit=1")).token(token)).unwrap()
}

#[test]
fn a_new_key_is_fetched_while_the_call_waits() {
    let stack = storefront();
    let old = stack.token("alice").unwrap();
    for protocol in PROTOCOLS {
        let before = fetches(&stack);
        rotate(&stack, "");
        for algorithm in ["RS256", "ES256"] {
            let new = Token { algorithm, ..Token::of("alice") }.ask(&stack).unwrap();
            for connection in &mut connection_to_each_worker(&stack, protocol) {
                let answer = list(connection, &new);
                assert_eq!(answer.status, 200, "the first call with the new key: {}", answer.text());
                assert_eq!(answer.json().unwrap()["rows"][0]["total"], "15");
            }
        }
        assert_eq!(fetches(&stack), before + 1, "one fetch for all workers");
        if protocol == PROTOCOLS[0] {
            // Still published.
            for connection in &mut connection_to_each_worker(&stack, protocol) {
                assert_eq!(list(connection, &old).status, 200);
            }
        }
    }
    // Two rotations later its key is gone, on every worker, though the token was good a moment ago.
    for connection in &mut connection_to_each_worker(&stack, Protocol::Http1) {
        assert_problem(&list(connection, &old), 401, "token_key_unknown");
    }
    assert_sound(&stack);
}

#[test]
fn a_withdrawn_key_is_refused_once_keys_are_fetched_again() {
    let policy = policy_with(|policy| policy["issuers"]["development"]["refresh"] = "1s".into());
    let stack = Stack::start(Options::storefront().unwrap().policy(policy)).unwrap();
    let old = stack.token("alice").unwrap();
    let mut connections = connection_to_each_worker(&stack, Protocol::Http2);
    for connection in &mut connections {
        assert_eq!(list(connection, &old).status, 200);
    }
    rotate(&stack, "?withdraw=true");
    for connection in &mut connections {
        eventually("the withdrawn key's token is refused", || list(connection, &old).status == 401);
        assert_problem(&list(connection, &old), 401, "token_key_unknown");
        let new = stack.token("alice").unwrap();
        assert_eq!(list(connection, &new).status, 200);
    }
    assert_sound(&stack);
}

/// An issuer that is down says nothing against a token: 503, not 401; and a public operation needs no keys.
#[test]
fn without_keys_calls_are_refused_until_they_come() {
    let mut stack = Stack::prepare(Options::storefront().unwrap()).unwrap();
    for part in [Part::Emulator, Part::Issuer, Part::Sidecar] {
        stack.start_part(part).unwrap();
    }
    let alice = stack.token("alice").unwrap();
    stack.kill_part(Part::Issuer);
    stack.start_part(Part::Policy).unwrap();
    stack.start_part(Part::Envoy).unwrap();
    for protocol in PROTOCOLS {
        for connection in &mut connection_to_each_worker(&stack, protocol) {
            let answer = list(connection, &alice);
            assert_problem(&answer, 503, "keys_unavailable");
            assert!(answer.header("retry-after").is_some());
            assert_eq!(connection.send(Request::get("/storefront/v2/catalog")).unwrap().status, 200);
        }
    }
    stack.start_part(Part::Issuer).unwrap();
    for connection in &mut connection_to_each_worker(&stack, Protocol::Http1) {
        eventually("keys are fetched as soon as the issuer is there", || {
            list(connection, &alice).status == 200
        });
    }
    assert_sound(&stack);
}

#[test]
fn known_keys_outlive_their_issuer() {
    let policy = policy_with(|policy| policy["issuers"]["development"]["refresh"] = "1s".into());
    let mut stack = Stack::start(Options::storefront().unwrap().policy(policy)).unwrap();
    let tokens: Vec<_> = ["RS256", "ES256"]
        .into_iter()
        .flat_map(|algorithm| (0..4).map(move |_| Token { algorithm, ..Token::of("alice") }))
        .map(|token| token.ask(&stack).unwrap())
        .collect();
    let good = &tokens[0];
    let mut connections = connection_to_each_worker(&stack, Protocol::Http1);
    for connection in &mut connections {
        assert_eq!(list(connection, good).status, 200);
    }
    stack.kill_part(Part::Issuer);
    eventually("fetches fail", || {
        statistics(&stack, "^cluster.issuer.upstream_cx_connect_fail$").values().any(|n| *n > 1)
    });
    // Tokens that no worker has seen, so that no cache answers.
    for token in &tokens {
        for connection in &mut connections {
            assert_eq!(list(connection, token).status, 200);
        }
    }
    assert!(statistics(&stack, "^cluster.issuer.upstream_rq_total$").into_values().sum::<u64>() > 0);
}

/// Calls with key ids that nobody has, each on a connection of its own: whoever sends one waits until keys have come that
/// are newer than the call.
fn forgers(stack: &Stack, token: &str, count: usize) -> Vec<JoinHandle<http::Answer>> {
    let forger = |number| {
        let forged = forge(token, |header, _, _| header["kid"] = json!(format!("key-{number}")));
        let mut connection = Connection::open(stack, PROTOCOLS[number % 2]).unwrap();
        thread::spawn(move || list(&mut connection, &forged))
    };
    (0..count).map(forger).collect()
}

/// Three in any ten seconds, and what is planned once a minute, however long it took.
fn assert_few_fetches(stack: &Stack, before: u64) {
    let caused = fetches(stack) - before;
    let elapsed = 10 + statistics(stack, "^server.uptime$").into_values().sum::<u64>();
    assert!((1..=3 * elapsed.div_ceil(10)).contains(&caused), "{caused} fetches within {elapsed} s");
}

/// Anyone can invent key ids: they must not turn the gateway against its issuer, nor hold up anyone else.
#[test]
fn unknown_keys_cause_few_fetches() {
    let stack = storefront();
    let alice = stack.token("alice").unwrap();
    let before = fetches(&stack);
    let mut connections = connection_to_each_worker(&stack, Protocol::Http2);
    for _ in 0..3 {
        let forgers = forgers(&stack, &alice, 40);
        for connection in &mut connections {
            assert_eq!(list(connection, &alice).status, 200);
        }
        for forger in forgers {
            assert_problem(&forger.join().unwrap(), 401, "token_key_unknown");
        }
    }
    assert_few_fetches(&stack, before);
    assert_sound(&stack);
}

/// Nor can they keep a new key from being found: whoever has a token of it waits, and is not refused.
#[test]
fn a_rotation_refuses_nobody_whatever_was_forged_before_it() {
    let stack = storefront();
    let mut old = stack.token("alice").unwrap();
    let before = fetches(&stack);
    for _ in 0..2 {
        let forgers = forgers(&stack, &old, 20);
        rotate(&stack, "");
        let new = stack.token("alice").unwrap();
        let users: Vec<_> = (0..40)
            .map(|number| {
                let mut connection = Connection::open(&stack, PROTOCOLS[number % 2]).unwrap();
                let (old, new) = (old.clone(), new.clone());
                thread::spawn(move || {
                    let tokens = (0..50).map(|call| if call % 2 == 0 { &new } else { &old });
                    tokens
                        .map(|token| list(&mut connection, token).status)
                        .filter(|status| *status != 200)
                        .count()
                })
            })
            .collect();
        let refused: usize = users.into_iter().map(|user| user.join().unwrap()).sum();
        assert_eq!(refused, 0, "of 2,000 calls with good tokens");
        for forger in forgers {
            assert_problem(&forger.join().unwrap(), 401, "token_key_unknown");
        }
        // The one before it goes with the next rotation.
        old = new;
    }
    assert_few_fetches(&stack, before);
    assert_sound(&stack);
}
