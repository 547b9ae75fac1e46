//! Prints the generated calls and what the native engine says of each, a document a line: for hosts that are not
//! written in Rust. `generated-calls COUNT SEED SECONDS`: so many calls of each document, at that time since 1970.

#![expect(clippy::expect_used, reason = "a tool of the tests: wrong usage ends it")]

use serde_json::json;
use spangate_document::from_json;
use spangate_generated::{Native, documents};
use spangate_policy::facts::Timestamp;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = || arguments.next().and_then(|text| text.parse::<u32>().ok());
    let usage = "generated-calls COUNT SEED SECONDS";
    let (count, seed, seconds) = (number().expect(usage), number().expect(usage), number().expect(usage));
    let now = Timestamp { nanoseconds: i128::from(seconds) * 1_000_000_000 };
    for document in documents() {
        let policy = from_json(&document.policy.to_string()).expect("a policy");
        let native = Native::new(&document, &policy, now);
        let mut simulation = native.simulation();
        let calls = document.calls(count as usize, u8::try_from(seed).expect(usage));
        let calls: Vec<_> = calls
            .iter()
            .map(|generated| {
                let outcome = native.decide(&mut simulation, generated);
                let reason = outcome.reason;
                json!({"call": generated.call, "status": outcome.status, "reason": reason, "operation": outcome.operation})
            })
            .collect();
        println!(
            "{}",
            json!({
                "policy": document.policy,
                "tokens": document.tokens,
                "without_keys": document.without_keys,
                "at": seconds,
                "calls": calls,
            })
        );
    }
}
