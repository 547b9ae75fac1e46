//! The tables of CEL in the gateway's own module: each expression is a condition of an operation that answers by
//! itself, in one policy of almost a thousand operations.

use serde_json::{Value, json};
use spangate_document::from_json;
use spangate_stack::{Options, Stack};

use self::rows::{Expected, Row, rows};
use crate::support::{Connection, Protocol, Request, assert_no_trap};

#[path = "../../core/policy/tests/cel/rows.rs"]
mod rows;

/// A condition that tells whether the expression yields what the table says; None for what no policy can hold,
/// which the command line and the engine's own tests look at.
fn condition(row: &Row) -> Option<String> {
    match row.expected {
        // NaN equals nothing, itself included.
        Expected::Value(value) => {
            let source = row.source;
            Some(format!(
                "type({source}) == type({value}) && (({source}) == ({value}) || ({source}) != ({source}))"
            ))
        }
        Expected::Error(_) => Some(format!("[{}] == []", row.source)),
        Expected::Fault(_) => None,
    }
}

fn policy(conditions: &[String]) -> Value {
    let operation = |(number, condition): (usize, &String)| {
        let steps = json!([{"require": condition}]);
        let route = format!("GET /{number}");
        (
            format!("e{number}"),
            json!({"route": route, "public": true, "steps": steps, "respond": {"status": 204}}),
        )
    };
    let operations: serde_json::Map<String, Value> = conditions.iter().enumerate().map(operation).collect();
    json!({"apiVersion": "spangate/v1", "name": "cel", "apis": {"cel": {"path": "/cel", "operations": operations}}})
}

/// The conditions that a policy may have: a comparison around an expression may be deeper than is allowed.
fn possible(conditions: &[String]) -> Vec<bool> {
    let faults = spangate_policy::load(&from_json(&policy(conditions).to_string()).unwrap()).err();
    let faults = faults.into_iter().flatten().map(|fault| fault.path);
    let faulty: Vec<String> = faults.filter_map(|path| Some(path.split('.').nth(3)?.to_owned())).collect();
    (0..conditions.len()).map(|number| !faulty.contains(&format!("e{number}"))).collect()
}

#[test]
fn expressions_yield_the_same_in_the_gateway() {
    let rows = rows();
    // What reads a call has stories of its own; here every call is the same.
    let rows: Vec<_> = rows.iter().filter(|row| !row.reads_a_call()).collect();
    let wanted: Vec<(&Row, String)> =
        rows.into_iter().filter_map(|row| Some((row, condition(row)?))).collect();
    let conditions: Vec<String> = wanted.iter().map(|(_, condition)| condition.clone()).collect();
    let possible = possible(&conditions);
    let (rows, conditions): (Vec<&Row>, Vec<String>) =
        wanted.iter().cloned().zip(&possible).filter_map(|(row, possible)| possible.then_some(row)).unzip();
    assert!(rows.len() >= 400 && rows.len() * 20 >= wanted.len() * 19, "{} of {}", rows.len(), wanted.len());

    let stack = Stack::start(Options::storefront().unwrap().policy(policy(&conditions).to_string())).unwrap();
    let mut connection = Connection::open(&stack, Protocol::Http1).unwrap();
    let mut failures = Vec::new();
    for (number, (row, condition)) in rows.iter().zip(&conditions).enumerate() {
        let answer = connection.send(Request::get(&format!("/cel/{number}"))).unwrap();
        let problem = answer.json().ok().and_then(|problem| Some(problem["reason"].as_str()?.to_owned()));
        let wanted = match row.expected {
            Expected::Value(_) => (204, None),
            Expected::Error(_) | Expected::Fault(_) => (403, Some("condition_error".to_owned())),
        };
        if (answer.status, problem) != wanted {
            let Row { table, line, section, .. } = row;
            failures.push(format!(
                "{table}:{line} ({section}): {condition}\n  given {} {}",
                answer.status,
                answer.text()
            ));
        }
    }
    assert!(failures.is_empty(), "{} fail\n{}", failures.len(), failures.join("\n"));
    assert_no_trap(&stack);
}
