//! A policy, and runs of test files against it, told as text.

#![allow(dead_code, reason = "each test file uses its part")]

use spangate_document::{Diagnostics, from_yaml};
use spangate_policy::{Policy, load};
use spangate_simulation::{Coverage, Suite};

pub const POLICY: &str = r#"
apiVersion: spangate/v1
name: shop
issuers:
  entra:
    issuer: https://login.example/t1/v2.0
    audiences: [api://shop, api://other]
    jwks: {cluster: entra, url: "https://login.example/keys"}
    max_lifetime: 30m
    token_types: [at+jwt]
    claims: {subject: oid, tenant: tid, roles: [realm_access.roles, groups], scopes: scp}
  partner:
    issuer: https://partner.example
    audiences: [shop]
    algorithms: [ES384]
    jwks: {cluster: partner, url: "https://partner.example/keys"}
    required_claims: [email]
roles:
  reader: '"read" in auth.roles'
  cancels: '"orders.cancel" in auth.scopes && auth.tenant == "t1"'
steps:
  - authenticate: [entra, partner]
apis:
  orders:
    path: /shop
    hosts: [shop.example]
    operations:
      status: {route: GET /status, public: true, call: Status}
      list:
        route: "GET /c/{customer}/orders"
        roles: [reader]
        steps:
          - deny: {when: 'has(request.query.limit) && int(request.query.limit) > 10', status: 400, reason: too_many}
          - deny: {name: night, when: 'request.time.getHours() < 6', mode: shadow, reason: closed}
          - deny: {when: 'source.ip == ip("198.51.100.4") || "x-block" in request.headers', reason: blocked}
        call: ListOrders
      cancel: {route: "DELETE /c/{customer}", roles: [cancels], call: Cancel}
      dear: {route: GET /dear, roles: [reader], call: Dear, steps: [{rate_limit: {key: auth.subject, rate: 5/1h, count: response, cost: "response.status == 200 ? 3 : 0"}}]}
      limited: {route: GET /limited, roles: [reader], call: Limited, steps: [{rate_limit: {key: auth.subject, rate: 2/1h, headers: true}}]}
"#;

pub fn policy() -> Policy {
    load(&from_yaml(POLICY).unwrap()).unwrap_or_else(|faults| panic!("{faults}"))
}

pub const TOKENS: &str = r#"
  alice: {issuer: entra, subject: alice, tenant: t1, roles: [read], scopes: [orders.cancel]}
  bob: {issuer: partner, subject: bob, roles: [read], claims: {email: b@partner.example}}
"#;

/// A test file with these tests: how each went, or its faults.
pub fn run(tests: &str) -> String {
    let source = format!("policy: policy.yaml\nat: 2026-11-23T12:00:00Z\ntokens: {TOKENS}\ntests:\n{tests}");
    let policy = policy();
    let mut diagnostics = Diagnostics::default();
    let suite = Suite::read(&from_yaml(&source).unwrap(), &policy, &mut diagnostics);
    if diagnostics.has_errors() {
        return diagnostics.sorted().to_string();
    }
    let mut coverage = Coverage::default();
    let told = suite.unwrap().tests.into_iter().map(|test| {
        let result = test.run(&policy, &mut coverage);
        let failure = result.failure.map_or("ok".to_owned(), |failure| failure.message);
        format!("{}: {failure} ({} calls)", result.name, result.calls)
    });
    told.collect::<Vec<_>>().join("\n")
}
