//! No database to be reached: the sidecar says so itself, and Envoy does not in its place.

use spangate_stack::{Part, Stack};

use super::site::{options, spanner};
use crate::support::{
    Connection, PROTOCOLS, Request, assert_no_trap, assert_problem, eventually, statistics,
};

/// Before the database is there for the first time, and once it is gone again.
#[test]
fn a_database_that_cannot_be_reached_is_told_by_the_sidecar() {
    let directory = tempfile::tempdir().unwrap();
    let options = options(directory.path());
    let stack = Stack::start(options.clone()).unwrap();
    let token = stack.token("canary").unwrap();
    let mut connections = PROTOCOLS.map(|protocol| Connection::open(&stack, protocol).unwrap());
    for lost in 0..2 {
        eventually("the sidecar knows", || times_lost(&stack) == lost);
        let mut unavailable = || {
            for connection in &mut connections {
                let answer = connection.send(Request::get("/items/v1/1").token(&token)).unwrap();
                assert_problem(&answer, 503, "database_unavailable");
                assert_eq!(answer.header("retry-after"), Some("1"));
            }
        };
        unavailable();
        // Nor does that change with time.
        let checked = health_checks(&stack);
        eventually("Envoy has asked for the sidecar's health", || health_checks(&stack) > checked + 4);
        unavailable();

        let spanner = spanner(&options);
        for connection in &mut connections {
            let mut read = || connection.send(Request::get("/items/v1/1").token(&token)).unwrap();
            eventually("the database is found", || read().status == 200);
            assert_eq!(read().text(), r#"{"title":"oriole-row"}"#);
        }
        drop(spanner);
    }
    assert_no_trap(&stack);
}

fn times_lost(stack: &Stack) -> usize {
    let log = stack.process(Part::Sidecar).unwrap().tail(usize::MAX);
    log.lines().filter(|line| line.contains("database_lost") && line.contains(r#""main""#)).count()
}

fn health_checks(stack: &Stack) -> u64 {
    statistics(stack, "^cluster.spanner-sidecar.health_check.attempt$").into_values().sum()
}
