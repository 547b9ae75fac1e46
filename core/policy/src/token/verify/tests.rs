//! Tokens of a stand-in algorithm: a signature holds if it is the key followed by the message's length, so that
//! every rule around the signature can be shown with plain values. Real signatures are checked end to end.

use expect_test::{Expect, expect};
use serde_json::json;
use spangate_document::Duration;

use super::*;
use crate::token::{ClaimPaths, KeySource};

struct Pretend;

impl SignatureCheck for Pretend {
    fn holds(&self, hash: &'static str, _key: &[u8], _message: &[u8], signature: &[u8]) -> bool {
        signature == hash.as_bytes()
    }
}

const NOW: i64 = 1_800_000_000;

fn issuers() -> Vec<Issuer> {
    let modulus = Base64UrlUnpadded::encode_string(&[0xc3; 256]);
    let set = json!({"keys": [{"kty": "RSA", "n": modulus, "e": "AQAB", "kid": "k1"}]});
    let set = std::sync::Arc::new(KeySet::from_value(&set).unwrap());
    let issuer = |name: &str| Issuer {
        name: name.to_owned(),
        url: format!("https://{name}.example"),
        audiences: vec!["api://storefront".to_owned()],
        algorithms: vec![Algorithm::Rs256, Algorithm::Es256],
        keys: KeySource::Inline(set.clone()),
        clock_skew: Duration::from_secs(60),
        max_lifetime: Some(Duration::from_secs(86_400)),
        required_claims: vec!["sub".to_owned()],
        token_types: Vec::new(),
        claims: ClaimPaths { tenant: Some("tid".to_owned()), ..ClaimPaths::default() },
    };
    vec![issuer("one"), issuer("two")]
}

fn header() -> Value {
    json!({"alg": "RS256", "kid": "k1"})
}

fn claims() -> Value {
    json!({"iss": "https://one.example", "aud": "api://storefront", "sub": "alice", "tid": "t1",
           "iat": NOW - 10, "exp": NOW + 600, "roles": ["reader"], "scp": "a b"})
}

fn with(mut base: Value, changes: Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => base.as_object_mut().unwrap().remove(name),
            value => base.as_object_mut().unwrap().insert(name.clone(), value.clone()),
        };
    }
    base
}

fn token(header: &str, claims: &str, signature: &str) -> String {
    [header, claims, signature].map(|part| Base64UrlUnpadded::encode_string(part.as_bytes())).join(".")
}

fn check_token(token: &str, expected: Expect) {
    let issuers = issuers();
    let keys = |index: usize| match &issuers[index].keys {
        KeySource::Inline(set) => Some(set.clone()),
        KeySource::Fetched(_) => None,
    };
    let outcome = match verify(token, &issuers, &[0], keys, &Pretend, NOW) {
        Ok(verified) => {
            let identity = verified.identity();
            format!("{:?} {:?} {:?} {:?}", identity.subject, identity.tenant, identity.roles, identity.scopes)
        }
        Err(Rejection::Refused(reason)) => reason.as_str().to_owned(),
        Err(other) => format!("{other:?}"),
    };
    expected.assert_eq(&outcome);
}

fn check(header_changes: Value, claim_changes: Value, expected: Expect) {
    let header = with(header(), header_changes).to_string();
    let claims = with(claims(), claim_changes).to_string();
    check_token(&token(&header, &claims, "sha256"), expected);
}

