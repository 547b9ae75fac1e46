//! Expressions: none brings the compiler or the evaluator down, and compiling twice gives the same.

use serde_json::{Map, Value, json};
use spangate_policy::condition::{Condition, Conditions, Scope};

pub fn run(data: &[u8]) {
    let Ok(source) = std::str::from_utf8(data) else { return };
    let named = Conditions::default();
    for scope in [Scope::Request, Scope::Identity, Scope::Response] {
        let codes = || match Condition::compile(source, scope.clone(), &named) {
            Ok(condition) => vec![condition.result().to_string()],
            Err(faults) => {
                assert!(!faults.is_empty(), "refused, and nothing is told");
                faults.iter().map(|fault| fault.message.clone()).collect()
            }
        };
        assert_eq!(codes(), codes());
    }
    let bindings = bindings();
    let names = bindings.keys().cloned().collect();
    if let Ok(condition) = Condition::compile(source, Scope::Dynamic(names), &named) {
        let _ = condition.value_of(&bindings);
    }
}

/// A value of each kind that JSON has, under short names that a fuzzer soon finds.
fn bindings() -> Map<String, Value> {
    let Value::Object(bindings) = json!({
        "a": [1, 2.5, "x", null, [true]],
        "b": true,
        "d": -0.5,
        "i": i64::MAX,
        "m": {"k": "v", "n": {"l": [0]}},
        "s": "ä€😀",
        "z": null,
    }) else {
        return Map::new();
    };
    bindings
}
