//! Steps and targets beyond tokens and limits of rate, in the real Envoy: other upstreams, answers of the policy's
//! own, headers on both sides, pages of other origins, bodies, calls in flight, what is counted and recorded.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};
use spangate_stack::http::Answer;
use spangate_stack::{Options, Part, Stack, http};

use crate::support::{
    Connection, ORDERS, PROTOCOLS, Protocol, Request, Upstream, assert_problem, assert_sound, eventually,
    policy_with, statistics,
};

const PAGE: &str = "https://shop.example";
const LIMIT: usize = 3;

/// The sample with one more API: what it is made of stands in each test's own words.
fn with_steps(upstream: &Upstream) -> Stack {
    let policy = policy_with(|policy| {
        policy["steps"].as_array_mut().unwrap().push(json!({"set_header": {
            "response": {"x-operation": "api.operation", "x-status": "response.status"}}}));
        policy["apis"]["shop"] = json!({
            "path": "/shop",
            "steps": [{"cors": {"origins": [PAGE], "expose": ["x-status"]}}],
            "operations": {
                "letter": {
                    "route": "GET /letters/{id}",
                    "roles": ["reader"],
                    "steps": [
                        {"set_header": {
                            "request": {"x-tenant": "auth.tenant", "x-caller": "auth.subject"},
                            "response": {"x-upstream": "response.headers[\"x-upstream\"] + \"!\""},
                        }},
                        {"remove_header": {"request": ["x-debug"], "response": ["x-secret"]}},
                        {"audit": {"fields": {"letter": "request.params.id"}}},
                        {"deny": {"when": "request.params.id == \"7\"", "mode": "shadow", "reason": "on_trial"}},
                    ],
                    "forward": "letters",
                    "rewrite": "/api/v0/{id}",
                },
                "slow": {
                    "route": "GET /slow",
                    "public": true,
                    "steps": [{"concurrency": {"key": "\"all\"", "limit": LIMIT}}],
                    "forward": "letters",
                },
                "nowhere": {"route": "GET /nowhere", "public": true, "forward": "gone"},
                "health": {
                    "route": "GET /health",
                    "public": true,
                    "respond": {"status": 203, "headers": {"x-own": "yes"}, "body": {"ok": true}},
                },
                "upload": {
                    "route": "POST /letters",
                    "public": true,
                    "steps": [{"validate": {"body": {
                        "max_size": "64KiB", "media_types": ["application/json"], "required": true}}}],
                    "forward": "letters",
                },
            },
        });
    });
    let options = Options::storefront().unwrap().policy(policy).workers(4);
    // Nobody listens on the other's port.
    Stack::start(options.upstream("letters", upstream.port).upstream("gone", 1)).unwrap()
}

/// What the upstream says that it was sent under a name.
fn sent(answer: &Answer, name: &str) -> Vec<String> {
    let told = answer.json().unwrap();
    let headers = told["headers"].as_array().unwrap().clone();
    headers.iter().filter(|pair| pair[0] == name).map(|pair| pair[1].as_str().unwrap().to_owned()).collect()
}

