//! The stack of one story, and what Envoy's own counters say of it.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use spangate_stack::{Options, Part, Stack, http, read_yaml, root};

/// A list that alice may read.
pub const ORDERS: &str = "/storefront/v2/customers/7/orders";

/// How tokens begin, and where SQL is.
const NEVER: [&str; 6] = ["eyJ", "Bearer ", "SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM "];

/// The sample as it is; its policy is a copy, so that a story may save another.
pub fn storefront() -> Stack {
    Stack::start(Options::storefront().unwrap().policy(policy_with(|_| {}))).unwrap()
}

/// The sample's policy with a change.
pub fn policy_with(change: impl FnOnce(&mut Value)) -> String {
    document_with("policy.yaml", change)
}

/// The sample's operations with a change.
pub fn operations_with(change: impl FnOnce(&mut Value)) -> String {
    document_with("operations.yaml", change)
}

fn document_with(name: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut document = read_yaml(&root().join("examples/storefront").join(name)).unwrap();
    change(&mut document);
    document.to_string()
}

/// Waits for what must come sooner or later. The limit only ends a test that would fail anyway.
#[track_caller]
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(60), "never came true: {what}");
        sleep(Duration::from_millis(20));
    }
}

/// Envoy's counters and gauges whose name matches a regular expression.
pub fn statistics(stack: &Stack, pattern: &str) -> BTreeMap<String, u64> {
    let answer = http::get(&stack.admin(&format!("/stats?filter={pattern}")), &[]).unwrap();
    let text = answer.text();
    let counted = text.lines().filter_map(|line| line.rsplit_once(": "));
    counted.filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?))).collect()
}

/// How many calls have gone on to the sidecar: told by Envoy, whatever their answers say. Its health checks do not
/// count.
pub fn calls_passed_on(stack: &Stack) -> u64 {
    statistics(stack, "^cluster.spanner-sidecar.upstream_rq_total$").into_values().sum()
}

/// What the sidecar counts, asked where it says that it tells (`--metrics`).
pub fn metrics(stack: &Stack) -> String {
    let log = std::fs::read_to_string(stack.process(Part::Sidecar).unwrap().log()).unwrap();
    let line = log.lines().find(|line| line.contains("metrics_listening")).unwrap();
    let line: Value = serde_json::from_str(line).unwrap();
    http::get(&format!("http://{}/metrics", line["address"].as_str().unwrap()), &[]).unwrap().text()
}

/// Every order there is, read from the emulator itself.
pub fn orders_in_database(stack: &Stack) -> Vec<Value> {
    stack
        .query("SELECT tenant_id, customer_id, order_id, status, total, note FROM orders ORDER BY order_id")
        .unwrap()
}

/// No VM has ever failed: Envoy counts no rebuilt one, and its log tells of no trap.
#[track_caller]
pub fn assert_no_trap(stack: &Stack) {
    let statistics = http::get(&stack.admin("/stats?filter=vm_reload"), &[]).unwrap().text();
    assert!(statistics.contains("vm_reload"), "Envoy counts no failed VMs: the filter is not there");
    let log = std::fs::read(stack.process(Part::Envoy).unwrap().log()).unwrap();
    assert_eq!(traps(&statistics, &String::from_utf8_lossy(&log)), Vec::<&str>::new());
}

/// No log has a token or SQL in it, whatever a story sends: what else nobody may see, `reasons` plants and searches for.
#[track_caller]
pub fn assert_silent(stack: &Stack) {
    for part in [Part::Issuer, Part::Sidecar, Part::Policy, Part::Envoy] {
        let Some(process) = stack.process(part) else { continue };
        let log = std::fs::read(process.log()).unwrap();
        let log = String::from_utf8_lossy(&log);
        let told: Vec<&str> =
            log.lines().filter(|line| NEVER.iter().any(|word| line.contains(word))).collect();
        assert_eq!(told, Vec::<&str>::new(), "{part:?}");
    }
}

/// What Envoy's counters and its log say of VMs that failed.
pub fn traps<'t>(statistics: &'t str, log: &'t str) -> Vec<&'t str> {
    let counted = statistics.lines().filter(|line| line.contains("vm_reload") && !line.ends_with(": 0"));
    let told = log.lines().filter(|line| line.contains("Uncaught"));
    counted.chain(told).collect()
}
