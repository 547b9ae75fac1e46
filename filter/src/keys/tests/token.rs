//! Two issuers, and three places where there are keys: two for the first issuer, of which a policy names one, and one for
//! the second, which is found by discovery. Keys of all places have the same names.

use base64ct::{Base64UrlUnpadded, Encoding};
use ed25519_compact::{KeyPair, Seed};
use serde_json::{Value, json};

use crate::host::EPOCH;

pub const ISSUERS: usize = 2;
pub const PLACES: usize = 3;

/// Whose keys are nowhere.
const NOWHERE: usize = PLACES;

const NAMES: [&str; ISSUERS] = ["https://a.example", "https://b.example"];

/// What is fetched for the keys of each place, and of the last one before that.
pub const PATHS: [&str; PLACES] = ["/a", "/a/new", "/b/keys"];
pub const DISCOVERY: &str = "/b/discovery";

fn text(bytes: impl AsRef<[u8]>) -> String {
    Base64UrlUnpadded::encode_string(bytes.as_ref())
}

fn key_pair(place: usize, key: u8) -> KeyPair {
    let mut seed = [key + 1; Seed::BYTES];
    seed[0] = place as u8;
    KeyPair::from_seed(Seed::new(seed))
}

pub fn jwks(place: usize, keys: impl IntoIterator<Item = u8>) -> String {
    let jwk = |key: u8| json!({"kty": "OKP", "crv": "Ed25519", "kid": key.to_string(), "x": text(&key_pair(place, key).pk[..])});
    json!({"keys": keys.into_iter().map(jwk).collect::<Vec<_>>()}).to_string()
}

pub fn discovery() -> String {
    json!({"issuer": NAMES[1], "jwks_uri": format!("https://b.example{}", PATHS[2])}).to_string()
}

/// A token of that issuer, signed by the key of that name from that place, or by nobody's of the same name.
pub fn token(issuer: usize, place: usize, key: u8, number: u8, is_forged: bool) -> String {
    let header = json!({"alg": "EdDSA", "kid": key.to_string()});
    let expires = EPOCH / 1_000_000_000 + 1_000_000;
    let claims = json!({"iss": NAMES[issuer], "aud": "api", "sub": "alice", "exp": expires, "jti": number});
    let signed = format!("{}.{}", text(header.to_string()), text(claims.to_string()));
    let signer = key_pair(if is_forged { NOWHERE } else { place }, key);
    format!("{signed}.{}", text(&signer.sk.sign(&signed, None)[..]))
}

/// The policy in which the keys of the first issuer are at that place.
pub fn policy(place: usize, stale_seconds: u64) -> String {
    let issuer = |name: &str, source: &str, path: &str| -> Value {
        json!({
            "issuer": name, "audiences": ["api"], "algorithms": ["EdDSA"],
            "refresh": "10s", "serve_stale": format!("{stale_seconds}s"),
            source: {"cluster": "issuers", "url": format!("{name}{path}")},
        })
    };
    json!({
        "apiVersion": "spangate/v1", "name": "keys",
        "issuers": {"a": issuer(NAMES[0], "jwks", PATHS[place]), "b": issuer(NAMES[1], "discovery", DISCOVERY)},
        "roles": {"anybody": "true"},
        "steps": [{"authenticate": ["a", "b"]}],
        "apis": {"api": {"path": "/api", "operations": {
            "get": {"route": "GET /get", "roles": ["anybody"], "respond": {"status": 200, "body": ""}},
        }}},
    })
    .to_string()
}
