//! RFC 8725, "JSON Web Token Best Current Practices": a test for each of its advices, by the number of its section.
//! `docs/tokens.md` has them as a table.

use serde_json::{Value, json};
use spangate_policy::token::{Algorithm, IssuerUrl};

use super::{FOREIGN, KEYS, claims, good, issuer, issuer_of, text, verdict};

fn check(issuer: &spangate_policy::token::Issuer, header: Value, changes: Value, expected: &str) {
    let token = KEYS.token("RS256", &header, &claims(changes));
    assert_eq!(verdict(&token, issuer), expected, "{header}");
}

fn plain() -> Value {
    json!({"alg": "RS256"})
}

#[test]
fn section_3_1_perform_algorithm_verification() {
    let mut only = issuer();
    only.algorithms = vec![Algorithm::Es256];
    check(&only, plain(), json!({}), "token_algorithm_refused");
    // A key is used with the one algorithm that it is for.
    let mut key = KEYS.jwk("RS256");
    key["alg"] = "RS512".into();
    check(&issuer_of(&[key]), plain(), json!({}), "token_key_unknown");
}

#[test]
fn section_3_2_use_appropriate_algorithms() {
    for algorithm in ["none", "HS256", "HS512", "RSA1_5", "PS256"] {
        check(&issuer(), json!({"alg": algorithm}), json!({}), "token_algorithm_refused");
    }
}

#[test]
fn section_3_3_validate_all_cryptographic_operations() {
    let inner = good(&KEYS, "RS256", json!({}));
    let header = text(json!({"alg": "RS256", "cty": "JWT"}).to_string());
    let signed = format!("{header}.{}", text(inner));
    let nested = format!("{signed}.{}", text(KEYS.sign("RS256", signed.as_bytes())));
    assert_eq!(verdict(&nested, &issuer()), "token_malformed");
    assert_eq!(verdict(&good(&FOREIGN, "RS256", json!({})), &issuer()), "token_signature_invalid");
}

#[test]
fn section_3_4_validate_cryptographic_inputs() {
    let mut key = KEYS.jwk("ES256");
    key["x"] = key["y"].clone();
    assert_eq!(verdict(&good(&KEYS, "ES256", json!({})), &issuer_of(&[key])), "token_key_unknown");
}

#[test]
fn section_3_5_ensure_cryptographic_keys_have_sufficient_entropy() {
    let short = json!({"kty": "RSA", "n": text([0xc3; 255]), "e": "AQAB"});
    check(&issuer_of(&[short]), plain(), json!({}), "token_key_unknown");
}

#[test]
fn section_3_6_avoid_compression_of_encryption_inputs() {
    check(&issuer(), json!({"alg": "RS256", "zip": "DEF"}), json!({}), "token_malformed");
}

#[test]
fn section_3_7_use_utf_8() {
    for bytes in [&b"{\"iss\": \"\xff\"}"[..], b"\xff\xfe{\x00}\x00"] {
        let signed = format!("{}.{}", text(plain().to_string()), text(bytes));
        let token = format!("{signed}.{}", text(KEYS.sign("RS256", signed.as_bytes())));
        assert_eq!(verdict(&token, &issuer()), "token_malformed");
    }
}

#[test]
fn section_3_8_validate_issuer_and_subject() {
    check(&issuer(), plain(), json!({"iss": "https://A.example"}), "token_issuer_unknown");
    check(&issuer(), plain(), json!({"iss": null}), "token_issuer_unknown");
    let mut with_subject = issuer();
    with_subject.required_claims = vec!["sub".to_owned()];
    check(&with_subject, plain(), json!({"sub": null}), "token_claim_missing");
    // The keys of one issuer sign nothing for another.
    let mut other = issuer_of(&[FOREIGN.jwk("RS256")]);
    other.url = IssuerUrl::Exact("https://b.example".to_owned());
    check(&other, plain(), json!({"iss": "https://b.example"}), "token_signature_invalid");
}

#[test]
fn section_3_9_use_and_validate_audience() {
    check(&issuer(), plain(), json!({"aud": "api"}), "accept");
    check(&issuer(), plain(), json!({"aud": ["other", "api"]}), "accept");
    check(&issuer(), plain(), json!({"aud": "other"}), "token_audience_mismatch");
    check(&issuer(), plain(), json!({"aud": null}), "token_audience_mismatch");
    check(&issuer(), plain(), json!({"aud": []}), "token_audience_mismatch");
}

#[test]
fn section_3_10_do_not_trust_received_claims() {
    let header = json!({"alg": "RS256", "kid": "x'; DROP TABLE keys", "jku": "http://169.254.169.254/"});
    check(&issuer(), header, json!({}), "token_key_unknown");
    let header = json!({"alg": "RS256", "jku": "http://169.254.169.254/", "x5u": "http://169.254.169.254/"});
    check(&issuer(), header, json!({}), "accept");
}

#[test]
fn section_3_11_use_explicit_typing() {
    let mut typed = issuer();
    typed.token_types = vec!["at+jwt".to_owned()];
    check(&typed, json!({"alg": "RS256", "typ": "at+jwt"}), json!({}), "accept");
    check(&typed, json!({"alg": "RS256", "typ": "application/at+jwt"}), json!({}), "accept");
    check(&typed, json!({"alg": "RS256", "typ": "JWT"}), json!({}), "token_malformed");
    check(&typed, plain(), json!({}), "token_malformed");
}

/// Tokens of one kind do not do for another: by their audience, by their `typ`, by claims that only one of them has.
#[test]
fn section_3_12_use_mutually_exclusive_validation_rules_for_different_kinds_of_jwts() {
    let mut access = issuer();
    access.required_claims = vec!["scope".to_owned()];
    access.token_types = vec!["at+jwt".to_owned()];
    let typed = |name: &str| json!({"alg": "RS256", "typ": name});
    check(&access, typed("at+jwt"), json!({"scope": "read"}), "accept");
    check(&access, typed("at+jwt"), json!({"nonce": "n"}), "token_claim_missing");
    check(&access, typed("JWT"), json!({"scope": "read"}), "token_malformed");
    check(&access, typed("logout+jwt"), json!({"scope": "read"}), "token_malformed");
    check(&access, typed("at+jwt"), json!({"scope": "read", "aud": "client-id"}), "token_audience_mismatch");
}
