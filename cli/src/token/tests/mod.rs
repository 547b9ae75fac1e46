//! Tokens with real signatures, verified natively: what only plain values cannot show.

mod attacks;
mod documented;
mod mutations;
mod rfc8725;

use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};
use spangate_policy::token::{
    Algorithm, Audiences, Demands, Issuer, IssuerUrl, KeySet, KeySource, Rejection, verify,
};
use spangate_signing::{Keys, text};

use super::signature::Native;

const NOW: i64 = 1_800_000_000;

/// Made once: an RSA key takes its time.
static KEYS: LazyLock<Keys> = LazyLock::new(Keys::generate);
static FOREIGN: LazyLock<Keys> = LazyLock::new(Keys::generate);

/// A token that is as it should be, but for these claims.
fn good(keys: &Keys, algorithm: &str, changes: Value) -> String {
    keys.token(algorithm, &json!({"alg": algorithm, "typ": "at+jwt"}), &claims(changes))
}

/// Those of a good token; a null takes one away.
fn claims(changes: Value) -> Value {
    let mut claims =
        json!({"iss": "https://a.example", "aud": "api", "sub": "alice", "iat": NOW - 10, "exp": NOW + 600});
    let members = claims.as_object_mut().unwrap();
    members.extend(changes.as_object().unwrap().clone());
    members.retain(|_, value| !value.is_null());
    claims
}

/// The issuer of [`KEYS`], which may use every algorithm there is.
fn issuer() -> Issuer {
    issuer_of(&["RS256", "ES256", "ES384", "EdDSA"].map(|algorithm| KEYS.jwk(algorithm)))
}

fn issuer_of(keys: &[Value]) -> Issuer {
    let keys = KeySet::from_value(&json!({"keys": keys})).unwrap_or_default();
    let url = IssuerUrl::Exact("https://a.example".to_owned());
    let mut issuer =
        Issuer::new(url, Audiences::OneOf(vec!["api".to_owned()]), KeySource::Inline(Arc::new(keys)));
    issuer.algorithms = Algorithm::ALL.to_vec();
    issuer
}

/// `accept`, or the reason.
fn verdict(token: &str, issuer: &Issuer) -> &'static str {
    let KeySource::Inline(keys) = &issuer.keys else { unreachable!("keys of tests are at hand") };
    let demands = Demands { issuers: &[0], ..Demands::default() };
    let keys = |_| Some(keys.clone());
    match verify(token, std::slice::from_ref(issuer), &demands, keys, &Native, NOW, || None) {
        Ok(_) => "accept",
        Err(Rejection::Refused(fault) | Rejection::KeyUnknown(_, fault)) => fault.reason().as_str(),
        Err(Rejection::KeysMissing(_)) => "keys_unavailable",
    }
}

#[test]
fn every_algorithm_that_is_supported() {
    for algorithm in Algorithm::ALL.map(Algorithm::name) {
        assert_eq!(verdict(&good(&KEYS, algorithm, json!({})), &issuer()), "accept", "{algorithm}");
        let foreign = good(&FOREIGN, algorithm, json!({}));
        assert_eq!(verdict(&foreign, &issuer()), "token_signature_invalid", "{algorithm}");
    }
}
