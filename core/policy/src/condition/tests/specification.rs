//! The tables: `EXPRESSION ⇒ EXPECTED` a line, where what is expected is an expression of the same type and
//! value, `error KIND`, or `fault CODE`. Lines that begin with `#` tell the section.

use super::Call;
use crate::condition::{Condition, Conditions, Scope};

const TABLES: &[(&str, &str)] = &[
    ("literals", include_str!("specification/literals.txt")),
    ("logic", include_str!("specification/logic.txt")),
    ("numbers", include_str!("specification/numbers.txt")),
    ("comparisons", include_str!("specification/comparisons.txt")),
    ("texts", include_str!("specification/texts.txt")),
    ("collections", include_str!("specification/collections.txt")),
    ("macros", include_str!("specification/macros.txt")),
    ("conversions", include_str!("specification/conversions.txt")),
    ("times", include_str!("specification/times.txt")),
    ("networks", include_str!("specification/networks.txt")),
    ("calls", include_str!("specification/calls.txt")),
    ("types", include_str!("specification/types.txt")),
    ("answers", include_str!("specification/answers.txt")),
];

fn outcome(source: &str, scope: Scope, call: &Call) -> String {
    match Condition::compile(source, scope, &Conditions::default()) {
        Err(faults) => format!("fault {}", faults[0].code),
        Ok(condition) => match condition.value(call) {
            Err(error) => format!("error {:?}", error.kind),
            Ok(value) => format!("{} {:?}", value.type_name(), value.into_static()),
        },
    }
}

#[test]
fn expressions_yield_what_the_specification_says() {
    let call = Call::default();
    let mut lines = 0;
    let mut failures = Vec::new();
    for (table, text) in TABLES {
        let scope = if *table == "answers" { Scope::Response } else { Scope::Request };
        for (number, line) in text.lines().enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (source, expected) = line.split_once(" ⇒ ").unwrap_or_else(|| panic!("{table}: `{line}`"));
            let given = outcome(source.trim(), scope.clone(), &call);
            let fails = |outcome: &str| outcome.starts_with("error ") || outcome.starts_with("fault ");
            let wanted = match expected.trim() {
                plain if fails(plain) => plain.to_owned(),
                expression => outcome(expression, scope.clone(), &call),
            };
            assert!(fails(expected) || !fails(&wanted), "{table}:{}: `{expected}` has no value", number + 1);
            lines += 1;
            if given != wanted {
                failures
                    .push(format!("{table}:{}: {source}\n  wanted {wanted}\n  given  {given}", number + 1));
            }
        }
    }
    assert!(failures.is_empty(), "{} of {lines} fail\n{}", failures.len(), failures.join("\n"));
    assert!(lines >= 400, "only {lines} expressions");
}
