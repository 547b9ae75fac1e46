//! Policies with faults, and what their author reads.

use expect_test::{Expect, expect};
use spangate_document::from_yaml;

use super::load;
use crate::check as check_policy;

const GOOD: &str = r#"
apiVersion: spangate/v1
name: shop
issuers:
  dev:
    issuer: https://dev.example
    audiences: [api://shop]
    jwks: {cluster: dev, url: "https://dev.example/jwks"}
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
      list:
        route: GET /orders
        roles: [reader]
        call: ListOrders
"#;

/// The findings on [`GOOD`] after each replacement.
fn check(replacements: &[(&str, &str)], expected: Expect) {
    let mut text = GOOD.to_owned();
    for (from, to) in replacements {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    let (policy, findings) = check_policy(&from_yaml(&text).unwrap());
    assert_eq!(policy.is_none(), findings.has_errors());
    expected.assert_eq(&findings.to_string());
}

#[test]
fn a_good_policy_has_no_findings() {
    check(&[], expect![[""]]);
}

#[test]
fn the_revision_is_that_of_the_meaning() {
    let revision = |text: &str| load(&from_yaml(text).unwrap()).unwrap().revision().to_owned();
    let spelled_otherwise = GOOD.replace("'\"read\" in auth.roles'", "\"\\\"read\\\" in auth.roles\"");
    assert_eq!(revision(GOOD), revision(&spelled_otherwise));
    assert_ne!(revision(GOOD), revision(&GOOD.replace("ListOrders", "ListOrder")));
}

#[test]
fn names_that_nothing_has() {
    check(
        &[("roles: [reader]", "roles: [raeder]"), ("[dev]", "[dve]")],
        expect![[r#"
        5:3: warning[unused]: issuers.dev: the issuer `dev` is not used
        10:3: warning[unused]: roles.reader: the role `reader` is not used
        12:19: error[unknown_name]: steps[0].authenticate: `dve` is no issuer of this policy (help: did you mean `dev`?)
        21:16: error[unknown_name]: apis.orders.operations.list.roles: `raeder` is no role of this policy (help: did you mean `reader`?)"#]],
    );
}

#[test]
fn who_may_call_is_always_said() {
    check(
        &[("        roles: [reader]\n", "")],
        expect![[r#"
        10:3: warning[unused]: roles.reader: the role `reader` is not used
        20:9: error[roles_or_public]: apis.orders.operations.list: `roles` or `public: true` is needed (help: name the roles that may call it, or say `public: true`)"#]],
    );
    check(
        &[("roles: [reader]", "roles: [reader]\n        public: true")],
        expect![[r#"
        20:9: error[roles_or_public]: apis.orders.operations.list: `public` and `roles` exclude each other (help: name the roles that may call it, or say `public: true`)"#]],
    );
    check(
        &[("  - authenticate: [dev]\n", "  - deny: {when: source.port == 1}\n")],
        expect![[r#"
        5:3: warning[unused]: issuers.dev: the issuer `dev` is not used
        19:7: error[unauthenticated_roles]: apis.orders.operations.list: no `authenticate` precedes its `roles` (help: add `authenticate: [ISSUER]` to the policy's or the API's `steps`)"#]],
    );
}

#[test]
fn steps() {
    check(
        &[(
            "  - authenticate: [dev]\n",
            concat!(
                "  - authenticate: [dev]\n",
                "  - dney: {when: 'true'}\n",
                "  - deny: {reason: x}\n",
                "  - deny: {when: 'request.path', mode: shdow}\n",
                "  - require: auth.tenant == 7\n",
                "  - rate_limit: {key: auth.subject, rate: 0/1m, scope: global}\n",
                "  - quota: {key: auth.subject, limit: 1/1d}\n",
                "  - {deny: {when: 'true'}, require: 'true'}\n",
                "  - authenticate: {issuers: [dev]}\n    mode: shadow\n",
            ),
        )],
        expect![[r#"
            13:5: error[step_kind]: steps[1]: `dney` is no kind of step (help: did you mean `deny`?)
            14:11: error[missing_key]: steps[2]: `when` is missing
            15:18: error[type]: steps[3].deny.when: a condition is true or false, this is of type `string`
            15:40: error[invalid_value]: steps[3].deny.mode: `shdow` is no mode (help: did you mean `shadow`?)
            16:14: error[condition_type]: steps[4].require: `==` does not apply to string and int (at character 13 of the expression)
            17:43: error[invalid_value]: steps[5].rate_limit.rate: the rate `0/1m` lets nothing pass: use `deny`
            19:5: error[step_kind]: steps[7]: a step is of one kind, this one has `require`, `deny` (help: write two steps)
            20:19: error[invalid_value]: steps[8]: `authenticate` cannot be shadowed"#]],
    );
}

#[test]
fn routes_that_match_the_same_calls() {
    let twin =
        "call: ListOrders\n      again:\n        route: GET /orders\n        public: true\n        call: X\n";
    check(
        &[("call: ListOrders\n", twin)],
        expect![
            "23:7: error[ambiguous_route]: apis.orders.operations.again.route: the same calls would match `orders.list` (help: change the path, the method, the host or the versions of one of them)"
        ],
    );
}

#[test]
fn issuers() {
    check(
        &[("    audiences: [api://shop]\n", ""), ("https://dev.example/jwks", "dev.example/jwks")],
        expect![[r#"
            6:5: error[missing_key]: issuers.dev: `audiences` is missing
            7:31: error[invalid_value]: issuers.dev.jwks.url: `dev.example/jwks` is no URL of http or https"#]],
    );
    check(
        &[("    jwks: {cluster: dev, url: \"https://dev.example/jwks\"}\n", "    algorithms: [HS256]\n")],
        expect![[r#"
            6:5: error[key_source]: issuers.dev: exactly one of `jwks`, `discovery` and `keys` is needed, none is there (help: write `jwks: {cluster: NAME, url: "https://…"}`)
            8:17: error[invalid_value]: issuers.dev.algorithms: `HS256` is no supported algorithm (help: did you mean `RS256`?)"#]],
    );
}

#[test]
fn versions_and_keys() {
    check(
        &[("default: v2", "default: v3"), ("call: ListOrders", "cal: ListOrders")],
        expect![[r#"
            16:41: error[invalid_value]: apis.orders.versioning.default: `v3` is no version (help: did you mean `v1`?)
            20:9: error[target]: apis.orders.operations.list: exactly one of `call`, `forward` and `respond` is needed, none is there (help: write `call: OPERATION` to call the sidecar)
            22:9: error[unknown_key]: apis.orders.operations.list: unknown key `cal` (help: did you mean `call`?)"#]],
    );
}

#[test]
fn a_faulty_operation_is_still_looked_at() {
    check(
        &[
            ("route: GET /orders", "route: GET orders"),
            ("[reader]", "[raeder]"),
            ("call: ListOrders", "cal: X"),
        ],
        expect![[r#"
            10:3: warning[unused]: roles.reader: the role `reader` is not used
            20:9: error[target]: apis.orders.operations.list: exactly one of `call`, `forward` and `respond` is needed, none is there (help: write `call: OPERATION` to call the sidecar)
            20:16: error[invalid_route]: apis.orders.operations.list.route: the path `orders` must begin with `/`
            21:16: error[unknown_name]: apis.orders.operations.list.roles: `raeder` is no role of this policy (help: did you mean `reader`?)
            22:9: error[unknown_key]: apis.orders.operations.list: unknown key `cal` (help: did you mean `call`?)"#]],
    );
}
