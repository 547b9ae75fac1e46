//! What Envoy refuses before the filter has decided: problem documents as well, with the reasons that `docs/reasons.md`
//! tells of Envoy itself.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};
use spangate_stack::{Stack, http};

use crate::support::{assert_problem, assert_sound, documented, eventually, raw, storefront};
use crate::without_filter::start;

/// Nothing is wrong with it.
const PLAIN: &str = "GET /storefront/v2/catalog HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

/// What was told is this problem; returned is what the table has of it.
#[track_caller]
fn check(told: &str, answer: &str, status: u16, reason: &str) -> (String, u16) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{told}: {head}");
    assert!(head.contains("content-type: application/problem+json"), "{told}: {head}");
    assert_eq!(head.contains("retry-after: "), status == 503, "{told}: {head}");
    let problem: Value = serde_json::from_str(body).unwrap();
    assert_eq!((&problem["status"], &problem["reason"]), (&json!(status), &json!(reason)), "{told}");
    (reason.to_owned(), status)
}

#[test]
fn each_refusal_of_envoys_own_is_a_problem_document() {
    let stack = storefront();
    let long = "y".repeat(40_000);
    let catalog = "GET /storefront/v2/catalog HTTP/1.1";
    let mut met = BTreeSet::new();
    for (request, status, reason) in [
        ("GET /storefront%2fv2/catalog HTTP/1.1\r\nhost: a".to_owned(), 400, "request_malformed"),
        (catalog.to_owned(), 400, "request_malformed"),
        (format!("{catalog}\r\nhost: a\r\na_b: 1"), 400, "request_malformed"),
        (format!("{catalog}\r\nhost: a\r\ncontent-length: x"), 400, "request_malformed"),
        ("F(O /storefront/v2/catalog HTTP/1.1\r\nhost: a".to_owned(), 400, "request_malformed"),
        ("no HTTP".to_owned(), 400, "request_malformed"),
        ("OPTIONS * HTTP/1.1\r\nhost: a".to_owned(), 404, "route_not_found"),
        (format!("{catalog}\r\nhost: a\r\nx: {long}"), 431, "header_too_large"),
        ("GET /storefront/v2/catalog HTTP/1.0\r\nhost: a".to_owned(), 400, "protocol_unsupported"),
        (format!("{catalog}\r\nhost: a\r\ntransfer-encoding: gzip"), 400, "protocol_unsupported"),
        (format!("{catalog}\r\nhost: a\r\nconnection: upgrade\r\nupgrade: x"), 400, "protocol_unsupported"),
    ] {
        let answer = raw(&stack, format!("{request}\r\nconnection: close\r\n\r\n").as_bytes()).unwrap();
        let told: String = request.chars().take(80).collect();
        met.insert(check(&told, &answer, status, reason));
    }
    met.insert(check("slowly", &unfinished(&stack), 408, "request_timeout"));
    met.insert(overloaded());
    met.insert(unfiltered());
    assert_eq!(met, documented("Of Envoy itself"));

    // A method all the same (RFC 9110, section 5.6.2): whether an operation has it, its policy says.
    let odd = raw(&stack, PLAIN.replace("GET", "F$O").as_bytes()).unwrap();
    check("F$O", &odd, 405, "method_not_allowed");
    // The filter's own refusals stay what they are.
    let answer = http::get(&stack.url("/storefront/v2/catalog?limit=%zz"), &[]).unwrap();
    assert_problem(&answer, 400, "parameter_invalid");
    assert_sound(&stack);
}

/// A request whose headers do not end.
fn unfinished(stack: &Stack) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", stack.options().ports.gateway)).unwrap();
    stream.write_all(b"GET /storefront/v2/catalog HTTP/1.1\r\nhost: a\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// An Envoy that has used up its memory.
fn overloaded() -> (String, u16) {
    let open = start(None, |envoy| {
        let heap = &mut envoy["overload_manager"]["resource_monitors"][0];
        assert_eq!(heap["name"], "envoy.resource_monitors.fixed_heap");
        heap["typed_config"]["max_heap_size_bytes"] = 1.into();
    });
    let mut answer = String::new();
    eventually("Envoy knows", || {
        answer = raw(&open.stack, PLAIN.as_bytes()).unwrap();
        answer.starts_with("HTTP/1.1 503 ")
    });
    check("overloaded", &answer, 503, "gateway_overloaded")
}

/// An Envoy that cannot load the filter.
fn unfiltered() -> (String, u16) {
    let open = start(Some(b"\0asm of something else"), |_| {});
    let answer = raw(&open.stack, PLAIN.as_bytes()).unwrap();
    check("unfiltered", &answer, 503, "policy_unavailable")
}
