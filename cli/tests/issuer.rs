//! `spangate issuer` over real HTTP, and its signatures by what it publishes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "what a test did not expect fails it")]

mod support;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64ct::{Base64UrlUnpadded, Encoding};
use expect_test::expect;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use support::Running;

const PEOPLE: &str =
    "audience: api://shop\npeople:\n  alice: {sub: a-1, tid: t1, roles: [Read]}\n  bob: {}\n";

struct Issuer {
    process: Running,
    address: String,
}

impl Issuer {
    fn start(directory: &tempfile::TempDir, more: &[&str]) -> Self {
        let arguments =
            ["issuer", "--listen", "127.0.0.1:0", "--issuer", "http://issuer/", "--people", "people.yaml"];
        let mut process = Running::start(directory.path(), &[&arguments[..], more].concat());
        let (event, _) = process.event();
        assert_eq!(event["event"], "listening");
        assert!(event["warning"].as_str().unwrap().contains("development"));
        Self { process, address: event["address"].as_str().unwrap().to_owned() }
    }

    fn get(&self, path: &str) -> Value {
        let mut answer = ureq::get(format!("http://{}{path}", self.address)).call().unwrap();
        serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap()
    }

    fn post(&self, path: &str, body: &str) -> (u16, Value) {
        let request =
            ureq::post(format!("http://{}{path}", self.address)).config().http_status_as_error(false).build();
        let mut answer = request.content_type("application/x-www-form-urlencoded").send(body).unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap())
    }

    fn token(&self, form: &str) -> Token {
        let (status, answer) = self.post("/token", &format!("grant_type=password&username={form}"));
        assert_eq!(status, 200, "{answer}");
        Token(answer["access_token"].as_str().unwrap().to_owned())
    }

    fn kids(&self) -> Vec<String> {
        let jwks = self.get("/jwks");
        jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    }
}

struct Token(String);

impl Token {
    fn part(&self, index: usize) -> Vec<u8> {
        Base64UrlUnpadded::decode_vec(self.0.split('.').nth(index).unwrap()).unwrap()
    }

    fn header(&self) -> Value {
        serde_json::from_slice(&self.part(0)).unwrap()
    }

    fn claims(&self) -> Value {
        serde_json::from_slice(&self.part(1)).unwrap()
    }

    /// Whether the published key that the header names made this token.
    fn verifies(&self, jwks: &Value) -> bool {
        let header = self.header();
        let mut keys = jwks["keys"].as_array().unwrap().iter();
        let Some(key) = keys.find(|key| key["kid"] == header["kid"] && key["alg"] == header["alg"]) else {
            return false;
        };
        let member = |name: &str| Base64UrlUnpadded::decode_vec(key[name].as_str().unwrap()).unwrap();
        let signed = self.0.rsplit_once('.').unwrap().0.as_bytes();
        match key["kty"].as_str().unwrap() {
            "RSA" => RsaPublicKeyComponents { n: member("n"), e: member("e") }
                .verify(&RSA_PKCS1_2048_8192_SHA256, signed, &self.part(2))
                .is_ok(),
            _ => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, [vec![4], member("x"), member("y")].concat())
                    .verify(signed, &self.part(2))
                    .is_ok()
            }
        }
    }
}

