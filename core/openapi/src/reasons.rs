//! For which reasons the sidecar may refuse an operation. The statuses are those of docs/reasons.md, which a test
//! compares.

use spangate_operations::{Body, Kind, Operation};

type Refused = (&'static str, u16);

const ALWAYS: [Refused; 9] = [
    ("parameter_invalid", 400),
    ("out_of_range", 400),
    ("permission_denied", 403),
    ("precondition_failed", 412),
    ("region_limit", 429),
    ("schema_mismatch", 500),
    ("schema_mismatch", 503),
    ("operation_unknown", 501),
    ("deadline_exceeded", 504),
];
const UNAVAILABLE: [Refused; 2] = [("database_unavailable", 503), ("database_overloaded", 503)];
const OF_WRITES: [Refused; 6] = [
    ("idempotency_key_missing", 400),
    ("idempotency_key_reused", 422),
    ("not_found", 404),
    ("conflict", 409),
    ("already_exists", 409),
    ("outcome_unknown", 500),
];
const TOO_LARGE: Refused = ("body_too_large", 413);
const NO_ROW: Refused = ("not_found", 404);

/// Before the filter sees the call.
pub const OF_ENVOY: [Refused; 2] = [("request_malformed", 400), ("header_too_large", 431)];

pub fn of(operation: &Operation) -> Vec<(String, u16)> {
    let mut refused: Vec<Refused> = ALWAYS.into_iter().chain(UNAVAILABLE).collect();
    if operation.takes_body() {
        refused.push(TOO_LARGE);
    }
    if operation.answer.body == Body::One {
        refused.push(NO_ROW);
    }
    let mut own = Vec::new();
    if let Kind::Write(write) = &operation.kind {
        refused.extend(OF_WRITES);
        let expected = write.steps.iter().filter_map(|step| step.expect.as_ref());
        own.extend(expected.map(|expected| (expected.reason.clone(), expected.status)));
    }
    own.extend(refused.into_iter().map(|(reason, status)| (reason.to_owned(), status)));
    own
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_documented_table_is_this_one() {
        let page = include_str!("../../../docs/reasons.md");
        let (_, table) = page.split_once("## Of the sidecar").unwrap();
        let documented: BTreeSet<(&str, u16)> = table
            .lines()
            .filter_map(|line| line.strip_prefix("| `"))
            .flat_map(|row| {
                let (reason, rest) = row.split_once("` | ").unwrap();
                let (statuses, _) = rest.split_once(" |").unwrap();
                statuses.split(", ").map(move |status| (reason, status.parse().unwrap()))
            })
            .collect();
        let here = ALWAYS.into_iter().chain(UNAVAILABLE).chain(OF_WRITES).chain([TOO_LARGE, NO_ROW]);
        assert_eq!(here.collect::<BTreeSet<_>>(), documented);
    }
}
