//! Tokens of a stand-in algorithm: a signature holds if it is the name of the hash, so that every rule around the
//! signature can be shown with plain values. Real signatures are checked by the command line's tests and end to end.

use std::sync::Arc;

use base64ct::{Base64UrlUnpadded, Encoding};
use expect_test::{Expect, expect};
use serde_json::json;
use spangate_document::Duration;

use super::*;
use crate::token::{ClaimPaths, IssuerUrl, KeySource, MAX_TOKEN_BYTES, Template};

struct Pretend;

impl SignatureCheck for Pretend {
    fn holds(&self, hash: &'static str, _key: &[u8], _message: &[u8], signature: &[u8]) -> bool {
        signature == hash.as_bytes()
    }
}

const NOW: i64 = 1_800_000_000;

fn keys(more: Value) -> KeySource {
    let modulus = Base64UrlUnpadded::encode_string(&[0xc3; 256]);
    let mut key = json!({"kty": "RSA", "n": modulus, "e": "AQAB", "kid": "k1"});
    key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    KeySource::Inline(Arc::new(KeySet::from_value(&json!({"keys": [key]})).unwrap()))
}

fn issuer(name: &str) -> Issuer {
    let audiences = Audiences::OneOf(vec!["api://storefront".to_owned()]);
    let url = IssuerUrl::Exact(format!("https://{name}.example"));
    Issuer {
        name: name.to_owned(),
        max_lifetime: Some(Duration::from_secs(86_400)),
        required_claims: vec!["sub".to_owned()],
        claims: ClaimPaths { tenant: Some("tid".to_owned()), ..ClaimPaths::default() },
        ..Issuer::new(url, audiences, keys(json!({})))
    }
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

/// What becomes of `token` at a step that accepts the first of `issuers`.
fn outcome(token: &str, issuers: &[Issuer], demands: &Demands<'_>) -> String {
    let keys = |index: usize| match &issuers[index].keys {
        KeySource::Inline(set) => Some(set.clone()),
        KeySource::Fetched(_) => None,
    };
    match verify(token, issuers, demands, keys, &Pretend, NOW, || Some([7; 32])) {
        Ok(verified) => {
            let Identity { issuer, subject, tenant, roles, scopes, .. } = verified.identity();
            format!("{issuer} {subject:?} {tenant:?} {roles:?} {scopes:?}")
        }
        Err(Rejection::Refused(fault)) => format!("{} {fault:?}", fault.reason().as_str()),
        Err(other) => format!("{other:?}"),
    }
}

const FIRST: Demands<'_> = Demands { issuers: &[0], token_types: &[], bound: false };

fn check_token(token: &str, expected: Expect) {
    expected.assert_eq(&outcome(token, &[issuer("one"), issuer("two")], &FIRST));
}

fn signed(header_changes: Value, claim_changes: Value) -> String {
    token(&with(header(), header_changes).to_string(), &with(claims(), claim_changes).to_string(), "sha256")
}

fn check(header_changes: Value, claim_changes: Value, expected: Expect) {
    check_token(&signed(header_changes, claim_changes), expected);
}

/// An issuer of its own, beside which nothing is accepted.
fn check_with(issuer: Issuer, claim_changes: Value, expected: Expect) {
    expected.assert_eq(&outcome(&signed(json!({}), claim_changes), &[issuer], &FIRST));
}

#[test]
fn a_good_token() {
    check(json!({}), json!({}), expect![[r#"one Some("alice") Some("t1") ["reader"] ["a", "b"]"#]]);
    check(
        json!({"kid": null}),
        json!({"aud": ["x", "api://storefront"]}),
        expect![[r#"one Some("alice") Some("t1") ["reader"] ["a", "b"]"#]],
    );
    // Parameters that real issuers send, whatever is in them, are neither read nor fetched.
    let unread = json!({"typ": "JWT", "jku": "https://evil.example", "jwk": {"kty": "oct"}, "x5c": ["AA"],
                        "x5u": 7, "x5t": "?", "x5t#S256": {}, "nonce": "n", "b64": true, "cty": "json"});
    check(unread, json!({}), expect![[r#"one Some("alice") Some("t1") ["reader"] ["a", "b"]"#]]);
    // Numbers beyond 64 bits are no business of ours, where they are no times.
    check(
        json!({}),
        json!({"id": u64::MAX, "factor": 1e300}),
        expect![[r#"one Some("alice") Some("t1") ["reader"] ["a", "b"]"#]],
    );
}

#[test]
fn headers() {
    check(json!({"alg": "none"}), json!({}), expect!["token_algorithm_refused Algorithm"]);
    check(json!({"alg": "HS256"}), json!({}), expect!["token_algorithm_refused Algorithm"]);
    check(json!({"alg": "RS512"}), json!({}), expect!["token_algorithm_refused Algorithm"]);
    check(json!({"alg": "ES256"}), json!({}), expect!["token_key_unknown KeyUnfit"]);
    check(json!({"kid": "k2"}), json!({}), expect!["KeyUnknown(0, KeyUnknown)"]);
    for algorithm in ["PS256", "HS512", "nOnE", "NONE", "", "rs256", "RSA1_5", "ES256K", "A128KW"] {
        check(json!({"alg": algorithm}), json!({}), expect!["token_algorithm_refused Algorithm"]);
    }
    check(json!({"crit": ["exp"]}), json!({}), expect!["token_malformed Critical"]);
    check(json!({"crit": []}), json!({}), expect!["token_malformed Critical"]);
    check(json!({"b64": false}), json!({}), expect!["token_malformed Unencoded"]);
    check(json!({"b64": "true"}), json!({}), expect!["token_malformed Unencoded"]);
    check(json!({"zip": "DEF"}), json!({}), expect!["token_malformed Compressed"]);
    check(json!({"enc": "A128GCM"}), json!({}), expect!["token_malformed Encrypted"]);
    for nested in ["JWT", "jwt", "application/jwt"] {
        check(json!({"cty": nested}), json!({}), expect!["token_malformed Nested"]);
    }
    check(json!({"alg": null}), json!({}), expect!["token_malformed HeaderMember"]);
    check(json!({"alg": 256}), json!({}), expect!["token_malformed HeaderMember"]);
    check(json!({"kid": 1}), json!({}), expect!["token_malformed HeaderMember"]);
    check(json!({"typ": ["JWT"]}), json!({}), expect!["token_malformed HeaderMember"]);
}

#[test]
fn who_issued_it_and_for_whom() {
    check(json!({}), json!({"iss": "https://two.example"}), expect!["token_issuer_unknown Issuer"]);
    check(json!({}), json!({"iss": "https://one.example/"}), expect!["token_issuer_unknown Issuer"]);
    check(json!({}), json!({"iss": null}), expect!["token_issuer_unknown Issuer"]);
    check(json!({}), json!({"aud": "api://other"}), expect!["token_audience_mismatch Audience"]);
    check(json!({}), json!({"aud": "x api://storefront"}), expect!["token_audience_mismatch Audience"]);
    check(json!({}), json!({"aud": null}), expect!["token_audience_mismatch Audience"]);
}

#[test]
fn times() {
    check(json!({}), json!({"exp": null}), expect!["token_claim_missing NoExpiry"]);
    check(json!({}), json!({"exp": NOW - 60}), expect!["token_expired Expired"]);
    check(json!({}), json!({"exp": (NOW + 60).to_string()}), expect!["token_malformed Date"]);
    check(json!({}), json!({"exp": i64::MAX}), expect!["token_lifetime_too_long Lifetime"]);
    check(json!({}), json!({"nbf": NOW + 61}), expect!["token_not_yet_valid NotYetValid"]);
    check(json!({}), json!({"iat": NOW + 61}), expect!["token_not_yet_valid NotYetValid"]);
    check(json!({}), json!({"exp": NOW + 90_000}), expect!["token_lifetime_too_long Lifetime"]);
    check(
        json!({}),
        json!({"exp": NOW - 59, "nbf": NOW + 60}),
        expect![[r#"one Some("alice") Some("t1") ["reader"] ["a", "b"]"#]],
    );
}

#[test]
fn numeric_dates() {
    for good in [json!(NOW + 60), json!(NOW as f64 + 60.5), json!(1.8000005e9), json!(NOW - 59)] {
        check(
            json!({}),
            json!({"exp": good}),
            expect![[r#"one Some("alice") Some("t1") ["reader"] ["a", "b"]"#]],
        );
    }
    for early in [json!(-1), json!(-1e9), json!(0), json!(NOW as f64 - 0.5)] {
        check(
            json!({}),
            json!({"nbf": early}),
            expect![[r#"one Some("alice") Some("t1") ["reader"] ["a", "b"]"#]],
        );
    }
    let none = [
        json!("1800000600"),
        json!(true),
        json!([NOW]),
        json!({}),
        json!(u64::MAX),
        json!(1e19),
        json!(-1e30),
    ];
    for (name, value) in
        ["exp", "nbf", "iat"].into_iter().flat_map(|name| none.iter().map(move |value| (name, value)))
    {
        check(json!({}), json!({name: value}), expect!["token_malformed Date"]);
    }
    // A null is no absence, and infinity no JSON.
    for value in ["null", "1e400", "-1e400", "Infinity", "NaN", "0x7f", "01800000600"] {
        let claims = claims().to_string().replace(&(NOW + 600).to_string(), value);
        let outcome = outcome(&token(&header().to_string(), &claims, "sha256"), &[issuer("one")], &FIRST);
        assert!(outcome.starts_with("token_malformed"), "{value}: {outcome}");
    }
}

#[test]
fn claims_that_are_demanded() {
    check(json!({}), json!({"sub": null}), expect!["token_claim_missing ClaimMissing"]);
    let nested = Issuer { required_claims: vec!["act.sub".to_owned()], ..issuer("one") };
    check_with(
        nested.clone(),
        json!({"act": {"sub": "x"}}),
        expect![[r#"one Some("alice") Some("t1") ["reader"] ["a", "b"]"#]],
    );
    check_with(nested, json!({"act": {}}), expect!["token_claim_missing ClaimMissing"]);
}

#[test]
fn types() {
    let demands = |types: &[&str], header: Value| {
        let types: Vec<_> = types.iter().map(|name| (*name).to_owned()).collect();
        let step = outcome(
            &signed(header.clone(), json!({})),
            &[issuer("one")],
            &Demands { token_types: &types, ..FIRST },
        );
        let issuer = Issuer { token_types: types, ..issuer("one") };
        assert_eq!(
            outcome(&signed(header, json!({})), &[issuer], &FIRST),
            step,
            "at the step as at the issuer"
        );
        step.split(' ').next().unwrap().to_owned()
    };
    assert_eq!(demands(&["at+jwt"], json!({"typ": "at+jwt"})), "one");
    assert_eq!(demands(&["at+jwt"], json!({"typ": "application/AT+JWT"})), "one");
    assert_eq!(demands(&["JWT", "application/at+jwt"], json!({"typ": "at+jwt"})), "one");
    assert_eq!(demands(&["at+jwt"], json!({"typ": "JWT"})), "token_malformed");
    assert_eq!(demands(&["at+jwt"], json!({})), "token_malformed");
    assert_eq!(demands(&[], json!({"typ": "anything"})), "one");
    let issuer = Issuer { token_types: vec!["JWT".to_owned()], ..issuer("one") };
    let both = Demands { token_types: &["at+jwt".to_owned()], ..FIRST };
    let token = signed(json!({"typ": "at+jwt"}), json!({}));
    expect!["token_malformed Type"].assert_eq(&outcome(&token, &[issuer], &both));
}

#[test]
fn bound_tokens() {
    let bound =
        |thumbprint: &[u8]| json!({"cnf": {"x5t#S256": Base64UrlUnpadded::encode_string(thumbprint)}});
    check(json!({}), bound(&[7; 32]), expect![[r#"one Some("alice") Some("t1") ["reader"] ["a", "b"]"#]]);
    check(json!({}), bound(&[8; 32]), expect!["token_binding_mismatch Binding"]);
    check(json!({}), json!({"cnf": {"jkt": "AA"}}), expect!["token_binding_mismatch Binding"]);
    let demands = Demands { bound: true, ..FIRST };
    let at_step = |claims| outcome(&signed(json!({}), claims), &[issuer("one")], &demands);
    expect!["token_binding_mismatch Unbound"].assert_eq(&at_step(json!({})));
    expect![[r#"one Some("alice") Some("t1") ["reader"] ["a", "b"]"#]].assert_eq(&at_step(bound(&[7; 32])));
}

/// Groups that the token only tells the place of are not taken for none, if roles are read from them.
#[test]
fn groups_overage() {
    let groups = |claim: &str| Issuer {
        claims: ClaimPaths { roles: vec!["roles".to_owned(), claim.to_owned()], ..ClaimPaths::default() },
        ..issuer("one")
    };
    let overage =
        json!({"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://…"}}});
    check_with(groups("groups"), overage.clone(), expect!["token_groups_overage GroupsOverage"]);
    check_with(groups("other"), overage, expect![[r#"one Some("alice") None ["reader"] ["a", "b"]"#]]);
    check_with(
        groups("groups"),
        json!({"groups": ["g1"], "_claim_names": {}}),
        expect![[r#"one Some("alice") None ["reader", "g1"] ["a", "b"]"#]],
    );
}

#[test]
fn tenants() {
    let template = || Template::parse("https://login.example/{tenant}/v2.0").unwrap();
    let many = |more| {
        let url = IssuerUrl::Tenants(template(), vec!["t1".to_owned(), "t2".to_owned()]);
        Issuer { url, keys: keys(more), ..issuer("one") }
    };
    let of = |iss: &str, tid: &str| json!({"iss": format!("https://login.example/{iss}/v2.0"), "tid": tid});
    check_with(
        many(json!({})),
        of("t1", "t1"),
        expect![[r#"one Some("alice") Some("t1") ["reader"] ["a", "b"]"#]],
    );
    check_with(many(json!({})), of("t3", "t3"), expect!["token_issuer_unknown Issuer"]);
    check_with(many(json!({})), of("t1", "t2"), expect!["token_issuer_unknown Tenant"]);
    check_with(
        many(json!({})),
        json!({"iss": "https://login.example/t2/v2.0", "tid": null}),
        expect![[r#"one Some("alice") Some("t2") ["reader"] ["a", "b"]"#]],
    );
    let entra = json!({"issuer": "https://login.example/{tenantid}/v2.0"});
    check_with(
        many(entra.clone()),
        of("t1", "t1"),
        expect![[r#"one Some("alice") Some("t1") ["reader"] ["a", "b"]"#]],
    );
    check_with(
        many(entra),
        json!({"iss": "https://login.example/t1/v2.0", "tid": null}),
        expect!["token_key_unknown KeyUnfit"],
    );
    let of_one = json!({"issuer": "https://login.example/t1/v2.0"});
    check_with(
        many(of_one.clone()),
        of("t1", "t1"),
        expect![[r#"one Some("alice") Some("t1") ["reader"] ["a", "b"]"#]],
    );
    check_with(many(of_one), of("t2", "t2"), expect!["token_key_unknown KeyUnfit"]);
}

#[test]
fn one_issuer_for_two_audiences() {
    let other = Issuer {
        name: "other".to_owned(),
        audiences: Audiences::OneOf(vec!["api://other".to_owned()]),
        ..issuer("one")
    };
    let issuers = [issuer("one"), other];
    let both = Demands { issuers: &[0, 1], ..FIRST };
    let of = |audience: &str| outcome(&signed(json!({}), json!({"aud": audience})), &issuers, &both);
    assert!(of("api://other").starts_with("other "));
    assert!(of("api://storefront").starts_with("one "));
    expect!["token_audience_mismatch Audience"].assert_eq(&of("api://third"));
}

/// What is remembered of a token is asked again for what may have changed since.
#[test]
fn a_remembered_token_gets_the_verdict_of_a_new_one() {
    let text = Base64UrlUnpadded::encode_string(&[7; 32]);
    let token = signed(json!({"typ": "at+jwt"}), json!({"cnf": {"x5t#S256": text}, "nbf": NOW - 5}));
    let issuers = [issuer("one"), issuer("two")];
    let keys = |index: usize| match &issuers[index].keys {
        KeySource::Inline(set) => Some(set.clone()),
        KeySource::Fetched(_) => None,
    };
    let verify_at = |demands: &Demands<'_>, now, certificate| {
        verify(&token, &issuers, demands, keys, &Pretend, now, || certificate)
    };
    let remembered = verify_at(&FIRST, NOW, Some([7; 32])).unwrap();
    let types = |name: &str| vec![name.to_owned()];
    let (right, wrong) = (types("at+jwt"), types("JWT"));
    for issuers_accepted in [&[0][..], &[0, 1], &[1], &[]] {
        for token_types in [&[][..], &right, &wrong] {
            for (bound, certificate) in
                [(false, Some([7; 32])), (true, Some([7; 32])), (true, Some([8; 32])), (false, None)]
            {
                for now in [NOW - 70, NOW - 60, NOW, NOW + 659, NOW + 660] {
                    let demands = Demands { issuers: issuers_accepted, token_types, bound };
                    let again = remembered.stands(&issuers, &demands, now, || certificate);
                    let anew = verify_at(&demands, now, certificate).map(|_| ());
                    assert_eq!(again.map_err(Rejection::Refused), anew, "{demands:?} {now} {certificate:?}");
                }
            }
        }
    }
}

#[test]
fn a_key_that_may_yet_come() {
    // Named and not there; not named, and what is there does not fit or has not signed it.
    check(json!({"kid": "k2"}), json!({}), expect!["KeyUnknown(0, KeyUnknown)"]);
    let unsigned =
        |header: Value| token(&with(self::header(), header).to_string(), &claims().to_string(), "");
    check_token(&unsigned(json!({"kid": null})), expect!["KeyUnknown(0, Signature)"]);
    check_token(&unsigned(json!({"kid": null, "alg": "ES256"})), expect!["KeyUnknown(0, KeyUnknown)"]);
    // Named and there: another set would say the same.
    check_token(&unsigned(json!({})), expect!["token_signature_invalid Signature"]);
    check_token(&unsigned(json!({"alg": "ES256"})), expect!["token_key_unknown KeyUnfit"]);
    let empty = KeySource::Inline(Arc::default());
    check_with(Issuer { keys: empty, ..issuer("one") }, json!({}), expect!["KeyUnknown(0, KeyUnknown)"]);
}

#[test]
fn what_is_no_token() {
    let (header, claims) = (header().to_string(), claims().to_string());
    let good = token(&header, &claims, "sha256");
    check_token(&token(&header, &claims, "sha384"), expect!["token_signature_invalid Signature"]);
    check_token(&token(&header, &claims, ""), expect!["token_signature_invalid Signature"]);
    check_token(&format!("{good}="), expect!["token_malformed Encoding"]);
    check_token(&format!("{good}.x"), expect!["token_malformed Shape"]);
    check_token(&format!("{good} "), expect!["token_malformed Encoding"]);
    check_token(&format!(" {good}"), expect!["token_malformed Encoding"]);
    check_token(&format!("{good}.x.y"), expect!["token_malformed Encrypted"]);
    check_token(&good.replacen('.', ".\n", 1), expect!["token_malformed Encoding"]);
    // `sha256` fills its base64url; one that leaves bits over has a last character with others that mean the same.
    let loose = token(&header, &claims, "sha25");
    check_token(&loose, expect!["token_signature_invalid Signature"]);
    check_token(&format!("{}V", &loose[..loose.len() - 1]), expect!["token_malformed Encoding"]);
    check_token("", expect!["token_malformed Shape"]);
    check_token("..", expect!["token_malformed HeaderJson"]);
    check_token(&"a".repeat(MAX_TOKEN_BYTES + 1), expect!["token_malformed TooLong"]);
    check_token(&token("[]", &claims, "sha256"), expect!["token_malformed HeaderJson"]);
    check_token(&token(&header, "7", "sha256"), expect!["token_malformed ClaimsJson"]);
    let twice = r#"{"alg":"none","alg":"RS256"}"#;
    check_token(&token(twice, &claims, "sha256"), expect!["token_malformed HeaderJson"]);
    let twice = claims.replace('}', r#","sub":"mallory"}"#);
    check_token(&token(&header, &twice, "sha256"), expect!["token_malformed ClaimsJson"]);
    let deep = format!(r#"{{"alg":"RS256","x":{}{}}}"#, "[".repeat(4000), "]".repeat(4000));
    check_token(&token(&deep, &claims, "sha256"), expect!["token_malformed HeaderJson"]);
}
