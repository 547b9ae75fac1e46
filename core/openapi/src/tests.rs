//! A document that has each kind of thing once; what it says of each is looked up by a JSON pointer.

use expect_test::{Expect, expect};
use serde_json::Value;
use spangate_document::from_yaml;

use crate::{Unknown, document};

const POLICY: &str = r#"
apiVersion: spangate/v1
name: shop
issuers:
  own: {issuer: https://id.example, audiences: [api], discovery: {cluster: id, url: "https://id.example/.well-known/openid-configuration"}}
  partner: {issuer: https://partner.example, audiences: [api], jwks: {cluster: p, url: "https://partner.example/keys"}}
roles: {reader: '"read" in auth.scopes'}
steps:
  - authenticate: [own, partner]
apis:
  orders:
    path: /orders
    versioning: {scheme: header api-version, default: v2}
    versions: {v1: {sunset: 2027-06-30, after_sunset: refuse}, v2: {}}
    operations:
      list:
        route: GET /{customer}
        public: true
        steps:
          - validate: {query: {limit: {type: integer, maximum: 100}}, headers: {x-region: {enum: [eu, us], required: true}}}
          - deny: {when: '"x-bot" in request.headers', status: 451, reason: no_bots}
          - rate_limit: {key: source.ip, rate: 10/1m, headers: true}
          - cache: {ttl: 5s}
        call: List
      place:
        route: POST /{customer}
        versions: [v2]
        roles: [reader]
        steps:
          - validate: {body: {max_size: 1KiB, media_types: [application/json]}}
        call: Place
      files:
        route: GET /{customer}/files/{rest=**}
        roles: [reader]
        forward: files
      gone:
        route: GET /old
        public: true
        respond: {status: 410, body: gone}
"#;

const OPERATIONS: &str = r#"
apiVersion: spangate/v1
databases: {main: {name: projects/p/instances/i/databases/d}}
operations:
  List:
    read: {sql: "SELECT a FROM t WHERE c = @customer AND d > @since LIMIT @limit"}
    parameters:
      customer: {type: INT64, from: path, minimum: 1}
      since: {type: DATE, from: query, default: 2020-01-01}
      limit: {type: INT64, from: query, default: 50, minimum: 1, maximum: 1000}
  Place:
    write:
      - sql: "INSERT INTO t (c, n, p, k) VALUES (@customer, @name, @price, @kind)"
    parameters:
      customer: {type: INT64, from: path}
      name: {type: STRING, from: body.item.name, max_length: 40, pattern: "^[a-z]+$"}
      price: {type: NUMERIC, from: body.item.price, required: false, nullable: true}
      kind: {type: ARRAY<STRING>, from: body.kinds, enum: [a, b], max_length: 3}
    idempotency: required
    answer: none
"#;

fn shop() -> Value {
    let policy = spangate_policy::load(&from_yaml(POLICY).unwrap()).unwrap();
    let (operations, _) = spangate_operations::load(&from_yaml(OPERATIONS).unwrap()).unwrap();
    document(&policy, &[operations], &["https://api.example".to_owned()]).unwrap()
}

fn check(pointer: &str, expected: Expect) {
    let shop = shop();
    let found = shop.pointer(pointer).unwrap_or_else(|| panic!("{pointer} is not in {shop:#}"));
    let lines = match found {
        Value::Array(items) => items.iter().map(|item| format!("{item}\n")).collect(),
        other => format!("{other}\n"),
    };
    expected.assert_eq(&lines);
}

#[test]
fn parameters() {
    check(
        "/paths/~1orders~1{customer}/get/parameters",
        expect![[r#"
        {"in":"path","name":"customer","required":true,"schema":{"format":"int64","maximum":9223372036854775807,"minimum":1,"type":"integer"}}
        {"in":"query","name":"limit","required":false,"schema":{"allOf":[{"default":50,"format":"int64","maximum":1000,"minimum":1,"type":"integer"},{"maximum":100,"type":"integer"}]}}
        {"in":"query","name":"since","required":false,"schema":{"default":"2020-01-01","format":"date","type":"string"}}
        {"description":"The `ETag` of an answer that the caller has","in":"header","name":"If-None-Match","required":false,"schema":{"type":"string"}}
        {"description":"The version of the API","in":"header","name":"api-version","required":false,"schema":{"default":"v2","enum":["v1","v2"],"type":"string"}}
        {"in":"header","name":"x-region","required":true,"schema":{"enum":["eu","us"],"type":"string"}}
    "#]],
    );
    check(
        "/paths/~1orders~1{customer}/post/parameters",
        expect![[r#"
        {"in":"path","name":"customer","required":true,"schema":{"format":"int64","maximum":9223372036854775807,"minimum":-9223372036854775808,"type":"integer"}}
        {"description":"Repeats with the same key are answered as the first one was, and done once","in":"header","name":"Idempotency-Key","required":true,"schema":{"maxLength":255,"minLength":1,"pattern":"^[!-~]+$","type":"string"}}
        {"description":"The version of the API","in":"header","name":"api-version","required":false,"schema":{"default":"v2","enum":["v2"],"type":"string"}}
    "#]],
    );
}

#[test]
fn bodies() {
    check(
        "/paths/~1orders~1{customer}/post/requestBody",
        expect![[r#"
        {"content":{"application/json":{"schema":{"additionalProperties":false,"properties":{"item":{"additionalProperties":false,"properties":{"name":{"maxLength":40,"pattern":"^[a-z]+$","type":"string"},"price":{"anyOf":[{"pattern":"^-?(0|[1-9][0-9]{0,28})(\\.[0-9]{1,9})?$","type":["string","integer"]},{"type":"null"}]}},"required":["name"],"type":"object"},"kinds":{"items":{"enum":["a","b"],"type":"string"},"maxItems":3,"type":"array"}},"required":["item","kinds"],"type":"object"}}},"required":true}
    "#]],
    );
}

#[test]
fn who_may_call() {
    check(
        "/paths/~1orders~1{customer}/get/security",
        expect![[r#"
        {}
        {"own":[]}
        {"partner":[]}
    "#]],
    );
    check(
        "/paths/~1orders~1{customer}/post/security",
        expect![[r#"
        {"own":[]}
        {"partner":[]}
    "#]],
    );
    check(
        "/components/securitySchemes",
        expect![[r#"
        {"own":{"description":"A token of https://id.example for api","openIdConnectUrl":"https://id.example/.well-known/openid-configuration","type":"openIdConnect"},"partner":{"bearerFormat":"JWT","description":"A token of https://partner.example for api","scheme":"bearer","type":"http"}}
    "#]],
    );
}

#[test]
fn answers() {
    let shop = shop();
    let mut table = String::new();
    for (path, item) in shop["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let answers: Vec<_> = operation["responses"].as_object().unwrap().keys().cloned().collect();
            table.push_str(&format!("{method} {path}: {}\n", answers.join(" ")));
        }
    }
    expect![[r#"
        get /orders/old: 400 401 404 410 431 503
        get /orders/{customer}: 200 304 400 401 403 404 410 412 429 431 451 500 501 503 504
        post /orders/{customer}: 204 400 401 403 404 409 412 413 415 422 429 431 500 501 503 504
        get /orders/{customer}/files/{rest}: 400 401 403 404 410 431 503 504 default
    "#]]
    .assert_eq(&table);
    check(
        "/paths/~1orders~1{customer}/get/responses/200",
        expect![[r##"
            {"content":{"application/json":{"schema":{"properties":{"rows":{"items":{"$ref":"#/components/schemas/Row"},"type":"array"}},"required":["rows"],"type":"object"}},"application/x-ndjson":{"schema":{}}},"description":"Done","headers":{"Age":{"$ref":"#/components/headers/Age"},"Cache-Control":{"$ref":"#/components/headers/Cache-Control"},"ETag":{"$ref":"#/components/headers/ETag"},"RateLimit":{"$ref":"#/components/headers/RateLimit"},"RateLimit-Policy":{"$ref":"#/components/headers/RateLimit-Policy"},"Read-Timestamp":{"$ref":"#/components/headers/Read-Timestamp"},"Sunset":{"$ref":"#/components/headers/Sunset"},"Vary":{"$ref":"#/components/headers/Vary"}}}
        "##]],
    );
    check(
        "/paths/~1orders~1{customer}/get/responses/451/content",
        expect![[r##"
        {"application/problem+json":{"schema":{"allOf":[{"$ref":"#/components/schemas/Problem"},{"properties":{"reason":{"enum":["no_bots"]}}}]}}}
    "##]],
    );
}

/// Each as the sidecar, the filter or Envoy sends it.
#[test]
fn headers_of_answers() {
    let shop = shop();
    let mut table = String::new();
    for (path, method) in [("/orders/{customer}", "get"), ("/orders/{customer}", "post")] {
        for (status, answer) in shop["paths"][path][method]["responses"].as_object().unwrap() {
            let answer = match answer["$ref"].as_str() {
                Some(reference) => shop.pointer(reference.trim_start_matches('#')).unwrap(),
                None => answer,
            };
            if let Some(headers) = answer["headers"].as_object() {
                let names: Vec<_> = headers.keys().map(String::as_str).collect();
                table.push_str(&format!("{method} {status}: {}\n", names.join(", ")));
            }
        }
    }
    expect![[r#"
        get 200: Age, Cache-Control, ETag, RateLimit, RateLimit-Policy, Read-Timestamp, Sunset, Vary
        get 304: Age, Cache-Control, ETag, RateLimit, RateLimit-Policy, Read-Timestamp, Sunset, Vary
        get 401: WWW-Authenticate
        get 429: RateLimit, RateLimit-Policy, Retry-After
        get 503: Retry-After
        post 204: Idempotency-Replayed, Read-Timestamp
        post 401: WWW-Authenticate
        post 409: Retry-After
        post 429: RateLimit, RateLimit-Policy, Retry-After
        post 503: Retry-After
    "#]]
    .assert_eq(&table);
}

#[test]
fn every_reference_leads_somewhere() {
    let shop = shop();
    let text = shop.to_string();
    let references: Vec<_> =
        text.split(r##""$ref":"#"##).skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(references.len() > 10);
    for reference in references {
        assert!(shop.pointer(reference).is_some(), "{reference}");
    }
}

#[test]
fn an_operation_that_nobody_has_is_a_fault() {
    let policy = spangate_policy::load(&from_yaml(POLICY).unwrap()).unwrap();
    let faults = document(&policy, &[], &[]).unwrap_err();
    let names: Vec<_> = faults.iter().map(|Unknown { call, .. }| call.as_str()).collect();
    assert_eq!(names, ["List", "Place"]);
}
