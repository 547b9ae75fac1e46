//! The filter absent, skipped, trapped or not to be loaded: nothing is open then. Nobody reaches the sidecar, not even
//! one who knows how filter and sidecar talk.

use std::process::Command;

use serde_json::{Value, json};
use spangate_stack::{Options, Part, Process, Stack, http, read_yaml};

use crate::support::{
    Connection, ORDERS, OnRequest, PROTOCOLS, Request, calls_passed_on, eventually, module,
    orders_in_database, traps,
};

/// A stack whose Envoy never becomes ready, since its filter does not decide.
pub struct Open {
    pub stack: Stack,
    _envoy: Process,
}

/// With other bytes in the filter's place, and Envoy's configuration changed.
pub fn start(filter: Option<&[u8]>, change: impl FnOnce(&mut Value)) -> Open {
    let mut options = Options::storefront().unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    if let Some(filter) = filter {
        std::fs::write(file.path(), filter).unwrap();
        options.programs.filter = file.path().to_owned();
    }
    let mut stack = Stack::prepare(options).unwrap();
    for part in [Part::Emulator, Part::Issuer, Part::Sidecar, Part::Policy] {
        stack.start_part(part).unwrap();
    }
    let configuration = stack.directory().join("envoy.json");
    let mut envoy = read_yaml(&configuration).unwrap();
    change(&mut envoy);
    std::fs::write(&configuration, envoy.to_string()).unwrap();
    let mut command = Command::new(&stack.options().programs.envoy);
    command.arg("--disable-hot-restart").arg("-c").arg(&configuration);
    let envoy = Process::start("envoy", command, &stack.directory().join("logs/envoy.log")).unwrap();
    eventually("Envoy is live", || {
        http::get(&stack.admin("/ready"), &[]).is_ok_and(|answer| answer.status == 200)
    });
    Open { stack, _envoy: envoy }
}

/// Every way in is tried, and closed.
fn assert_closed(stack: &Stack) {
    let orders = orders_in_database(stack);
    let bob = stack.token("bob").unwrap();
    let execute = || Request::post("/spangate.v1.Gateway/Execute", &json!({})).token(&bob);
    for protocol in PROTOCOLS {
        let mut connection = Connection::open(stack, protocol).unwrap();
        for request in [
            Request::get("/storefront/v2/catalog"),
            Request::post(ORDERS, &json!({"total": "1"})).token(&bob),
            execute(),
            execute().header("content-type", "application/grpc").header("te", "trailers"),
            execute()
                .header("spangate-call-bin", "CgxMaXN0UHJvZHVjdHM")
                .header("content-type", "application/grpc"),
            execute().header("wasm.spangate", "allow create_order"),
        ] {
            let told = format!("{protocol:?} {request:?}");
            // A worker whose VM has just failed may also close the stream without a word.
            if let Ok(answer) = connection.send(request) {
                assert!([500, 503].contains(&answer.status), "{told} {} {}", answer.status, answer.text());
                assert!(!answer.text().contains("rows"), "{told} {}", answer.text());
            }
        }
    }
    assert_eq!(calls_passed_on(stack), 0);
    assert_eq!(orders_in_database(stack), orders);
}

fn http_filters(envoy: &mut Value) -> &mut Vec<Value> {
    let manager =
        &mut envoy["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"];
    manager["http_filters"].as_array_mut().unwrap()
}

#[test]
fn absent() {
    let open = start(None, |envoy| {
        let filters = http_filters(envoy);
        let before = filters.len();
        filters.retain(|filter| filter["name"] != "spangate");
        assert_eq!(filters.len(), before - 1);
    });
    assert_closed(&open.stack);
    let answer = http::get(&open.stack.url("/storefront/v2/catalog"), &[]).unwrap();
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert_eq!(answer.json().unwrap()["reason"], "policy_unavailable");
}

#[test]
fn another_module_that_lets_everything_pass() {
    assert_closed(&start(Some(&module(OnRequest::Pass)), |_| {}).stack);
}

/// Also shows that what all other stories take for soundness can fail.
#[test]
fn trapped() {
    let open = start(Some(&module(OnRequest::Trap)), |_| {});
    assert_closed(&open.stack);
    let rebuilt = http::get(&open.stack.admin("/stats?filter=vm_reload"), &[]).unwrap().text();
    let log = std::fs::read_to_string(open.stack.directory().join("logs/envoy.log")).unwrap();
    assert!(!traps(&rebuilt, &log).is_empty(), "{rebuilt}");
}

#[test]
fn not_to_be_configured() {
    assert_closed(&start(Some(&module(OnRequest::Unconfigured)), |_| {}).stack);
}

#[test]
fn not_to_be_loaded() {
    assert_closed(&start(Some(b"\0asm of something else"), |_| {}).stack);
}
