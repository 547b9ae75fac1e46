//! What an author is told of a policy that has no faults.

use expect_test::{Expect, expect};
use spangate_document::from_yaml;

use super::check as check_policy;

const GOOD: &str = r#"
apiVersion: spangate/v1
name: shop
issuers:
  dev: {issuer: https://dev.example, audiences: [shop], jwks: {cluster: dev, url: "https://dev.example/jwks"}}
roles:
  reader: '"read" in auth.roles'
steps:
  - authenticate: [dev]
apis:
  orders:
    path: /shop
    versioning: {scheme: path, default: v2}
    versions: {v1: {}, v2: {}}
    operations:
      list: {route: GET /orders, roles: [reader], call: List}
      status: {route: GET /status, public: true, call: Status}
"#;

/// The findings on [`GOOD`] with these steps, and with this text replaced.
fn check(steps: &str, (from, to): (&str, &str), expected: Expect) {
    assert!(GOOD.contains(from));
    let text = GOOD.replace("  - authenticate: [dev]\n", &format!("  - authenticate: [dev]\n{steps}"));
    let (policy, findings) = check_policy(&from_yaml(&text.replace(from, to)).unwrap());
    assert!(policy.is_some(), "{findings}");
    expected.assert_eq(&findings.to_string());
}

fn check_steps(steps: &str, expected: Expect) {
    check(steps, ("", ""), expected);
}

#[test]
fn nothing_to_say() {
    check_steps("", expect![[""]]);
}

#[test]
fn conditions_that_decide_nothing() {
    check_steps(
        "  - deny: {when: 'false && source.port == 1'}\n  - deny: {when: 'size(request.path) >= 0', mode: shadow}\n  - require: 'true'\n",
        expect![[""]],
    );
    check(
        "",
        ("roles:\n", "conditions:\n  quiet: request.path == '/'\n  never: 'false'\nroles:\n  all: 'true'\n"),
        expect![[""]],
    );
}

#[test]
fn what_no_call_reaches() {
    check_steps(
        "  - respond: {status: 503}\n  - deny: {when: source.port == 1}\n  - deny: {when: source.port == 2}\n",
        expect![[""]],
    );
    check("", ("GET /status, ", "GET /v1/status, versions: [v2], "), expect![[""]]);
    check("", ("GET /status, ", "GET /status, versions: [], "), expect![[""]]);
}

#[test]
fn public_operations_and_identities() {
    check_steps(
        concat!(
            "  - rate_limit: {key: auth.subject, rate: 1/1s}\n",
            "  - rate_limit: {key: auth.subject, rate: 1/1s}\n    when: auth.authenticated\n",
            "  - group: {when: auth.authenticated, steps: [{require: auth.subject != 'x'}], otherwise: [{deny: {when: auth.subject == 'y'}}]}\n",
        ),
        expect![[""]],
    );
    check("", ("[dev]", "{issuers: [dev], from: {query: token}}"), expect![[""]]);
}

#[test]
fn limits() {
    check_steps(
        concat!(
            "  - rate_limit: {key: source.ip, rate: [{when: source.port == 1, rate: 1/1s}]}\n",
            "  - rate_limit: {key: source.ip, rate: [{rate: 1/1s}, {when: source.port == 1, rate: 2/1s}]}\n",
            "  - rate_limit: {key: source.ip, rate: 1/1s, scope: region}\n",
            "  - quota: {key: source.ip, limit: 1/1d}\n",
        ),
        expect![[""]],
    );
}

#[test]
fn steps_without_effect() {
    check(
        "",
        ("call: Status", "call: Status, steps: [{set_header: {request: {x-a: b}}}, {cache: {ttl: 1s}}]"),
        expect![[""]],
    );
    check("", ("GET /status, public: true", "POST /status, public: true, steps: [{cache: {ttl: 1s}}]"), expect![[""]]);
}