#[test]
fn tokens_verify_with_what_is_published() {
    let directory = support::directory(&[("people.yaml", PEOPLE)]);
    let issuer = Issuer::start(&directory, &[]);
    let jwks = issuer.get("/jwks");
    for algorithm in ["RS256", "ES256"] {
        let token = issuer.token(&format!("alice&alg={algorithm}"));
        assert_eq!(token.header()["alg"], algorithm);
        assert!(token.verifies(&jwks));
        let mut other = token.0.clone().into_bytes();
        let middle = other.len() / 2;
        other[middle] = if other[middle] == b'A' { b'B' } else { b'A' };
        assert!(!Token(String::from_utf8(other).unwrap()).verifies(&jwks), "the check of the check");
    }
    for key in jwks["keys"].as_array().unwrap() {
        let required = match key["kty"].as_str().unwrap() {
            "RSA" => format!(r#"{{"e":{},"kty":"RSA","n":{}}}"#, key["e"], key["n"]),
            _ => format!(r#"{{"crv":"P-256","kty":"EC","x":{},"y":{}}}"#, key["x"], key["y"]),
        };
        assert_eq!(key["kid"], Base64UrlUnpadded::encode_string(&Sha256::digest(required)));
        assert!(key.get("d").is_none());
    }
}

#[test]
fn claims_are_the_persons_and_the_requests() {
    let directory = support::directory(&[("people.yaml", PEOPLE)]);
    let issuer = Issuer::start(&directory, &[]);
    let claims = issuer.token("alice").claims();
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3600);
    for (name, value) in [
        ("iss", json!("http://issuer")),
        ("sub", json!("a-1")),
        ("aud", json!("api://shop")),
        ("tid", json!("t1")),
        ("roles", json!(["Read"])),
        ("nbf", claims["iat"].clone()),
    ] {
        assert_eq!(claims[name], value, "{name}");
    }
    assert_ne!(claims["jti"], issuer.token("alice").claims()["jti"]);

    let odd = issuer.token("bob&lifetime=-60&claims=%7B%22aud%22%3Anull%2C%22tid%22%3A%22t2%22%7D").claims();
    assert_eq!(odd["exp"].as_i64().unwrap() - odd["iat"].as_i64().unwrap(), -60);
    assert_eq!((odd.get("aud"), &odd["tid"], &odd["sub"]), (None, &json!("t2"), &json!("bob")));

    let (status, answer) = issuer.post("/token", "grant_type=client_credentials&client_id=bob");
    assert_eq!((status, &answer["token_type"]), (200, &json!("Bearer")));
    for (form, error) in [
        ("grant_type=password&username=mallory", "invalid_grant"),
        ("grant_type=password&client_id=alice", "invalid_grant"),
        ("grant_type=implicit&username=alice", "unsupported_grant_type"),
        ("grant_type=password&username=alice&claims=[]", "invalid_request"),
    ] {
        let (status, answer) = issuer.post("/token", form);
        assert_eq!((status, &answer["error"]), (400, &json!(error)), "{form}");
    }
}

#[test]
fn the_discovery_document_says_what_it_is() {
    let directory = support::directory(&[("people.yaml", PEOPLE)]);
    let issuer = Issuer::start(&directory, &[]);
    let document = issuer.get("/.well-known/openid-configuration");
    assert_eq!(document["issuer"], "http://issuer");
    assert_eq!(document["jwks_uri"], "http://issuer/jwks");
    assert!(document["spangate_warning"].as_str().unwrap().contains("never trust it in production"));
    let answer = ureq::get(format!("http://{}/jwks", issuer.address)).call().unwrap();
    assert_eq!(answer.headers()["cache-control"], "public, max-age=60");
}

#[test]
fn keys_rotate_and_outlive_a_restart() {
    let directory = support::directory(&[("people.yaml", PEOPLE)]);
    let issuer = Issuer::start(&directory, &["--key-dir", "."]);
    let (first, token) = (issuer.kids(), issuer.token("alice"));
    issuer.post("/rotate", "");
    assert_eq!(issuer.kids()[2..], first, "the old ones stay published");
    assert!(token.verifies(&issuer.get("/jwks")));
    assert!(!first.contains(&issuer.token("alice").header()["kid"].as_str().unwrap().to_owned()));

    let before = issuer.kids();
    drop(issuer);
    let issuer = Issuer::start(&directory, &["--key-dir", "."]);
    assert_eq!(issuer.kids(), before);
    assert!(issuer.token("bob").verifies(&issuer.get("/jwks")));

    issuer.post("/rotate?withdraw=true", "");
    assert_eq!(issuer.kids().len(), 2);
    assert!(!token.verifies(&issuer.get("/jwks")));
}

#[test]
fn it_ends_when_asked() {
    let directory = support::directory(&[("people.yaml", PEOPLE)]);
    let issuer = Issuer::start(&directory, &[]);
    issuer.get("/jwks");
    assert_eq!(issuer.process.terminate(), Some(0));
}

#[test]
fn what_it_refuses_to_start_with() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let directory =
        support::directory(&[("people.yaml", PEOPLE), ("faulty.yaml", "audience: a\npeople: {a: 7}\n")]);
    let run = |arguments: &[&str]| support::run(directory.path(), &[&["issuer"], arguments].concat());
    expect![[r#"
        error: 0.0.0.0:0 is not a loopback address; `--allow-remote` lets it be used
        exit 2"#]]
    .assert_eq(&run(&["--people", "people.yaml", "--listen", "0.0.0.0:0"]));
    expect![[r#"
        error[wrong_type]: expected claims, found an integer
         --> faulty.yaml:2:13
          |
        2 | people: {a: 7}
          |             ^ people.a

        exit 1"#]]
    .assert_eq(&run(&["--people", "faulty.yaml", "--listen", "127.0.0.1:0"]));
    let address = taken.local_addr().unwrap().to_string();
    let printed = run(&["--people", "people.yaml", "--listen", &address]);
    expect![[r#"
        error: cannot listen on ADDRESS: Address already in use (os error 98)
        exit 2"#]]
    .assert_eq(&printed.replace(&address, "ADDRESS"));
}
