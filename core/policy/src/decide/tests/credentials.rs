//! Where tokens come from, what goes on of them, what keys have to do with it, and what clients without one are told.

use expect_test::{Expect, expect};
use serde_json::json;

use super::*;

const ISSUER: &str =
    "issuer: https://dev.example, audiences: [shop], jwks: {cluster: dev, url: \"https://dev.example/jwks\"}";

fn gate(authenticate: &str, more: &str) -> Gate {
    Gate::new(&format!(
        r#"
apiVersion: spangate/v1
name: shop
issuers:
  dev: {{{ISSUER}{more}}}
roles: {{any: 'true'}}
steps:
{authenticate}
apis:
  shop:
    path: /shop
    operations:
      get: {{route: GET /get, roles: [any], forward: legacy}}
"#
    ))
}

fn check(authenticate: &str, calls: &[(&str, &[(&str, &str)])], expected: Expect) {
    let mut gate = gate(authenticate, "");
    let lines: Vec<String> = calls.iter().map(|(line, headers)| gate.decide(line, headers)).collect();
    expected.assert_eq(&lines.join("\n").replace(&token(json!({})), "TOKEN"));
}

#[test]
fn places() {
    let token = token(json!({}));
    let (bearer, cookies) = (format!("Bearer {token}"), format!("a=1; session={token}; b=2"));
    let twice = format!("{cookies}; session={token}");
    let query = format!("GET /shop/get?x=1&access_token={token}&y=2");
    let both = format!("{query}&access_token={token}");
    check(
        "  - authenticate: [dev]",
        &[
            ("GET /shop/get", &[("authorization", &bearer)]),
            ("GET /shop/get", &[("authorization", &bearer), ("authorization", &bearer)]),
            ("GET /shop/get", &[("authorization", &format!("{bearer}, {bearer}"))]),
            ("GET /shop/get", &[("authorization", &format!("{bearer} {bearer}"))]),
            ("GET /shop/get", &[("cookie", &cookies)]),
        ],
        expect![[r#"
            forward legacy /shop/get [Remove("authorization")]
            401 token_repeated www-authenticate: Bearer realm="shop", error="invalid_request", error_description="the request carries more than one credential"
            401 token_repeated www-authenticate: Bearer realm="shop", error="invalid_request", error_description="the request carries more than one credential"
            401 token_repeated www-authenticate: Bearer realm="shop", error="invalid_request", error_description="the request carries more than one credential"
            401 token_missing www-authenticate: Bearer realm="shop""#]],
    );
    check(
        "  - authenticate: {issuers: [dev], from: {header: X-Token}}",
        &[
            ("GET /shop/get", &[("x-token", &token)]),
            ("GET /shop/get", &[("x-token", &token), ("authorization", "Basic YTpi")]),
            ("GET /shop/get", &[("x-token", &token), ("x-token", &token)]),
            ("GET /shop/get", &[("x-token", &format!("{token},{token}"))]),
            ("GET /shop/get", &[("x-token", &bearer)]),
        ],
        expect![[r#"
            forward legacy /shop/get [Remove("x-token")]
            forward legacy /shop/get [Remove("x-token")]
            401 token_repeated www-authenticate: Bearer realm="shop", error="invalid_request", error_description="the request carries more than one credential"
            401 token_repeated www-authenticate: Bearer realm="shop", error="invalid_request", error_description="the request carries more than one credential"
            forward legacy /shop/get [Remove("x-token")]"#]],
    );
    check(
        "  - authenticate: {issuers: [dev], from: {cookie: session}}",
        &[
            ("GET /shop/get", &[("cookie", &cookies)]),
            ("GET /shop/get", &[("cookie", &format!("session={token}"))]),
            ("GET /shop/get", &[("cookie", &twice)]),
            ("GET /shop/get", &[("cookie", &cookies), ("cookie", &cookies)]),
            ("GET /shop/get", &[("cookie", &cookies), ("authorization", &bearer)]),
        ],
        expect![[r#"
            forward legacy /shop/get [Set("cookie", "a=1; b=2")]
            forward legacy /shop/get [Remove("cookie")]
            401 token_repeated www-authenticate: Bearer realm="shop", error="invalid_request", error_description="the request carries more than one credential"
            401 token_repeated www-authenticate: Bearer realm="shop", error="invalid_request", error_description="the request carries more than one credential"
            401 token_repeated www-authenticate: Bearer realm="shop", error="invalid_request", error_description="the request carries more than one credential""#]],
    );
    check(
        "  - authenticate: {issuers: [dev], from: {query: access_token}}",
        &[(&query, &[]), (&both, &[]), (&query, &[("authorization", &bearer)])],
        expect![[r#"
            forward legacy /shop/get?x=1&y=2 []
            401 token_repeated www-authenticate: Bearer realm="shop", error="invalid_request", error_description="the request carries more than one credential"
            401 token_repeated www-authenticate: Bearer realm="shop", error="invalid_request", error_description="the request carries more than one credential""#]],
    );
    check(
        "  - authenticate: {issuers: [dev], forward: true}",
        &[("GET /shop/get", &[("authorization", &bearer)])],
        expect!["forward legacy /shop/get []"],
    );
    // Two steps, two tokens: neither goes on.
    check(
        "  - authenticate: {issuers: [dev], from: {cookie: session}}\n  - authenticate: {issuers: [dev], from: {cookie: other}}",
        &[("GET /shop/get", &[("cookie", &format!("session={token}; other={token}; b=2"))])],
        expect![[r#"forward legacy /shop/get [Set("cookie", "b=2")]"#]],
    );
}

/// What becomes of a token whose key is not there.
#[test]
fn keys_that_may_yet_come() {
    let call = TestCall {
        method: "GET".to_owned(),
        path: "/shop/get".to_owned(),
        query: String::new(),
        headers: vec![("authorization".to_owned(), format!("Bearer {}", token(json!({}))))],
    };
    let mut gate = gate("  - authenticate: [dev]", "");
    gate.host.keys = Some(Arc::default());
    let need = Decision::Need(Need::Keys { issuer: 0 });
    let mut progress = Progress::default();
    let mut ask = |gate: &mut Gate, since| {
        gate.host.keys_since = Some(since);
        match gate.policy.decide(&mut progress, &call, &mut gate.host) {
            Decision::Refuse(refusal) => Err(shown(&refusal)),
            decision => Ok(decision),
        }
    };
    assert_eq!(ask(&mut gate, KeysSince::Fetched), Ok(need.clone()), "it asks before it refuses");
    assert_eq!(ask(&mut gate, KeysSince::Awaited), Ok(need.clone()));
    // For want of a fetch nobody is told that the token is bad.
    assert!(ask(&mut gate, KeysSince::Unavailable).unwrap_err().starts_with("503 keys_unavailable"));
    assert!(gate.host.unknown.is_empty());
    assert!(ask(&mut gate, KeysSince::Fetched).unwrap_err().starts_with("401 token_key_unknown"));
    // The same token again asks nobody; and once its key is there, it is good.
    let anew = |gate: &mut Gate| gate.policy.decide(&mut Progress::default(), &call, &mut gate.host);
    assert!(matches!(anew(&mut gate), Decision::Refuse(_)));
    gate.host.keys = Some(keys());
    assert_eq!(anew(&mut gate), Decision::Allow);
}

#[test]
fn what_clients_without_a_token_are_told() {
    let url = "https://api.example/.well-known/oauth-protected-resource/shop";
    let mut gate = gate("  - authenticate: [dev]", &format!(", resource_metadata: \"{url}\""));
    let mut lines = Vec::new();
    for line in [
        "GET /shop/get",
        "GET /.well-known/oauth-protected-resource/shop",
        "HEAD /.well-known/oauth-protected-resource/shop",
        "POST /.well-known/oauth-protected-resource/shop",
        "GET /.well-known/oauth-protected-resource",
    ] {
        lines.push(gate.decide(line, &[]));
    }
    lines.push(gate.decide("GET /shop/get", &[("authorization", "Bearer x")]));
    lines.push(gate.decide("GET /shop/get", &[("authorization", "Bearer x, Bearer y")]));
    expect![[r#"
        401 token_missing www-authenticate: Bearer realm="shop", resource_metadata="https://api.example/.well-known/oauth-protected-resource/shop"
        respond 200 "{\"authorization_servers\":[\"https://dev.example\"],\"resource\":\"https://api.example/shop\"}" content-type: application/json access-control-allow-origin: *
        respond 200 "{\"authorization_servers\":[\"https://dev.example\"],\"resource\":\"https://api.example/shop\"}" content-type: application/json access-control-allow-origin: *
        404 route_not_found
        404 route_not_found
        401 token_malformed www-authenticate: Bearer realm="shop", error="invalid_token", error_description="the token is no signed JSON Web Token", resource_metadata="https://api.example/.well-known/oauth-protected-resource/shop"
        401 token_repeated www-authenticate: Bearer realm="shop", error="invalid_request", error_description="the request carries more than one credential", resource_metadata="https://api.example/.well-known/oauth-protected-resource/shop""#]].assert_eq(&lines.join("\n"));
}

/// A token that is remembered as one issuer's is asked for again where another with the same `iss` is accepted.
#[test]
fn the_step_decides_whose_token_it_is() {
    let mut gate = Gate::new(&format!(
        r#"
apiVersion: spangate/v1
name: shop
issuers:
  one: {{{ISSUER}}}
  two: {{{ISSUER}}}
roles: {{one: 'auth.issuer == "one"', two: 'auth.issuer == "two"'}}
apis:
  a: {{path: /a, steps: [authenticate: [one]], operations: {{get: {{route: GET /get, roles: [one], call: A}}}}}}
  b: {{path: /b, steps: [authenticate: [two]], operations: {{get: {{route: GET /get, roles: [two], call: B}}}}}}
"#
    ));
    for _ in 0..2 {
        assert_eq!(gate.with_token("GET /a/get", json!({})), "allow A");
        assert_eq!(gate.with_token("GET /b/get", json!({})), "allow B");
    }
}
