//! The tables of `tests/cel`, as a policy's conditions and as expressions on their own; and what `docs/cel.md` says
//! is left out.

use serde_json::Map;

use self::rows::{Expected, Row, rows};
use super::Call;
use crate::condition::{Class, Condition, Conditions, Form, Scope, Unevaluated, evaluate_alone};

#[path = "../../../tests/cel/rows.rs"]
mod rows;

fn in_a_policy(source: &str, scope: Scope, call: &Call) -> String {
    match Condition::compile(source, scope, &Conditions::default()) {
        Err(faults) => format!("fault {}", faults[0].code),
        Ok(condition) => match condition.value(call) {
            Err(error) => format!("error {:?}", error.kind),
            Ok(value) => format!("{} {:?}", value.type_name(), value.into_static()),
        },
    }
}

fn alone(source: &str) -> Result<String, Class> {
    evaluate_alone(source, &Map::new(), Form::Typed)
        .map(|value| value.to_string())
        .map_err(|unevaluated| unevaluated.class())
}

fn report(failures: &[String]) {
    assert!(failures.is_empty(), "{} fail\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn expressions_yield_what_the_specification_says() {
    let call = Call::default();
    let rows = rows();
    let mut failures = Vec::new();
    for Row { table, line, section, source, expected } in &rows {
        let scope = || if table.ends_with("answers") { Scope::Response } else { Scope::Request };
        let wanted = match expected {
            Expected::Value(expression) => in_a_policy(expression, scope(), &call),
            Expected::Error(kind) => format!("error {kind}"),
            Expected::Fault(code) => format!("fault {code}"),
        };
        let given = in_a_policy(source, scope(), &call);
        let is_value = !wanted.starts_with("error ") && !wanted.starts_with("fault ");
        if given != wanted || is_value != matches!(expected, Expected::Value(_)) {
            failures
                .push(format!("{table}:{line} ({section}): {source}\n  wanted {wanted}\n  given  {given}"));
        }
    }
    report(&failures);
    assert!(rows.len() >= 400, "only {} expressions", rows.len());
}

/// A policy is told early of literals that can never be converted; an expression on its own errs, as CEL has it.
#[test]
fn expressions_on_their_own_yield_the_same() {
    let mut failures = Vec::new();
    for row in rows().iter().filter(|row| !row.reads_a_call()) {
        let given = alone(row.source);
        let wanted = match row.expected {
            Expected::Value(expression) => alone(expression),
            Expected::Error("NamedZone") => Err(Class::Unsupported),
            Expected::Error(_) | Expected::Fault("invalid_literal" | "invalid_pattern") => {
                Err(Class::Evaluation)
            }
            Expected::Fault("condition_syntax") => Err(Class::Parse),
            Expected::Fault("condition_unsupported" | "condition_too_deep") => Err(Class::Unsupported),
            Expected::Fault(_) => Err(Class::Type),
        };
        if given != wanted {
            let Row { table, line, section, source, .. } = row;
            failures.push(format!(
                "{table}:{line} ({section}): {source}\n  wanted {wanted:?}\n  given  {given:?}"
            ));
        }
    }
    report(&failures);
}

#[test]
fn what_is_left_out_is_refused_by_name() {
    let page = include_str!("../../../../../docs/cel.md");
    let (_, table) = page.split_once("| example |").unwrap();
    let examples: Vec<_> = table.lines().skip(2).map_while(|line| line.split('`').nth(1)).collect();
    assert!(examples.len() >= 10, "{examples:?}");
    for example in examples {
        let unevaluated = evaluate_alone(example, &Map::new(), Form::Plain).unwrap_err();
        assert_eq!(unevaluated.class(), Class::Unsupported, "{example}: {unevaluated}");
        assert!(matches!(unevaluated, Unevaluated::Faults(_)), "{example}");
    }
}
