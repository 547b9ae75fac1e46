//! `spangate explain`, as the text that a person sees.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "what a test did not expect fails it")]

mod support;

use expect_test::{Expect, expect};
use support::directory;

const POLICY: &str = r#"apiVersion: spangate/v1
name: shop
issuers:
  own: {issuer: "https://id.example", audiences: [shop], jwks: {cluster: id, url: "https://id.example/keys"}}
roles:
  reader: '"read" in auth.roles'
steps:
  - authenticate: [own]
  - deny: {name: night, mode: shadow, when: request.time.getHours() < 6, reason: closed}
  - group:
      when: request.method == "GET"
      steps:
        - deny: {when: 'has(request.query.limit) && int(request.query.limit) > 10', status: 400, reason: too_many, detail: ask for less}
      otherwise:
        - set_header: {response: {x-written: "yes"}}
apis:
  shop:
    path: /shop
    versioning: {scheme: path, default: v1}
    versions: {v1: {}}
    operations:
      list: {route: GET /orders, roles: [reader], call: ListOrders}
      create: {route: POST /orders, roles: [reader], call: CreateOrder}
      old: {route: "GET /old/{id}", roles: [reader], forward: old, rewrite: "/{id}"}
"#;

const CALL: &str = r#"at: 2026-11-23T05:00:00Z
tokens: {rita: {subject: rita, roles: [read]}}
call: {path: /shop/v1/orders, token: rita}
"#;

fn check(call: &str, expected: Expect) {
    let directory = directory(&[("policy.yaml", POLICY), ("call.yaml", call)]);
    expected.assert_eq(&support::run(directory.path(), &["explain", "policy.yaml", "--call", "call.yaml"]));
}

