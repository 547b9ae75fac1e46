//! `spangate effective`, as the text that a person sees.

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
  writer: '"write" in auth.roles'
steps:
  - cors: {origins: ["https://shop.example"]}
  - authenticate: [own]
  - set_header: {name: hardening, response: {x-content-type-options: nosniff}}
apis:
  shop:
    path: /shop
    versioning: {scheme: path, default: v1}
    versions: {v1: {}, v2: {}}
    steps:
      - group:
          when: request.method == "GET"
          steps:
            - deny: {when: '"limit" in request.query', mode: shadow, reason: no_limits}
          otherwise:
            - require: '"x-requested-with" in request.headers'
              reason: header_missing
    operations:
      list:
        route: GET /orders
        roles: [reader, writer]
        steps:
          - rate_limit: {key: auth.subject, rate: 2/1h}
          - remove_header: {response: [server]}
        call: ListOrders
      create: {route: POST /orders, versions: [v2], roles: [writer], call: CreateOrder}
  news:
    path: /news
    operations:
      list: {route: GET /, public: true, call: ListNews}
"#;

fn check(operation: &str, expected: Expect) {
    let directory = directory(&[("policy.yaml", POLICY)]);
    expected.assert_eq(&support::run(directory.path(), &["effective", "policy.yaml", operation]));
}

#[test]
fn the_steps_of_an_operation_and_where_they_come_from() {
    check(
        "shop.list",
        expect![[r#"
        shop.list  GET /shop/{version}/orders  v1, v2
        before all others
          cors  policy.yaml:9 steps[0]
            origins: [https://shop.example]
        steps of the policy
          authenticate  policy.yaml:10 steps[1]
            [own]
        steps of the API
          group  policy.yaml:18 apis.shop.steps[0]
            when request.method == "GET"
            deny (shadow)  policy.yaml:21 apis.shop.steps[0].group.steps[0]
              when "limit" in request.query: reason: no_limits
            otherwise require  policy.yaml:23 apis.shop.steps[0].group.otherwise[0]
              "x-requested-with" in request.headers, reason: header_missing
        roles
          any of reader, writer
        steps of the operation
          rate_limit  policy.yaml:30 apis.shop.operations.list.steps[0]
            key: auth.subject, rate: 2/1h
        then
          call ListOrders
        on the way back
          remove_header  policy.yaml:31 apis.shop.operations.list.steps[1]
            response: [server]
          set_header `hardening`  policy.yaml:11 steps[2]
            response: {x-content-type-options: nosniff}
        exit 0"#]],
    );
    check(
        "news.list",
        expect![[r#"
        news.list  GET /news
        before all others
          cors  policy.yaml:9 steps[0]
            origins: [https://shop.example]
        steps of the policy
          authenticate  policy.yaml:10 steps[1]
            [own]
        roles
          public: anyone, but nobody with a bad token
        then
          call ListNews
        on the way back
          set_header `hardening`  policy.yaml:11 steps[2]
            response: {x-content-type-options: nosniff}
        exit 0"#]],
    );
    check(
        "create@v2",
        expect![[r#"
        shop.create  POST /shop/v2/orders  v2
        before all others
          cors  policy.yaml:9 steps[0]
            origins: [https://shop.example]
        steps of the policy
          authenticate  policy.yaml:10 steps[1]
            [own]
        steps of the API
          group  policy.yaml:18 apis.shop.steps[0]
            when request.method == "GET"
            deny (shadow)  policy.yaml:21 apis.shop.steps[0].group.steps[0]
              when "limit" in request.query: reason: no_limits
            otherwise require  policy.yaml:23 apis.shop.steps[0].group.otherwise[0]
              "x-requested-with" in request.headers, reason: header_missing
        roles
          any of writer
        then
          call CreateOrder
        on the way back
          set_header `hardening`  policy.yaml:11 steps[2]
            response: {x-content-type-options: nosniff}
        exit 0"#]],
    );
}

#[test]
fn names_that_mean_nothing_or_too_much() {
    check(
        "shop.lst",
        expect![[r#"
        error: the policy has no operation `shop.lst`: did you mean `shop.list`?
        exit 2"#]],
    );
    check(
        "list",
        expect![[r#"
        error: `list` may be `shop.list` or `news.list`
        exit 2"#]],
    );
    check(
        "create@v1",
        expect![[r#"
        error: `shop.create` has no version `v1`: did you mean `v2`?
        exit 2"#]],
    );
}

#[test]
fn as_json() {
    let directory = directory(&[("policy.yaml", POLICY)]);
    let output = support::run(directory.path(), &["effective", "policy.yaml", "shop.list", "--json"]);
    let (json, exit) = output.rsplit_once("exit ").unwrap();
    let told: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(exit, "0");
    expect![[r#"
        {
          "defined": {},
          "depth": 1,
          "does": "reason: no_limits",
          "file": "policy.yaml",
          "kind": "deny",
          "line": 21,
          "mode": "shadow",
          "name": null,
          "origin": "api",
          "otherwise": false,
          "path": "apis.shop.steps[0].group.steps[0]",
          "when": "\"limit\" in request.query"
        }"#]]
    .assert_eq(&format!("{:#}", told["steps"][3]));
}
