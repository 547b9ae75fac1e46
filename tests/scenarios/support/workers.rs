//! Envoy's workers: a connection belongs to one of them for its whole life, and the kernel chooses which. What a worker
//! counts tells whose a new connection is.

use std::collections::BTreeMap;

use spangate_stack::Stack;

use super::client::{Connection, Protocol};
use super::stack::{assert_no_trap, assert_silent, eventually, statistics};
use super::{ORDERS, Request};

/// One open connection to each worker.
pub fn connection_to_each_worker(stack: &Stack, protocol: Protocol) -> Vec<Connection> {
    let mut known = accepted(stack);
    let mut connections = BTreeMap::new();
    for _ in 0..1000 {
        let connection = Connection::open(stack, protocol).unwrap();
        let mut now = BTreeMap::new();
        eventually("some worker has accepted the connection", || {
            now = accepted(stack);
            now != known
        });
        let (worker, _) = now.iter().find(|(worker, count)| known.get(*worker) != Some(*count)).unwrap();
        connections.entry(worker.clone()).or_insert(connection);
        known = now;
        if connections.len() == known.len() {
            return connections.into_values().collect();
        }
    }
    panic!("the kernel gives connections to {} of {} workers only", connections.len(), known.len());
}

/// Connections by worker since the start.
fn accepted(stack: &Stack) -> BTreeMap<String, u64> {
    statistics(stack, r"^listener\..*_[0-9]*\.worker_[0-9]*\.downstream_cx_total$")
}

/// No VM has failed, no log tells too much, and every worker gives the right answer to a good call.
#[track_caller]
pub fn assert_sound(stack: &Stack) {
    assert_no_trap(stack);
    assert_silent(stack);
    let alice = stack.token("alice").unwrap();
    for connection in &mut connection_to_each_worker(stack, Protocol::Http1) {
        let answer = connection.send(Request::get(&format!("{ORDERS}?limit=1")).token(&alice)).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.json().unwrap()["rows"][0]["order_id"], "1b671a64-40d5-491e-99b0-da01ff1f3341");
    }
}
