//! Each kind of step, in force and in shadow, with plain values.

use expect_test::{Expect, expect};
use serde_json::json;

use super::Gate;

/// A gate whose operations have these steps: one calls, one forwards, one answers by itself.
fn gate(steps: &str) -> Gate {
    Gate::new(&format!(
        r#"
apiVersion: spangate/v1
name: shop
issuers:
  dev: {{issuer: https://dev.example, audiences: [shop], jwks: {{cluster: dev, url: "https://dev.example/jwks"}}}}
steps:
  - authenticate: {{issuers: [dev], optional: true}}
apis:
  shop:
    path: /shop
    steps: {steps}
    operations:
      get: {{route: "GET /things/{{id}}", public: true, call: Get}}
      put: {{route: "PUT /things/{{id}}", public: true, call: Put}}
      old: {{route: "GET /old/{{rest=**}}", public: true, forward: legacy, rewrite: "/v0/{{rest}}"}}
      hello: {{route: GET /hello, public: true, respond: {{status: 200, headers: {{x-who: source.ip}}, body: {{hello: world}}}}}}
"#
    ))
}

fn check(steps: &str, calls: &[(&str, &[(&str, &str)])], expected: Expect) {
    let mut gate = gate(steps);
    let lines: Vec<String> = calls.iter().map(|(line, headers)| gate.decide(line, headers)).collect();
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn targets() {
    check(
        "[]",
        &[
            ("GET /shop/things/7", &[]),
            ("GET /shop/old/a%20b/c?x=1&y=%20", &[]),
            ("GET /shop/hello", &[]),
            ("HEAD /shop/hello", &[]),
        ],
        expect![[r#"
            allow Get id=7
            forward legacy /v0/a%20b/c?x=1&y=%20 []
            respond 200 "{\"hello\":\"world\"}" x-who: 192.0.2.1 content-type: application/json
            respond 200 "{\"hello\":\"world\"}" x-who: 192.0.2.1 content-type: application/json"#]],
    );
}

#[test]
fn groups_take_one_of_two_ways() {
    let group = "[{group: {when: 'request.query.who == \"a\"', steps: [{deny: {when: 'request.query.n == \"1\"', reason: first}}], \
                 otherwise: [{group: {when: 'request.query.who == \"b\"', steps: [{respond: {status: 418}}], otherwise: [{require: 'request.query.n == \"3\"'}]}}]}}, \
                 {deny: {when: 'request.query.n == \"9\"', reason: last}}]";
    check(
        group,
        &[
            ("GET /shop/things/7?who=a&n=1", &[]),
            ("GET /shop/things/7?who=a&n=2", &[]),
            ("GET /shop/things/7?who=a&n=9", &[]),
            ("GET /shop/things/7?who=b&n=1", &[]),
            ("GET /shop/things/7?who=c&n=1", &[]),
            ("GET /shop/things/7?who=c&n=3", &[]),
            ("GET /shop/things/7", &[]),
        ],
        expect![[r#"
            403 first
            allow Get id=7
            403 last
            respond 418 ""
            403 requirement_not_met
            allow Get id=7
            403 condition_error"#]],
    );
    check(
        &group.replace(
            "[{group: {when: 'request.query.who == \"a\"'",
            "[{group: {mode: shadow, when: 'request.query.who == \"a\"'",
        ),
        &[
            ("GET /shop/things/7?who=a&n=1", &[]),
            ("GET /shop/things/7?who=b&n=1", &[]),
            ("GET /shop/things/7?n=1", &[]),
        ],
        expect![[r#"
            allow Get id=7 (shadow apis.shop.steps[0].group.steps[0] first)
            allow Get id=7
            allow Get id=7 (shadow apis.shop.steps[0] condition_error)"#]],
    );
}

#[test]
fn a_condition_that_errs_refuses_whatever_the_step() {
    for step in [
        "{require: 'request.query.x == \"1\"'}",
        "{deny: {when: 'request.query.x == \"1\"'}}",
        "{require: 'true', when: 'request.query.x == \"1\"'}",
        "{rate_limit: {key: request.query.x, rate: 1/1s}}",
        "{rate_limit: {key: source.ip, rate: [{when: 'request.query.x == \"1\"', rate: 1/1s}]}}",
        "{rate_limit: {key: source.ip, rate: 1/1s, cost: int(request.query.x)}}",
        "{rate_limit: {key: source.ip, rate: 1/1s, cost: '-1'}}",
        "{quota: {key: request.query.x, limit: 1/1d}}",
        "{concurrency: {key: request.query.x, limit: 1}}",
        "{set_header: {request: {x-a: request.query.x}}}",
        "{respond: {status: 200, headers: {x-a: request.query.x}}}",
        "{group: {when: 'request.query.x == \"1\"', steps: [{require: 'true'}]}}",
        "{cors: {origins: ['*']}, when: 'request.query.x == \"1\"'}",
    ] {
        let decided = gate(&format!("[{step}]")).decide("GET /shop/things/7", &[]);
        assert_eq!(decided, "403 condition_error", "{step}");
        let shadowed = gate(&format!("[{}]", step.replacen('{', "{mode: shadow, ", 1)));
        let decided = { shadowed }.decide("GET /shop/things/7", &[]);
        assert!(decided.starts_with("allow Get") && decided.contains("condition_error"), "{step}: {decided}");
    }
}

#[test]
fn what_refuses_nothing() {
    check(
        "[{audit: {fields: {who: auth.subject, path: request.path}}}, {cache: {ttl: 1m, vary: [request.query.x]}}]",
        &[("GET /shop/things/7", &[]), ("GET /shop/things/7?x=1", &[])],
        expect![[r#"
            allow Get id=7 [who=null] [path="/shop/things/7"]
            allow Get id=7 [who=null] [path="/shop/things/7"]"#]],
    );
}

#[test]
fn limits_have_tiers_costs_and_answers() {
    let tiers = "[{rate_limit: {key: source.ip, rate: [{when: 'request.query.plan == \"gold\"', rate: 2/1h}, {rate: 1/1h}]}}]";
    check(
        tiers,
        &[
            ("GET /shop/things/7?plan=gold", &[]),
            ("GET /shop/things/7?plan=gold", &[]),
            ("GET /shop/things/7?plan=gold", &[]),
            ("GET /shop/things/7?plan=tin", &[]),
            ("GET /shop/things/7?plan=tin", &[]),
        ],
        expect![[r#"
            allow Get id=7
            allow Get id=7
            429 rate_limited ratelimit-policy: "default";q=2;w=3600 ratelimit: "default";r=0;t=3600 retry-after: 1800
            allow Get id=7
            429 rate_limited ratelimit-policy: "default";q=1;w=3600 ratelimit: "default";r=0;t=3600 retry-after: 3600"#]],
    );
    check(
        "[{rate_limit: {key: source.ip, rate: 5/1h, cost: int(request.query.n), headers: true}}]",
        &[
            ("GET /shop/things/7?n=3", &[]),
            ("GET /shop/things/7?n=3", &[]),
            ("GET /shop/things/7?n=0", &[]),
            ("GET /shop/things/7?n=2", &[]),
        ],
        expect![[r#"
            allow Get id=7 ratelimit-policy: "default";q=5;w=3600 ratelimit: "default";r=2;t=2160
            429 rate_limited ratelimit-policy: "default";q=5;w=3600 ratelimit: "default";r=2;t=2160 retry-after: 720
            allow Get id=7 ratelimit-policy: "default";q=5;w=3600 ratelimit: "default";r=2;t=2160
            allow Get id=7 ratelimit-policy: "default";q=5;w=3600 ratelimit: "default";r=0;t=3600"#]],
    );
    check(
        "[{rate_limit: {key: source.ip, rate: 2/1h, count: response, cost: 'response.status == 404 ? 0 : 1'}}]",
        &[
            ("GET /shop/things/7", &[]),
            ("GET /shop/things/7", &[]),
            ("GET /shop/things/7", &[]),
            ("GET /shop/hello", &[]),
            ("GET /shop/hello", &[]),
            ("GET /shop/things/7", &[]),
        ],
        expect![[r#"
            allow Get id=7
            allow Get id=7
            allow Get id=7
            respond 200 "{\"hello\":\"world\"}" x-who: 192.0.2.1 content-type: application/json
            respond 200 "{\"hello\":\"world\"}" x-who: 192.0.2.1 content-type: application/json
            429 rate_limited ratelimit-policy: "default";q=2;w=3600 ratelimit: "default";r=0;t=3600 retry-after: 1800"#]],
    );
    check(
        "[{rate_limit: {key: source.ip, rate: 3/1h, count: response, cost: '2'}}]",
        &[("GET /shop/things/7", &[]), ("GET /shop/things/7", &[]), ("GET /shop/things/7", &[])],
        expect![[r#"
            allow Get id=7
            allow Get id=7
            429 rate_limited ratelimit-policy: "default";q=3;w=3600 ratelimit: "default";r=0;t=3600 retry-after: 1200"#]],
    );
}

#[test]
fn quotas() {
    check(
        "[{quota: {key: source.ip, limit: 2/1d, name: daily}}]",
        &[("GET /shop/things/7", &[]), ("GET /shop/things/7", &[]), ("GET /shop/things/7", &[])],
        expect![[r#"
            allow Get id=7
            allow Get id=7
            429 quota_exhausted ratelimit-policy: "daily";q=2;w=86400 ratelimit: "daily";r=0;t=57600 retry-after: 57600"#]],
    );
}

#[test]
fn calls_in_flight() {
    let mut gate = gate("[{concurrency: {key: source.ip, limit: 1}}]");
    assert_eq!(gate.decide("GET /shop/things/7", &[]), "allow Get id=7");
    assert_eq!(gate.decide("GET /shop/things/7", &[]), "allow Get id=7", "the first has left");
    *gate.host.inside.values_mut().next().unwrap() = 1;
    assert_eq!(gate.decide("GET /shop/things/7", &[]), "429 concurrency_exceeded retry-after: 1");
    assert_eq!(gate.host.inside.values().sum::<u32>(), 1, "who was not let in does not leave");
}

#[test]
fn validation() {
    let validate = "[{validate: {query: {n: {type: integer, minimum: 1, required: true}}, headers: {x-id: {pattern: '^[a-z]+$'}}, \
                    path: {id: {max_length: 3}}, unknown_query: deny, body: {max_size: 10B, media_types: application/json, required: false}}}]";
    check(
        validate,
        &[
            ("GET /shop/things/7?n=1", &[]),
            ("GET /shop/things/7", &[]),
            ("GET /shop/things/7?n=0", &[]),
            ("GET /shop/things/7?n=1&n=2", &[]),
            ("GET /shop/things/7?n=1&m=2", &[]),
            ("GET /shop/things/7?n=1", &[("x-id", "A")]),
            ("GET /shop/things/7777?n=1", &[]),
            ("PUT /shop/things/7?n=1", &[("content-type", "text/plain")]),
            ("PUT /shop/things/7?n=1", &[("content-type", "application/json")]),
        ],
        expect![[r#"
            allow Get id=7
            400 parameter_invalid
            400 parameter_invalid
            400 parameter_invalid
            400 parameter_invalid
            400 parameter_invalid
            400 parameter_invalid
            415 media_type_unsupported
            allow Put id=7"#]],
    );
}

#[test]
fn headers_of_both_sides() {
    check(
        "[{set_header: {request: {x-ip: source.ip, x-kind: plain text}, response: {x-status: response.status, x-why: 'response.headers[\"x-why\"]'}}}, \
         {remove_header: {request: x-secret, response: [server]}}, \
         {set_header: {response: {x-not: 'response.headers[\"x-none\"]'}}}, \
         {set_header: {response: {x-ok: yes}}, when: response.status == 200}]",
        &[("GET /shop/old/a", &[]), ("GET /shop/things/7", &[])],
        expect![[r#"
            forward legacy /v0/a [Set("x-ip", "192.0.2.1"), Set("x-kind", "plain text"), Remove("x-secret")] [Set("x-status", "404"), Set("x-why", "gone"), Remove("server")]
            allow Get id=7 [Set("x-status", "404"), Set("x-why", "gone"), Remove("server")]"#]],
    );
    // What a caller chose may not begin a header of its own.
    check(
        "[{set_header: {request: {x-a: request.query.a}}}]",
        &[("GET /shop/old/a?a=b%0d%0ax-evil:1", &[]), ("GET /shop/old/a?a=b", &[])],
        expect![[r#"
            403 condition_error
            forward legacy /v0/a?a=b [Set("x-a", "b")]"#]],
    );
}

#[test]
fn pages_of_other_origins() {
    let cors = "[{cors: {origins: ['https://app.example'], headers: [authorization], credentials: true, max_age: 1m}}]";
    let preflight: &[(&str, &str)] =
        &[("origin", "https://app.example"), ("access-control-request-method", "PUT")];
    let evil: &[(&str, &str)] =
        &[("origin", "https://evil.example"), ("access-control-request-method", "PUT")];
    check(
        cors,
        &[
            ("OPTIONS /shop/things/7", preflight),
            ("OPTIONS /shop/things/7", evil),
            ("OPTIONS /shop/nothing", preflight),
            ("OPTIONS /shop/things/7", &[]),
            ("GET /shop/things/7", &[("origin", "https://app.example")]),
            ("GET /shop/things/7", &[("origin", "https://evil.example")]),
            ("GET /shop/things/7", &[("origin", "https://api.example")]),
            ("GET /shop/things/7", &[("origin", "https://app.example"), ("authorization", "Bearer x")]),
            ("GET /shop/things/7", &[]),
        ],
        expect![[r#"
            respond 204 "" access-control-allow-origin: https://app.example access-control-allow-credentials: true access-control-allow-methods: GET, HEAD, PUT access-control-allow-headers: authorization access-control-max-age: 60 vary: origin, access-control-request-method, access-control-request-headers
            403 origin_denied
            404 route_not_found
            405 method_not_allowed allow: GET, HEAD, PUT
            allow Get id=7 access-control-allow-origin: https://app.example vary: origin access-control-allow-credentials: true
            403 origin_denied
            allow Get id=7
            401 token_malformed www-authenticate: Bearer realm="shop", error="invalid_token", error_description="the token is no signed JSON Web Token" access-control-allow-origin: https://app.example vary: origin access-control-allow-credentials: true
            allow Get id=7"#]],
    );
    check(
        "[]",
        &[("OPTIONS /shop/things/7", preflight)],
        expect!["405 method_not_allowed allow: GET, HEAD, PUT"],
    );
}

#[test]
fn versions_grow_old() {
    let aged = |after: &str| {
        Gate::new(&format!(
            "{{apiVersion: spangate/v1, name: shop, apis: {{a: {{path: /a, versioning: {{scheme: header x-version, default: v1}}, \
             versions: {{v1: {{deprecated: 2026-01-01, sunset: 2026-06-30T12:00:00Z, after_sunset: {after}, link: 'https://shop.example/v2'}}, v2: {{}}}}, \
             operations: {{o: {{route: GET /o, public: true, call: O}}}}}}}}}}"
        ))
    };
    let lines: Vec<_> = ["serve", "refuse"]
        .iter()
        .flat_map(|after| {
            [&[][..], &[("x-version", "v2")], &[("x-version", "v3")]]
                .map(|headers| aged(after).decide("GET /a/o", headers))
        })
        .collect();
    expect![[r#"
        allow O deprecation: @1767225600 sunset: Tue, 30 Jun 2026 12:00:00 GMT link: <https://shop.example/v2>; rel="deprecation sunset"
        allow O
        404 version_unknown
        410 version_sunset deprecation: @1767225600 sunset: Tue, 30 Jun 2026 12:00:00 GMT link: <https://shop.example/v2>; rel="deprecation sunset"
        allow O
        404 version_unknown"#]].assert_eq(&lines.join("\n"));
}

#[test]
fn tokens_from_elsewhere_go_no_further() {
    for (from, forwarded) in [
        ("{cookie: session}", "\"cookie\", \"a=1; b=2\""),
        ("{header: x-token}", "Remove(\"x-token\")"),
        ("{query: token}", "/v0/a?n=1&m=2 []"),
    ] {
        let mut gate = Gate::new(&format!(
            r#"{{apiVersion: spangate/v1, name: shop, issuers: {{dev: {{issuer: https://dev.example, audiences: [shop], jwks: {{cluster: dev, url: "https://dev.example/jwks"}}}}}}, roles: {{any: auth.subject == "alice"}},
            steps: [{{authenticate: {{issuers: [dev], from: {from}}}}}], apis: {{a: {{path: /a, operations: {{o: {{route: "GET /{{rest=**}}", roles: [any], forward: old, rewrite: "/v0/{{rest}}"}}}}}}}}}}"#
        ));
        let token = super::token(json!({}));
        let line = format!("GET /a/a?n=1&token={token}&m=2");
        let cookie = format!("a=1; session={token}; b=2");
        let decided = gate.decide(&line, &[("cookie", &cookie), ("x-token", &token)]);
        assert!(
            decided.starts_with("forward old /v0/a?n=1") && decided.contains(forwarded),
            "{from}: {decided}"
        );
        let bare = gate.decide("GET /a/a", &[("authorization", &format!("Bearer {token}"))]);
        assert!(bare.starts_with("401 token_missing"), "{from}: {bare}");
    }
}

/// What the sidecar is told of the request's headers: those that some `validate` on the way names, and no credential.
#[test]
fn declared_headers_go_to_the_sidecar() {
    let declared = "[{validate: {headers: {X-Region: {type: string}, authorization: {type: string}, cookie: {type: string}}}}, \
                    {group: {when: 'request.method == \"PUT\"', steps: [{validate: {headers: {x-tags: {type: string}}}}]}}]";
    check(
        declared,
        &[
            ("GET /shop/things/7", &[]),
            (
                "GET /shop/things/7",
                &[("x-region", "eu"), ("x-other", "1"), ("cookie", "a=b"), ("x-tags", "a")],
            ),
        ],
        expect![[r#"
            allow Get id=7
            allow Get id=7 x-region=eu x-tags=a"#]],
    );
}
