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
        expect![[r#"
            10:18: warning[never_true]: steps[1].deny.when: this condition can never be true: the step is never taken
            11:18: warning[always_true]: steps[2].deny.when: this condition is always true: every call is denied
            12:14: warning[always_true]: steps[3].require: this condition is always true: it requires nothing"#]],
    );
    check(
        "",
        ("roles:\n", "conditions:\n  quiet: request.path == '/'\n  never: 'false'\nroles:\n  all: 'true'\n"),
        expect![[r#"
            7:3: warning[unused]: conditions.quiet: the condition `quiet` is not used
            8:3: warning[unused]: conditions.never: the condition `never` is not used
            8:10: warning[never_true]: conditions.never: this condition can never be true
            10:3: warning[unused]: roles.all: the role `all` is not used
            10:8: warning[always_true]: roles.all: this condition is always true: everybody has this role"#]],
    );
}

#[test]
fn what_no_call_reaches() {
    check_steps(
        "  - respond: {status: 503}\n  - deny: {when: source.port == 1}\n  - deny: {when: source.port == 2}\n",
        expect![[r#"
            11:11: warning[unreachable]: steps[2]: no call reaches this step: `steps[1]` ends every one
            19:7: warning[unreachable]: apis.orders.operations.list: no call reaches this operation: `steps[1]` ends every one
            20:7: warning[unreachable]: apis.orders.operations.status: no call reaches this operation: `steps[1]` ends every one"#]],
    );
    check(
        "",
        ("GET /status, ", "GET /v1/status, versions: [v2], "),
        expect![
            "17:7: warning[unreachable]: apis.orders.operations.status.route: `/v1` means a version: without one this path cannot be called"
        ],
    );
    check(
        "",
        ("GET /status, ", "GET /status, versions: [], "),
        expect!["17:7: warning[unreachable]: apis.orders.operations.status: no version has this operation"],
    );
}

#[test]
fn public_operations_and_identities() {
    check_steps(
        concat!(
            "  - rate_limit: {key: auth.subject, rate: 1/1s}\n",
            "  - rate_limit: {key: auth.subject, rate: 1/1s}\n    when: auth.authenticated\n",
            "  - group: {when: auth.authenticated, steps: [{require: auth.subject != 'x'}], otherwise: [{deny: {when: auth.subject == 'y'}}]}\n",
        ),
        expect![
            "10:17: warning[unauthenticated_read]: steps[1]: it reads `auth`, and the public operation `orders.status` may come without a token (help: add `when: auth.authenticated`, or ask with `has(…)`)"
        ],
    );
    check(
        "",
        ("[dev]", "{issuers: [dev], from: {query: token}}"),
        expect![
            "9:19: warning[token_in_query]: steps[0]: a token in the query (`token`) stands in logs and histories (RFC 6750, section 2.3) (help: take it from a header wherever the client can send one)"
        ],
    );
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
        expect![[r#"
            10:17: warning[unlimited]: steps[1]: a caller whom none of these rates fits is not limited (help: end the table with a rate that has no `when`)
            11:17: warning[unreachable]: steps[2].rate_limit.rate[1]: the rate before it has no `when`: this one never applies
            12:17: warning[no_leases]: steps[3]: the gateway has no source of leases for `rate_limit` with `scope: region` yet: it refuses this policy
            13:12: warning[no_leases]: steps[4]: the gateway has no source of leases for `quota` with `scope: global` yet: it refuses this policy"#]],
    );
}

#[test]
fn steps_without_effect() {
    check(
        "",
        ("call: Status", "call: Status, steps: [{set_header: {request: {x-a: b}}}, {cache: {ttl: 1s}}]"),
        expect![
            "17:85: warning[no_effect]: apis.orders.operations.status.steps[0]: headers of the request go on with `forward` only"
        ],
    );
    check(
        "",
        ("GET /status, public: true", "POST /status, public: true, steps: [{cache: {ttl: 1s}}]"),
        expect![
            "17:67: warning[no_effect]: apis.orders.operations.status.steps[0]: only answers to a read are kept: this operation is none"
        ],
    );
}
