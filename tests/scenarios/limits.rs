//! Limits over all workers of one Envoy: exact, told to the caller, and each subject's own.

use std::collections::BTreeMap;

use serde_json::Value;
use spangate_stack::http::Answer;
use spangate_stack::{Options, Stack};

use crate::support::{
    Connection, PROTOCOLS, Protocol, Request, assert_problem, assert_sound, calls_passed_on,
    connection_to_each_worker, policy_with,
};

const WORKERS: u32 = 4;
const REVENUE: &str = "/storefront/v2/revenue";

/// As many calls an hour as given, all at once.
fn limited(burst: u64) -> Stack {
    let policy = policy_with(|policy| {
        let limit = &mut policy["apis"]["storefront"]["operations"]["revenue"]["steps"][0]["rate_limit"];
        limit["rate"] = format!("{burst}/1h").into();
        limit["burst"] = burst.into();
    });
    Stack::start(Options::storefront().unwrap().policy(policy).workers(WORKERS)).unwrap()
}

fn seconds(answer: &Answer, name: &str) -> u64 {
    answer.header(name).unwrap_or_else(|| panic!("no {name}: {answer:?}")).parse().unwrap()
}

/// Calls go round all workers until each has refused three times; by worker, how many were admitted.
fn exhaust(stack: &Stack, token: &str, burst: u64, protocol: Protocol) -> Vec<u64> {
    let mut connections = connection_to_each_worker(stack, protocol);
    assert_eq!(connections.len(), WORKERS as usize);
    let mut admitted = vec![0; connections.len()];
    let mut refused = vec![0; connections.len()];
    while refused.iter().any(|count| *count < 3) {
        for (worker, connection) in connections.iter_mut().enumerate() {
            let answer = connection.send(Request::get(REVENUE).token(token)).unwrap();
            if answer.status == 200 {
                admitted[worker] += 1;
                assert!(answer.json().unwrap()["rows"].is_array());
            } else {
                refused[worker] += 1;
                assert_problem(&answer, 429, "rate_limited");
                assert!((1..=3600).contains(&seconds(&answer, "retry-after")));
                // draft-ietf-httpapi-ratelimit-headers: the policy's name, quota and window; what remains.
                let (policy, state) =
                    (answer.header("ratelimit-policy").unwrap(), answer.header("ratelimit").unwrap());
                assert!(policy.contains(&format!("q={burst}")) && policy.contains("w=3600"), "{policy}");
                assert!(state.contains("r=0") && state.contains("t="), "{state}");
            }
        }
        assert!(admitted.iter().sum::<u64>() <= burst, "{admitted:?} of {burst}");
    }
    admitted
}

#[test]
fn the_burst_is_exact_over_four_workers() {
    for (burst, protocol) in [(3, Protocol::Http1), (40, Protocol::Http2)] {
        let stack = limited(burst);
        let (alice, bob) = (stack.token("alice").unwrap(), stack.token("bob").unwrap());
        let passed_on = calls_passed_on(&stack);
        let of_alice = exhaust(&stack, &alice, burst, protocol);
        assert_eq!(of_alice.iter().sum::<u64>(), burst, "{of_alice:?}");
        assert!(of_alice.iter().filter(|count| **count > 0).count() >= 2, "{of_alice:?}");
        // Another token of hers is still she.
        let again = stack.token("alice").unwrap();
        let answer =
            Connection::open(&stack, protocol).unwrap().send(Request::get(REVENUE).token(&again)).unwrap();
        assert_problem(&answer, 429, "rate_limited");
        let of_bob = exhaust(&stack, &bob, burst, protocol);
        assert_eq!(of_bob.iter().sum::<u64>(), burst, "{of_bob:?}");
        assert_eq!(calls_passed_on(&stack), passed_on + 2 * burst, "refused calls go no further");
        assert_sound(&stack);
    }
}

/// All at once from many connections: what workers race for is never handed out twice.
#[test]
fn a_race_admits_no_call_too_many() {
    let burst = 100;
    let stack = limited(burst);
    let alice = stack.token("alice").unwrap();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..16)
            .map(|index| {
                let (stack, alice) = (&stack, &alice);
                scope.spawn(move || {
                    let mut connection = Connection::open(stack, PROTOCOLS[index % 2]).unwrap();
                    let mut call = || connection.send(Request::get(REVENUE).token(alice)).unwrap().status;
                    (0..25).map(|_| call()).collect::<Vec<_>>()
                })
            })
            .collect();
        callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect()
    });
    let mut counted = BTreeMap::new();
    for status in statuses {
        *counted.entry(status).or_insert(0) += 1;
    }
    assert_eq!(counted, BTreeMap::from([(200, burst), (429, 400 - burst)]));
    assert_sound(&stack);
}

/// Refused before the limit is asked, a call costs nothing.
#[test]
fn refused_calls_are_not_charged() {
    let stack = limited(5);
    let alice = stack.token("alice").unwrap();
    let nobody = crate::support::Token::claims("alice", serde_json::json!({"roles": Value::Null}));
    let nobody = nobody.ask(&stack).unwrap();
    let mut connection = Connection::open(&stack, Protocol::Http1).unwrap();
    for _ in 0..10 {
        let answer = connection.send(Request::get(REVENUE).token(&nobody)).unwrap();
        assert_problem(&answer, 403, "role_missing");
    }
    assert_eq!(exhaust(&stack, &alice, 5, Protocol::Http1).iter().sum::<u64>(), 5);
}
