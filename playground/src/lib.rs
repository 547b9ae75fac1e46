//! The policy engine for a browser. Texts in, JSON out: what is wrong with a policy, what becomes of calls, and by
//! which way. The same engine as in Envoy and on the command line, on the same simulated host.

mod desk;

use serde_json::Value;
use spangate_policy::facts::Timestamp;
use spangate_simulation::Simulation;
use wasm_bindgen::prelude::wasm_bindgen;

use desk::Desk;

/// When calls take place that do not say: a page has a clock, and this engine has none. Noon of 2026-01-01.
const DEFAULT_TIME: Timestamp = Timestamp { nanoseconds: 1_767_268_800_000_000_000 };

/// `{findings: […]}` of a policy, YAML or JSON.
#[wasm_bindgen]
pub fn check(policy: &str) -> String {
    Desk::new(policy).answer([])
}

/// `{findings: […], outcomes: […]}`: what becomes of calls that come one after another, limits counted. `calls` is a list
/// of calls as test files describe them, or one alone; a call that cannot be read has null for an outcome.
#[wasm_bindgen]
pub fn decide(policy: &str, calls: &str) -> String {
    let mut desk = Desk::new(policy);
    let calls = desk.calls(calls);
    let policy = desk.policy.take();
    let mut outcomes = Vec::new();
    if let Some((policy, document)) = &policy {
        let mut simulation = Simulation::new(policy);
        for call in &calls {
            let outcome = desk
                .call(call, policy)
                .map(|call| simulation.decide(&call, call.at.unwrap_or(DEFAULT_TIME)).to_json(document));
            outcomes.push(outcome.map_or(Value::Null, without_its_way));
        }
    }
    desk.answer([("outcomes", Value::from(outcomes))])
}

/// `{findings: […], outcome}`: what becomes of one call, and the way that it took; null for a call that cannot be read.
#[wasm_bindgen]
pub fn explain(policy: &str, call: &str) -> String {
    let mut desk = Desk::new(policy);
    let calls = desk.calls(call);
    let policy = desk.policy.take();
    let outcome = policy.as_ref().zip(calls.first()).and_then(|((policy, document), call)| {
        let call = desk.call(call, policy)?;
        Some(Simulation::new(policy).decide(&call, call.at.unwrap_or(DEFAULT_TIME)).to_json(document))
    });
    desk.answer([("outcome", Value::from(outcome))])
}

fn without_its_way(mut outcome: Value) -> Value {
    if let Some(members) = outcome.as_object_mut() {
        members.remove("trace");
    }
    outcome
}

#[cfg(test)]
mod tests;