#[test]
fn other_upstreams_and_answers_of_the_policy_s_own() {
    let upstream = Upstream::start();
    let stack = with_steps(&upstream);
    let alice = stack.token("alice").unwrap();
    for protocol in PROTOCOLS {
        let mut connection = Connection::open(&stack, protocol).unwrap();
        let mut send = |request: Request| connection.send(request).unwrap();

        let letter = Request::get("/shop/letters/a%20b?x=1&y=%2F").token(&alice);
        let letter = letter.header("x-debug", "1").header("x-tenant", "forged").header("x-kept", "k");
        let answer = send(letter.header("spangate-cluster", "spanner-sidecar").header("origin", PAGE));
        assert_eq!(answer.status, 200, "{answer:?}");
        let told = answer.json().unwrap();
        assert_eq!(told["request"], "GET /api/v0/a%20b?x=1&y=%2F HTTP/1.1");
        for (name, expected) in [
            ("x-tenant", &["t1"][..]),
            ("x-caller", &["alice"]),
            ("x-kept", &["k"]),
            ("x-debug", &[]),
            ("authorization", &[]),
            ("spangate-cluster", &[]),
        ] {
            assert_eq!(sent(&answer, name), expected, "{name}");
        }
        for (name, expected) in [
            ("x-upstream", Some("yes!")),
            ("x-secret", None),
            ("x-operation", Some("shop.letter")),
            ("x-status", Some("200")),
            ("access-control-allow-origin", Some(PAGE)),
            ("access-control-expose-headers", Some("x-status")),
        ] {
            assert_eq!(answer.header(name), expected, "{name} of {answer:?}");
        }
        let missing = send(Request::get("/shop/letters/missing").token(&alice));
        assert_eq!((missing.status, missing.header("x-status")), (404, Some("404")));

        assert_problem(&send(Request::get("/shop/letters/1")), 401, "token_missing");
        assert_problem(&send(Request::get("/shop/nowhere")), 503, "upstream_unavailable");

        let own = send(Request::get("/shop/health"));
        assert_eq!(
            (own.status, own.header("x-own"), own.text().as_str()),
            (203, Some("yes"), r#"{"ok":true}"#)
        );
        let head = send(Request::new("HEAD", "/shop/health"));
        assert_eq!((head.status, head.body.len()), (203, 0));

        // The sidecar's answers and its refusals go through the same steps.
        let orders = send(Request::get(ORDERS).token(&alice));
        assert_eq!(
            (orders.header("x-operation"), orders.header("x-status")),
            (Some("storefront.list_orders"), Some("200"))
        );
    }
    assert_sound(&stack);

    // What is recorded: the verdict, fields of `audit`, the step on trial, and counts.
    let answer = http::get(&stack.url("/shop/letters/7"), &[("authorization", &alice)]).unwrap();
    assert_eq!(answer.status, 200, "a shadow refuses nothing");
    let log = || std::fs::read_to_string(stack.process(Part::Envoy).unwrap().log()).unwrap();
    eventually("the access log tells of the call", || {
        log()
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .any(|line| line["spangate"] == "forward shop.letter" && line["audit"] == r#"{"letter":"7"}"#)
    });
    assert!(log().contains(r#""event":"shadow""#) && log().contains("on_trial"));
    eventually("Envoy counts what was decided", || {
        let counted = statistics(&stack, "^wasmcustom.spangate_");
        let count =
            |name: &str| counted.get(&format!("wasmcustom.spangate_{name}")).copied().unwrap_or_default();
        count("allowed_forward") == 7
            && count("allowed_respond") == 4
            && count("refused_token_missing") == 2
            && count("refused_upstream_unavailable") == 2
            && count("shadowed_on_trial") == 1
            && count("allowed_allow") > 0
    });
}

#[test]
fn pages_of_other_origins_and_bodies() {
    let upstream = Upstream::start();
    let stack = with_steps(&upstream);
    for protocol in PROTOCOLS {
        let mut connection = Connection::open(&stack, protocol).unwrap();
        let mut send = |request: Request| connection.send(request).unwrap();
        let preflight = |origin| {
            Request::new("OPTIONS", "/shop/letters")
                .header("origin", origin)
                .header("access-control-request-method", "POST")
        };
        let answer = send(preflight(PAGE));
        assert_eq!(
            (answer.status, answer.header("access-control-allow-origin")),
            (204, Some(PAGE)),
            "{answer:?}"
        );
        assert!(answer.header("access-control-allow-methods").unwrap().contains("POST"));
        assert_problem(&send(preflight("https://evil.example")), 403, "origin_denied");
        // A page may read why it was refused.
        let refused = send(Request::get("/shop/letters/1").header("origin", PAGE));
        assert_problem(&refused, 401, "token_missing");
        assert_eq!(refused.header("access-control-allow-origin"), Some(PAGE));

        let upload = |size| {
            Request::new("POST", "/shop/letters").header("content-type", "application/json").sized(size)
        };
        assert_eq!(send(upload(65_536)).status, 200);
        assert_eq!(send(upload(65_536).in_chunks(10_000)).status, 200);
        assert_problem(&send(upload(65_537)), 413, "body_too_large");
        assert_problem(&send(upload(65_537).in_chunks(10_000)), 413, "body_too_large");
        assert_problem(&send(upload(0)), 400, "parameter_invalid");
        let text = Request::new("POST", "/shop/letters").header("content-type", "text/plain").sized(3);
        assert_problem(&send(text), 415, "media_type_unsupported");
    }
    assert_sound(&stack);
}

/// A call that is not answered yet; dropped, its client has left.
fn begin(stack: &Stack) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", stack.options().ports.gateway)).unwrap();
    stream.write_all(b"GET /shop/slow HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").unwrap();
    stream
}

fn status(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn no_more_calls_are_in_flight_than_may_be() {
    let upstream = Upstream::start();
    let stack = with_steps(&upstream);
    upstream.hold(true);
    // Over all workers: who may not enter is told so at once, the others wait for the upstream.
    let calls: Vec<TcpStream> = (0..24).map(|_| begin(&stack)).collect();
    let counter = "^wasmcustom.spangate_refused_concurrency_exceeded$";
    let refused = || statistics(&stack, counter).into_values().sum::<u64>();
    eventually("all others are refused", || refused() == 24 - LIMIT as u64);
    eventually("the limit is used up", || upstream.in_flight() == LIMIT);

    // Clients that leave give their places back, however many there were.
    drop(calls);
    eventually("the upstream sees that they have left", || upstream.in_flight() == 0);
    assert_eq!(upstream.most_in_flight(), LIMIT);
    for _ in 0..2 {
        let mut inside: Vec<TcpStream> = Vec::new();
        eventually("as many enter again", || {
            if upstream.in_flight() < LIMIT {
                inside.push(begin(&stack));
            }
            upstream.in_flight() == LIMIT
        });
        assert_eq!(status(begin(&stack)), "HTTP/1.1 429 Too Many Requests");
        upstream.hold(false);
        let served = inside.into_iter().map(status).filter(|status| status == "HTTP/1.1 200 OK").count();
        assert_eq!(served, LIMIT);
        upstream.hold(true);
    }
    assert_eq!(upstream.most_in_flight(), LIMIT);
    upstream.hold(false);
    // One after another they never wait for a place: it is free before its answer has ended.
    let mut connection = Connection::open(&stack, Protocol::Http2).unwrap();
    for _ in 0..50 {
        assert_eq!(connection.send(Request::get("/shop/slow")).unwrap().status, 200);
    }
    assert_sound(&stack);
}

#[test]
fn a_limit_that_could_not_be_kept_is_not_loaded() {
    let stack = crate::support::storefront();
    let text = policy_with(|policy| {
        let steps = &mut policy["apis"]["storefront"]["operations"]["catalog"]["steps"];
        *steps = json!([{"quota": {"key": "source.ip", "limit": "5/1d"}}]);
    });
    stack.save_policy(&text).unwrap();
    let logs = || {
        let log = |part| std::fs::read_to_string(stack.process(part).unwrap().log()).unwrap_or_default();
        format!("{}{}", log(Part::Policy), log(Part::Envoy))
    };
    eventually("somebody says why", || logs().contains("no source of leases for `quota`"));
    assert_eq!(http::get(&stack.url("/storefront/v2/catalog"), &[]).unwrap().status, 200);
    assert_sound(&stack);
}
