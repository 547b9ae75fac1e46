//! The policy engine for a browser. Texts in, JSON out: what is wrong with a policy, what becomes of calls, and by
//! which way. The same engine as in Envoy and on the command line, on the same simulated host.

mod desk;

use serde_json::Value;
use spangate_policy::facts::Timestamp;
use spangate_simulation::{Batch, Call, Outcome, Simulation};
use wasm_bindgen::prelude::wasm_bindgen;

use desk::Desk;

/// When calls take place that do not say: a page has a clock, and this engine has none. Noon of 2026-01-01.
const DEFAULT_TIME: Timestamp = Timestamp { nanoseconds: 1_767_268_800_000_000_000 };

/// `{findings: […]}` of a policy, YAML or JSON.
#[wasm_bindgen]
pub fn check(policy: &str) -> String {
    Desk::new(policy).answer([])
}

/// `{findings: […], outcomes: […]}`: what becomes of calls that come one after another, limits counted. `calls` is one call
/// as test files describe it, a list of them, or `{at, tokens, unavailable, calls: […]}`; a call that cannot be read has null
/// for an outcome.
#[wasm_bindgen]
pub fn decide(policy: &str, calls: &str) -> String {
    let mut desk = Desk::new(policy);
    let policy = desk.policy.take();
    let calls = desk.read(calls);
    let outcomes = policy.zip(calls).and_then(|((policy, document), calls)| {
        let batch = desk.made(|found| Batch::read(&calls, &policy, found))?;
        let outcomes = batch.decide(&policy, DEFAULT_TIME).into_iter();
        let json = |outcome: Outcome| without_its_way(outcome.to_json(&document));
        Some(outcomes.map(|outcome| outcome.map_or(Value::Null, json)).collect::<Vec<_>>())
    });
    desk.answer([("outcomes", outcomes.unwrap_or_default().into())])
}

/// `{findings: […], outcome}`: what becomes of one call, and the way that it took; null for a call that cannot be read.
#[wasm_bindgen]
pub fn explain(policy: &str, call: &str) -> String {
    let mut desk = Desk::new(policy);
    let policy = desk.policy.take();
    let call = desk.read(call);
    let outcome = policy.zip(call).and_then(|((policy, document), call)| {
        let call =
            desk.made(|found| Call::from_document(&call, &policy, found).filter(|_| !found.has_errors()))?;
        Some(Simulation::new(&policy).decide(&call, call.at.unwrap_or(DEFAULT_TIME)).to_json(&document))
    });
    desk.answer([("outcome", outcome.into())])
}

fn without_its_way(mut outcome: Value) -> Value {
    if let Some(members) = outcome.as_object_mut() {
        members.remove("trace");
    }
    outcome
}

#[cfg(test)]
mod tests;
