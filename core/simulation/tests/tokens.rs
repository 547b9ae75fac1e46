//! Described tokens through the engine's real verification.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test did not expect fails it"
)]

mod support;

use expect_test::{Expect, expect};
use spangate_document::{Diagnostics, Path, from_yaml};
use spangate_policy::condition::parse_timestamp;
use spangate_policy::load;
use spangate_policy::token::Algorithm;
use spangate_simulation::{Call, Simulation, Token, Tokens};
use support::policy;

/// A call with a token of this description.
fn check(token: &str, expected: Expect) {
    let policy = policy();
    let call = format!("{{path: /shop/c/7/orders, host: shop.example, token: {token}}}");
    let mut diagnostics = Diagnostics::default();
    let call =
        Call::read(&from_yaml(&call).unwrap(), Path::root(), &policy, &Tokens::default(), &mut diagnostics);
    let found = match call.filter(|_| !diagnostics.has_errors()) {
        Some(call) => {
            let now = parse_timestamp("2026-11-23T12:00:00Z").unwrap();
            Simulation::new(&policy).decide(&call, now).summary()
        }
        None => diagnostics.to_string(),
    };
    expected.assert_eq(&found);
}

#[test]
fn what_issuers_would_have_made_is_accepted() {
    check("{issuer: entra, roles: [read]}", expect!["allowed, as `ListOrders`"]);
    check("{issuer: entra, roles: read, audience: [x, api://other]}", expect!["allowed, as `ListOrders`"]);
    check("{issuer: partner, roles: [read], claims: {email: e}}", expect!["allowed, as `ListOrders`"]);
    check("{issuer: entra, claims: {groups: [read]}}", expect!["allowed, as `ListOrders`"]);
    check("{issuer: entra, roles: [read], header: {alg: ES256}}", expect!["allowed, as `ListOrders`"]);
}

#[test]
fn every_other_token_meets_its_real_refusal() {
    for (token, expected) in [
        ("{issuer: entra, signature: bad}", "401 token_signature_invalid"),
        ("{issuer: partner, signature: bad}", "401 token_signature_invalid"),
        ("{issuer: entra, header: {kid: partner}}", "401 token_key_unknown"),
        ("{issuer: entra, header: {alg: none}}", "401 token_algorithm_refused"),
        ("{issuer: entra, header: {alg: ES384}}", "401 token_algorithm_refused"),
        ("{issuer: entra, header: {typ: JWT}}", "401 token_malformed"),
        ("{issuer: entra, header: {crit: [x]}}", "401 token_malformed"),
        ("{issuer: entra, claims: {iss: https://evil.example}}", "401 token_issuer_unknown"),
        // Signed by the key of one issuer, as a token of the other.
        (
            "{issuer: partner, claims: {iss: https://login.example/t1/v2.0}, header: {alg: RS256, typ: at+jwt}}",
            "401 token_key_unknown",
        ),
        (
            "{issuer: partner, claims: {iss: https://login.example/t1/v2.0}, header: {alg: RS256, typ: at+jwt, kid: entra}}",
            "401 token_signature_invalid",
        ),
        ("{issuer: entra, audience: api://elsewhere}", "401 token_audience_mismatch"),
        ("{issuer: entra, claims: {aud: null}}", "401 token_audience_mismatch"),
        ("{issuer: entra, claims: {exp: null}}", "401 token_claim_missing"),
        ("{issuer: partner}", "401 token_claim_missing"),
        ("{issuer: entra, expires: 2h}", "401 token_lifetime_too_long"),
        ("{issuer: entra, expires: -2m}", "401 token_expired"),
        ("{issuer: entra, expires: 2026-11-23T11:58:00Z}", "401 token_expired"),
        ("{issuer: entra, not_before: 2m}", "401 token_not_yet_valid"),
        ("{issuer: entra, claims: {cnf: {}}}", "401 token_binding_mismatch"),
        ("{raw: abc}", "401 token_malformed"),
    ] {
        let policy = policy();
        let call = format!("{{path: /shop/c/7/orders, host: shop.example, token: {token}}}");
        let mut diagnostics = Diagnostics::default();
        let node = from_yaml(&call).unwrap();
        let call = Call::read(&node, Path::root(), &policy, &Tokens::default(), &mut diagnostics);
        let now = parse_timestamp("2026-11-23T12:00:00Z").unwrap();
        let outcome = Simulation::new(&policy).decide(&call.expect(token), now);
        let found = format!("{} {}", outcome.status, outcome.reason.unwrap_or_default());
        assert_eq!(found, expected, "{token}");
    }
}

/// Of every algorithm the right signature holds, and another does not.
#[test]
fn every_algorithm_is_signed() {
    for algorithm in Algorithm::ALL.map(Algorithm::name) {
        let policy = support::POLICY.replace("algorithms: [ES384]", &format!("algorithms: [{algorithm}]"));
        let policy = load(&from_yaml(&policy).unwrap()).unwrap();
        for (signature, expected) in [("good", 200), ("bad", 401)] {
            let call = format!(
                "{{path: /shop/c/7/orders, host: shop.example, token: {{issuer: partner, roles: [read], claims: {{email: e}}, signature: {signature}}}}}"
            );
            let node = from_yaml(&call).unwrap();
            let mut diagnostics = Diagnostics::default();
            let call =
                Call::read(&node, Path::root(), &policy, &Tokens::default(), &mut diagnostics).unwrap();
            let now = parse_timestamp("2026-11-23T12:00:00Z").unwrap();
            let outcome = Simulation::new(&policy).decide(&call, now);
            assert_eq!(outcome.status, expected, "{algorithm}, {signature}: {}", outcome.summary());
        }
    }
}

#[test]
fn descriptions_have_faults_like_any_document() {
    check(
        "{issuer: entr, rolls: [x], expires: soon}",
        expect![[r#"
        1:62: error[invalid_value]: token.issuer: the policy has no issuer `entr` (help: did you mean `entra`?)
        1:89: error[invalid_value]: token.expires: `soon` is neither an instant (such as `2026-11-23T12:00:00Z`) nor a duration (such as `1h`, `-5m`)
        1:68: error[unknown_key]: token: unknown key `rolls` (help: did you mean `roles`?)"#]],
    );
    check(
        "{roles: [read]}",
        expect![
            "1:53: error[invalid_value]: token.issuer: `issuer` is missing, and the policy has more than one (help: its issuers are `entra`, `partner`)"
        ],
    );
}

#[test]
fn claims_stand_where_the_issuer_keeps_them() {
    let policy = policy();
    let node = from_yaml(
        "{issuer: entra, subject: alice, tenant: t1, roles: [a, b], scopes: [c, d], token_id: x, claims: {iat: null}}",
    );
    let token = Token::read(&node.unwrap(), Path::root(), &policy, &mut Diagnostics::default()).unwrap();
    let now = parse_timestamp("2026-11-23T12:00:00Z").unwrap();
    let claims = serde_json::Value::Object(token.claims(&policy.issuers()[0], now));
    expect![[r#"{"aud":"api://shop","exp":1795437000,"iss":"https://login.example/t1/v2.0","jti":"x","oid":"alice","realm_access":{"roles":["a","b"]},"scp":"c d","sub":"alice","tid":"t1"}"#]].assert_eq(&claims.to_string());
}
