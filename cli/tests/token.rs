//! `spangate token` as a person or a script calls it, with tokens of `spangate issuer`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "what a test did not expect fails it")]

mod support;

use std::io::Write;
use std::net::TcpListener;
use std::process::Stdio;

use base64ct::{Base64UrlUnpadded, Encoding};
use expect_test::{Expect, expect};
use serde_json::{Value, json};
use support::{Running, directory, run, spangate};

const PEOPLE: &str = "audience: api://shop\npeople: {alice: {oid: a-1, roles: [Read]}}\n";

const POLICY: &str = r#"
apiVersion: spangate/v1
name: shop
issuers:
  dev:
    issuer: http://ADDRESS
    profile: entra
    algorithms: [RS256, ES256]
    audiences: [api://shop]
    discovery: {cluster: dev, url: "http://ADDRESS/.well-known/openid-configuration"}
roles: {reader: '"Read" in auth.roles'}
steps: [{authenticate: [dev]}]
apis: {shop: {path: /shop, operations: {list: {route: GET /list, roles: [reader], call: List}}}}
"#;

/// An issuer that runs, its key set in a file, and a token of Alice's.
struct Scene {
    _issuer: Running,
    address: String,
    directory: tempfile::TempDir,
    token: String,
}

impl Scene {
    fn new() -> Self {
        let directory = directory(&[("people.yaml", PEOPLE)]);
        // Its name has its port, which therefore has to be known before it starts.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("127.0.0.1:{port}");
        let name = format!("http://{address}");
        let arguments = ["issuer", "--listen", &address, "--issuer", &name, "--people", "people.yaml"];
        let mut issuer = Running::start(directory.path(), &arguments);
        issuer.event();
        let jwks =
            ureq::get(format!("http://{address}/jwks")).call().unwrap().body_mut().read_to_string().unwrap();
        std::fs::write(directory.path().join("jwks.json"), jwks).unwrap();
        let mut scene = Self { _issuer: issuer, address, directory, token: String::new() };
        scene.token = scene.ask("");
        scene
    }

    fn name(&self) -> String {
        format!("http://{}", self.address)
    }

    fn ask(&self, more: &str) -> String {
        let form = format!("grant_type=password&username=alice{more}");
        let request = ureq::post(format!("http://{}/token", self.address));
        let mut answer = request.content_type("application/x-www-form-urlencoded").send(form).unwrap();
        let answer: Value = serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
        answer["access_token"].as_str().unwrap().to_owned()
    }

    /// What `verify` with the key set's file says, but for the claims that differ from run to run.
    fn verify(&self, more: &[&str], expected: Expect) {
        let arguments = ["token", "verify", "--jwks", "jwks.json", "--issuer", &self.name()];
        self.check(&[&arguments[..], more].concat(), expected);
    }

    fn check(&self, arguments: &[&str], expected: Expect) {
        let output = run(self.directory.path(), arguments).replace(&self.address, "ADDRESS");
        let (text, code) = output.rsplit_once("exit ").unwrap();
        let said = match serde_json::from_str::<Value>(text) {
            Ok(mut said) => {
                if let Some(Value::Object(claims)) = said.get_mut("claims") {
                    claims.retain(|name, _| !["exp", "iat", "nbf", "jti"].contains(&name.as_str()));
                }
                said.to_string()
            }
            Err(_) => text.trim().to_owned(),
        };
        expected.assert_eq(&format!("{said}\nexit {code}"));
    }
}

#[test]
fn verdicts() {
    let scene = Scene::new();
    let token = scene.token.as_str();
    scene.verify(&[token], expect![[r#"
        {"claims":{"aud":"api://shop","iss":"http://ADDRESS","oid":"a-1","roles":["Read"],"sub":"alice"},"verdict":"accept"}
        exit 0"#]]);
    scene.verify(&["--audience", "api://other", "--audience", "api://shop", token], expect![[r#"
        {"claims":{"aud":"api://shop","iss":"http://ADDRESS","oid":"a-1","roles":["Read"],"sub":"alice"},"verdict":"accept"}
        exit 0"#]]);
    scene.verify(&["--audience", "api://other", token], expect![[r#"
        {"detail":"`aud` names none of the audiences that are accepted here","reason":"token_audience_mismatch","verdict":"refuse"}
        exit 1"#]]);
    scene.verify(&["--algorithms", "ES256", token], expect![[r#"
        {"detail":"`alg` is not one that this issuer's tokens may have","reason":"token_algorithm_refused","verdict":"refuse"}
        exit 1"#]]);
    scene.verify(&["--algorithms", "ES256", &scene.ask("&alg=ES256")], expect![[r#"
        {"claims":{"aud":"api://shop","iss":"http://ADDRESS","oid":"a-1","roles":["Read"],"sub":"alice"},"verdict":"accept"}
        exit 0"#]]);
    scene.verify(&["--algorithms", "HS256,none,PS256", token], expect![[r#"
        {"detail":"`alg` is not one that this issuer's tokens may have","reason":"token_algorithm_refused","verdict":"refuse"}
        exit 1"#]]);
    scene.verify(
        &["--at", "2001-01-01T00:00:00Z", token],
        expect![[r#"
        {"detail":"`nbf` or `iat` is in the future","reason":"token_not_yet_valid","verdict":"refuse"}
        exit 1"#]],
    );
    scene.verify(
        &["--at", "4102444800", token],
        expect![[r#"
        {"detail":"`exp` has passed","reason":"token_expired","verdict":"refuse"}
        exit 1"#]],
    );
    scene.verify(&["--token-type", "at+jwt", token], expect![[r#"
        {"detail":"the token's `typ` is not one that is accepted here","reason":"token_malformed","verdict":"refuse"}
        exit 1"#]]);
    scene.verify(&["--token-type", "JWT", token], expect![[r#"
        {"claims":{"aud":"api://shop","iss":"http://ADDRESS","oid":"a-1","roles":["Read"],"sub":"alice"},"verdict":"accept"}
        exit 0"#]]);
    scene.verify(&["not.a.token"], expect![[r#"
        {"detail":"a part is not base64url in its one canonical form, without padding or whitespace","reason":"token_malformed","verdict":"refuse"}
        exit 1"#]]);
    let (signed, _) = token.rsplit_once('.').unwrap();
    scene.verify(
        &[&format!("{signed}.")],
        expect![[r#"
        {"detail":"the signature does not hold","reason":"token_signature_invalid","verdict":"refuse"}
        exit 1"#]],
    );
    let binding = "&claims={\"cnf\":{\"x5t%23S256\":\"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc\"}}";
    let bound = scene.ask(binding);
    scene.verify(&[&bound], expect![[r#"
        {"detail":"the key to which the token is bound (`cnf`) was not proven","reason":"token_binding_mismatch","verdict":"refuse"}
        exit 1"#]]);
    scene.verify(&["--certificate-sha256", &"07".repeat(32), &bound], expect![[r#"
        {"claims":{"aud":"api://shop","cnf":{"x5t#S256":"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc"},"iss":"http://ADDRESS","oid":"a-1","roles":["Read"],"sub":"alice"},"verdict":"accept"}
        exit 0"#]]);
}

#[test]
fn keys_that_are_not_to_be_had() {
    let scene = Scene::new();
    let verify = |keys: &str, expected: Expect| {
        scene.check(&["token", "verify", "--jwks", keys, "--issuer", &scene.name(), &scene.token], expected);
    };
    let keys = format!("http://{}/jwks", scene.address);
    verify(
        &keys,
        expect![[r#"
        {"claims":{"aud":"api://shop","iss":"http://ADDRESS","oid":"a-1","roles":["Read"],"sub":"alice"},"verdict":"accept"}
        exit 0"#]],
    );
    verify(
        &keys.replace("jwks", "nothing"),
        expect![[r#"
        {"detail":"http://ADDRESS/nothing could not be fetched: http status: 404","reason":"keys_unavailable","verdict":"refuse"}
        exit 1"#]],
    );
    for (name, text) in [
        ("empty.json", r#"{"keys": []}"#),
        ("html.json", "<html>"),
        ("one.json", r#"{"kty": "RSA"}"#),
        ("secret.json", r#"{"keys": [{"kty": "oct", "k": "AAAA"}]}"#),
    ] {
        std::fs::write(scene.directory.path().join(name), text).unwrap();
    }
    verify(
        "empty.json",
        expect![[r#"
        {"detail":"the key set has no usable key: it is empty","reason":"keys_unavailable","verdict":"refuse"}
        exit 1"#]],
    );
    verify(
        "html.json",
        expect![[r#"
        {"detail":"the key set is no JSON object, or has a member twice","reason":"keys_unavailable","verdict":"refuse"}
        exit 1"#]],
    );
    verify(
        "one.json",
        expect![[r#"
        {"detail":"the key set has no list `keys`","reason":"keys_unavailable","verdict":"refuse"}
        exit 1"#]],
    );
    verify(
        "secret.json",
        expect![[r#"
        {"detail":"the key set has no usable key: a key is of a type that is not supported (`kty`)","reason":"keys_unavailable","verdict":"refuse"}
        exit 1"#]],
    );
    verify(
        "absent.json",
        expect![[r#"
        error: cannot read absent.json: No such file or directory (os error 2)
        exit 2"#]],
    );
}

#[test]
fn settings_of_a_policy() {
    let scene = Scene::new();
    let policy = |name: &str, text: &str| std::fs::write(scene.directory.path().join(name), text).unwrap();
    policy("policy.yaml", &POLICY.replace("ADDRESS", &scene.address));
    let verify = |more: &[&str], expected: Expect| {
        scene.check(&[&["token", "verify", "--policy", "policy.yaml"], more].concat(), expected);
    };
    // The keys come by discovery.
    verify(
        &["--issuer-name", "dev", &scene.token],
        expect![[r#"
        {"claims":{"aud":"api://shop","iss":"http://ADDRESS","oid":"a-1","roles":["Read"],"sub":"alice"},"identity":{"issuer":"dev","roles":["Read"],"scopes":[],"subject":"a-1","tenant":null},"verdict":"accept"}
        exit 0"#]],
    );
    verify(
        &[&scene.ask("&claims={\"aud\":\"api://other\"}")],
        expect![[r#"
        {"detail":"`aud` names none of the audiences that are accepted here","reason":"token_audience_mismatch","verdict":"refuse"}
        exit 1"#]],
    );
    let overage = scene.ask("&claims={\"_claim_names\":{\"groups\":\"src1\"}}");
    verify(
        &["--jwks", "jwks.json", &overage],
        expect![[r#"
        {"detail":"the token does not list its groups: there are too many (`_claim_names`)","reason":"token_groups_overage","verdict":"refuse"}
        exit 1"#]],
    );
    verify(
        &["--issuer-name", "entra", &scene.token],
        expect![[r#"
        error: --issuer-name is one of the policy's issuers: dev
        exit 2"#]],
    );
    policy("faulty.yaml", "apiVersion: spangate/v1\n");
    let output = run(scene.directory.path(), &["token", "verify", "--policy", "faulty.yaml", &scene.token]);
    assert!(output.contains("`name` is missing") && output.ends_with("exit 2"), "{output}");
}

#[test]
fn from_standard_input() {
    let scene = Scene::new();
    let verify = |input: String| {
        let mut command = spangate();
        command.current_dir(scene.directory.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
        command.args(["token", "verify", "--jwks", "jwks.json", "--issuer", &scene.name(), "-"]);
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap().status.code()
    };
    assert_eq!(verify(scene.token.clone()), Some(0));
    assert_eq!(verify(format!("{}\n", scene.token)), Some(0));
    assert_eq!(verify(format!("{}\r\n", scene.token)), Some(0));
    assert_eq!(verify(format!("{}\n\n", scene.token)), Some(1));
    assert_eq!(verify(format!(" {}", scene.token)), Some(1));
}

#[test]
fn what_is_wrong_usage() {
    let scene = Scene::new();
    let code = |arguments: &[&str]| {
        run(scene.directory.path(), &[&["token", "verify"], arguments].concat())
            .rsplit_once("exit ")
            .unwrap()
            .1
            .to_owned()
    };
    assert_eq!(code(&["--issuer", "http://issuer", &scene.token]), "2");
    assert_eq!(code(&["--jwks", "jwks.json", &scene.token]), "2");
    assert_eq!(code(&["--jwks", "jwks.json", "--issuer", "http://issuer"]), "2");
    assert_eq!(
        code(&["--jwks", "jwks.json", "--issuer", "http://issuer", "--at", "noon", &scene.token]),
        "2"
    );
    assert_eq!(code(&["--jwks", "jwks.json", "--issuer", "x", "--algorithms", "RS265", &scene.token]), "2");
    assert_eq!(code(&["--policy", "policy.yaml", "--audience", "a", &scene.token]), "2");
}

/// Nothing is trusted, and that is said.
#[test]
fn show() {
    let part = |value: Value| Base64UrlUnpadded::encode_string(value.to_string().as_bytes());
    let header = part(json!({"alg": "none"}));
    let token = format!("{header}.{}.", part(json!({"sub": "alice", "exp": 1_800_000_000})));
    let directory = directory(&[]);
    let show =
        |token: &str, expected: Expect| expected.assert_eq(&run(directory.path(), &["token", "show", token]));
    show(
        &token,
        expect![[r#"
        {
          "claims": {
            "exp": 1800000000,
            "sub": "alice"
          },
          "header": {
            "alg": "none"
          },
          "malformed": null,
          "times": {
            "exp": "2027-01-15T08:00:00Z"
          },
          "verified": false
        }
        exit 0"#]],
    );
    show(
        &format!("{header}.x"),
        expect![[r#"
        {
          "claims": null,
          "header": {
            "alg": "none"
          },
          "malformed": "a token is three parts with a dot between them (RFC 7515, section 3.1)",
          "times": {},
          "verified": false
        }
        exit 1"#]],
    );
}