#[test]
fn the_way_of_a_call() {
    check(
        CALL,
        expect![[r#"
            GET /shop/v1/orders  localhost from 192.0.2.1 at 2026-11-23T05:00:00Z
            ├─ ✓ route
            │    shop.list, version v1
            ├─ ✓ authenticate  policy.yaml:8 steps[0]
            │    [own]
            ├─ ✗ deny `night` (shadow) closed  policy.yaml:9 steps[1]
            │    when request.time.getHours() < 6: reason: closed
            ├─ ✓ group  policy.yaml:10 steps[2]
            │    when request.method == "GET"
            ├─    – deny  policy.yaml:13 steps[2].group.steps[0]
            │       when has(request.query.limit) && int(request.query.limit) > 10: status: 400, reason: too_many, detail: ask for less
            ├─ ✓ roles  policy.yaml:22 apis.shop.operations.list.roles
            │    [reader]
            │    roles.reader: "read" in auth.roles
            └─ allowed, as `ListOrders`
               content-type: application/json
            exit 0"#]],
    );
    check(
        &CALL
            .replace("orders,", "\"orders?limit=11\",")
            .replace("/shop/v1/\"orders?limit=11\"", "\"/shop/v1/orders?limit=11\""),
        expect![[r#"
            GET /shop/v1/orders?limit=11  localhost from 192.0.2.1 at 2026-11-23T05:00:00Z
            ├─ ✓ route
            │    shop.list, version v1
            ├─ ✓ authenticate  policy.yaml:8 steps[0]
            │    [own]
            ├─ ✗ deny `night` (shadow) closed  policy.yaml:9 steps[1]
            │    when request.time.getHours() < 6: reason: closed
            ├─ ✓ group  policy.yaml:10 steps[2]
            │    when request.method == "GET"
            ├─    ✗ deny too_many  policy.yaml:13 steps[2].group.steps[0]
            │       when has(request.query.limit) && int(request.query.limit) > 10: status: 400, reason: too_many, detail: ask for less
            └─ refused with 400 too_many by steps[2].group.steps[0]
               ask for less
               content-type: application/problem+json
            exit 0"#]],
    );
    check(
        &CALL.replace("path:", "method: POST, path:"),
        expect![[r#"
            POST /shop/v1/orders  localhost from 192.0.2.1 at 2026-11-23T05:00:00Z
            ├─ ✓ route
            │    shop.create, version v1
            ├─ ✓ authenticate  policy.yaml:8 steps[0]
            │    [own]
            ├─ ✗ deny `night` (shadow) closed  policy.yaml:9 steps[1]
            │    when request.time.getHours() < 6: reason: closed
            ├─ – group  policy.yaml:10 steps[2]
            │    when request.method == "GET"
            ├─ ✓ roles  policy.yaml:23 apis.shop.operations.create.roles
            │    [reader]
            │    roles.reader: "read" in auth.roles
            ├─    ✓ ← set_header  policy.yaml:15 steps[2].group.otherwise[0]
            │       response: {x-written: yes}
            └─ allowed, as `CreateOrder`
               content-type: application/json
               x-written: yes
            exit 0"#]],
    );
    check(
        &CALL.replace("/v1/orders", "/old/7"),
        expect![[r#"
            GET /shop/old/7  localhost from 192.0.2.1 at 2026-11-23T05:00:00Z
            ├─ ✓ route
            │    shop.old, version v1
            ├─ ✓ authenticate  policy.yaml:8 steps[0]
            │    [own]
            ├─ ✗ deny `night` (shadow) closed  policy.yaml:9 steps[1]
            │    when request.time.getHours() < 6: reason: closed
            ├─ ✓ group  policy.yaml:10 steps[2]
            │    when request.method == "GET"
            ├─    – deny  policy.yaml:13 steps[2].group.steps[0]
            │       when has(request.query.limit) && int(request.query.limit) > 10: status: 400, reason: too_many, detail: ask for less
            ├─ ✓ roles  policy.yaml:24 apis.shop.operations.old.roles
            │    [reader]
            │    roles.reader: "read" in auth.roles
            └─ forwarded to `old` as `/7`
               content-type: application/json
            exit 0"#]],
    );
}

#[test]
fn refusals() {
    check(
        "{path: /shop/orders, at: 2026-11-23T12:00:00Z}",
        expect![[r#"
        GET /shop/orders  localhost from 192.0.2.1 at 2026-11-23T12:00:00Z
        ├─ ✓ route
        │    shop.list, version v1
        ├─ ✗ authenticate token_missing  policy.yaml:8 steps[0]
        │    [own]
        └─ refused with 401 token_missing by steps[0]
           this operation needs a bearer token
           content-type: application/problem+json
           www-authenticate: Bearer realm="shop"
        exit 0"#]],
    );
    check(
        "{path: /nowhere, at: 2026-11-23T12:00:00Z}",
        expect![[r#"
        GET /nowhere  localhost from 192.0.2.1 at 2026-11-23T12:00:00Z
        ├─ ✗ route route_not_found
        └─ refused with 404 route_not_found
           there is no such operation
           content-type: application/problem+json
        exit 0"#]],
    );
    check(
        "{path: '/shop/orders?limit=many', at: 2026-11-23T12:00:00Z, token: {roles: [read]}}",
        expect![[r#"
        GET /shop/orders?limit=many  localhost from 192.0.2.1 at 2026-11-23T12:00:00Z
        ├─ ✓ route
        │    shop.list, version v1
        ├─ ✓ authenticate  policy.yaml:8 steps[0]
        │    [own]
        ├─ – deny `night` (shadow)  policy.yaml:9 steps[1]
        │    when request.time.getHours() < 6: reason: closed
        ├─ ✓ group  policy.yaml:10 steps[2]
        │    when request.method == "GET"
        ├─    ✗ deny condition_error  policy.yaml:13 steps[2].group.steps[0]
        │       when has(request.query.limit) && int(request.query.limit) > 10: status: 400, reason: too_many, detail: ask for less
        │       it could not be decided: `int()` cannot convert its argument
        └─ refused with 403 condition_error by steps[2].group.steps[0]
           a condition of the policy could not be decided for this call
           content-type: application/problem+json
        exit 0"#]],
    );
}

#[test]
fn faults_of_the_call() {
    check(
        "{path: /shop/orders, tokn: rita}",
        expect![[r#"
        error[unknown_key]: unknown key `tokn`
         --> call.yaml:1:22
          |
        1 | {path: /shop/orders, tokn: rita}
          |                      ^^^^
          |
          = help: did you mean `token`?

        exit 1"#]],
    );
}

#[test]
fn as_json() {
    let directory = directory(&[("policy.yaml", POLICY), ("call.yaml", CALL)]);
    let output = support::run(directory.path(), &["explain", "policy.yaml", "--call", "call.yaml", "--json"]);
    let (json, exit) = output.rsplit_once("exit ").unwrap();
    let told: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!((exit, &told["verdict"], &told["call"]), ("0", &"allow".into(), &"ListOrders".into()));
    assert_eq!(told["shadowed"][0]["reason"], "closed");
    expect![[r#"
        {
          "defined": {},
          "does": "reason: closed",
          "error": null,
          "kind": "deny",
          "line": 9,
          "mode": "shadow",
          "name": "night",
          "path": "steps[1]",
          "reason": "closed",
          "side": "request",
          "verdict": "refused",
          "when": "request.time.getHours() < 6"
        }"#]]
    .assert_eq(&format!("{:#}", told["trace"][2]));
}

#[test]
fn colours_only_where_they_are_asked_for() {
    let directory = directory(&[("policy.yaml", POLICY), ("call.yaml", CALL)]);
    let arguments = ["explain", "policy.yaml", "--call", "call.yaml"];
    let told = |variable: &str| {
        let mut command = support::spangate();
        command.env_remove("NO_COLOR").env(variable, "1").current_dir(directory.path()).args(arguments);
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    assert!(told("CLICOLOR_FORCE").contains("\u{1b}[32m✓"));
    assert!(!told("NO_COLOR").contains('\u{1b}'));
}