#[test]
fn a_good_token() {
    check(json!({}), json!({}), expect![[r#"Some("alice") Some("t1") ["reader"] ["a", "b"]"#]]);
    check(
        json!({"kid": null}),
        json!({"aud": ["x", "api://storefront"]}),
        expect![[r#"Some("alice") Some("t1") ["reader"] ["a", "b"]"#]],
    );
    // Parameters that real issuers send, and that are neither read nor fetched.
    check(
        json!({"typ": "JWT", "jku": "https://evil.example", "jwk": {}, "x5c": ["AA"]}),
        json!({}),
        expect![[r#"Some("alice") Some("t1") ["reader"] ["a", "b"]"#]],
    );
}

#[test]
fn headers() {
    check(json!({"alg": "none"}), json!({}), expect!["token_algorithm_refused"]);
    check(json!({"alg": "HS256"}), json!({}), expect!["token_algorithm_refused"]);
    check(json!({"alg": "RS512"}), json!({}), expect!["token_algorithm_refused"]);
    check(json!({"alg": "ES256"}), json!({}), expect!["KeyUnknown(0)"]);
    check(json!({"kid": "k2"}), json!({}), expect!["KeyUnknown(0)"]);
    for extension in ["crit", "b64", "zip", "enc"] {
        check(json!({extension: ["x"]}), json!({}), expect!["token_malformed"]);
    }
    check(json!({"cty": "JWT"}), json!({}), expect!["token_malformed"]);
}

#[test]
fn who_issued_it_and_for_whom() {
    check(json!({}), json!({"iss": "https://two.example"}), expect!["token_issuer_unknown"]);
    check(json!({}), json!({"iss": "https://one.example/"}), expect!["token_issuer_unknown"]);
    check(json!({}), json!({"iss": null}), expect!["token_issuer_unknown"]);
    check(json!({}), json!({"aud": "api://other"}), expect!["token_audience_mismatch"]);
    check(json!({}), json!({"aud": "x api://storefront"}), expect!["token_audience_mismatch"]);
    check(json!({}), json!({"aud": null}), expect!["token_audience_mismatch"]);
}

#[test]
fn times() {
    check(json!({}), json!({"exp": null}), expect!["token_claim_missing"]);
    check(json!({}), json!({"exp": NOW - 60}), expect!["token_expired"]);
    check(json!({}), json!({"exp": (NOW + 60).to_string()}), expect!["token_malformed"]);
    check(json!({}), json!({"exp": i64::MAX}), expect!["token_lifetime_too_long"]);
    check(json!({}), json!({"nbf": NOW + 61}), expect!["token_not_yet_valid"]);
    check(json!({}), json!({"iat": NOW + 61}), expect!["token_not_yet_valid"]);
    check(json!({}), json!({"exp": NOW + 90_000}), expect!["token_lifetime_too_long"]);
    check(
        json!({}),
        json!({"exp": NOW - 59, "nbf": NOW + 60}),
        expect![[r#"Some("alice") Some("t1") ["reader"] ["a", "b"]"#]],
    );
}

#[test]
fn claims_that_are_demanded_or_bind() {
    check(json!({}), json!({"sub": null}), expect!["token_claim_missing"]);
    check(json!({}), json!({"cnf": {"x5t#S256": "AA"}}), expect!["token_binding_mismatch"]);
}

#[test]
fn what_is_no_token() {
    let (header, claims) = (header().to_string(), claims().to_string());
    let good = token(&header, &claims, "sha256");
    check_token(&token(&header, &claims, "sha384"), expect!["token_signature_invalid"]);
    check_token(&token(&header, &claims, ""), expect!["token_signature_invalid"]);
    check_token(&format!("{good}="), expect!["token_malformed"]);
    check_token(&format!("{good}.x"), expect!["token_malformed"]);
    check_token(&format!("{good} "), expect!["token_malformed"]);
    check_token("", expect!["token_malformed"]);
    check_token("..", expect!["token_malformed"]);
    check_token(&"a".repeat(MAX_TOKEN_BYTES + 1), expect!["token_malformed"]);
    check_token(&token("[]", &claims, "sha256"), expect!["token_malformed"]);
    check_token(&token(&header, "7", "sha256"), expect!["token_malformed"]);
    let twice = r#"{"alg":"none","alg":"RS256"}"#;
    check_token(&token(twice, &claims, "sha256"), expect!["token_malformed"]);
    let twice = claims.replace('}', r#","sub":"mallory"}"#);
    check_token(&token(&header, &twice, "sha256"), expect!["token_malformed"]);
    let deep = format!(r#"{{"alg":"RS256","x":{}{}}}"#, "[".repeat(4000), "]".repeat(4000));
    check_token(&token(&deep, &claims, "sha256"), expect!["token_malformed"]);
}
