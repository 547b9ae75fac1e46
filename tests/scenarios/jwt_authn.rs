//! The same tokens at Envoy's own `jwt_authn` and at our filter, with the same keys. Where the two differ, `docs/tokens.md`
//! says so and why: what it says is compared with what is seen.

mod tokens;

use expect_test::expect;
use spangate_stack::envoy::{Envoy, write_plugin};
use spangate_stack::{Programs, read_yaml, root};

use crate::support::{Connection, Protocol, Request};
use tokens::{Issuer, PATH};

const ACCEPTED: &str = "accepted";

/// Both doors of one Envoy with one worker, which has cached what was accepted before.
struct Doors {
    ours: Connection,
    native: Connection,
    _envoy: Envoy,
    _directory: tempfile::TempDir,
}

impl Doors {
    fn open(issuer: &Issuer) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: String| std::fs::write(directory.path().join(name), text).unwrap();
        let data = root().join("tests/scenarios/jwt_authn");
        let mut policy = read_yaml(&data.join("policy.yaml")).unwrap();
        policy["issuers"]["issuer"]["keys"] = issuer.jwks();
        write("policy.json", policy.to_string());
        write("jwks.json", issuer.jwks().to_string());
        write("envoy.yaml", read_yaml(&data.join("envoy.yaml")).unwrap().to_string());
        let programs = Programs::find().unwrap();
        write_plugin(directory.path(), &programs.filter).unwrap();
        let envoy = Envoy::start("envoy", &programs.envoy, directory.path(), 1).unwrap();
        let door = |name| Connection::to(envoy.port(name).unwrap(), Protocol::Http1).unwrap();
        Self { ours: door("spangate"), native: door("jwt_authn"), _envoy: envoy, _directory: directory }
    }

    /// What either says, the same every time.
    fn verdicts(&mut self, request: &Request) -> [String; 2] {
        let ours = twice(&mut self.ours, request, |answer| {
            format!("`{}`", answer.json().unwrap()["reason"].as_str().unwrap())
        });
        let native = twice(&mut self.native, request, |answer| answer.text());
        [ours, native]
    }
}

/// Once more, it may be remembered.
fn twice(
    door: &mut Connection,
    request: &Request,
    refused: impl Fn(&spangate_stack::http::Answer) -> String,
) -> String {
    let mut verdict = || {
        let answer = door.send(request.clone()).unwrap();
        if answer.status == 200 { ACCEPTED.to_owned() } else { refused(&answer) }
    };
    let (first, second) = (verdict(), verdict());
    assert_eq!(first, second, "{request:?}");
    first
}

#[test]
fn beside_ours() {
    let issuer = Issuer::new();
    let mut doors = Doors::open(&issuer);
    let good = Request::get(PATH).token(&format!("Bearer {}", issuer.good()));
    let (mut seen, mut differences) = (String::new(), Vec::new());
    for row in issuer.rows() {
        // What is remembered of a good token must not help a bad one.
        assert_eq!(doors.verdicts(&good), [ACCEPTED; 2], "before {}", row.name);
        let [ours, native] = doors.verdicts(&row.request);
        seen.push_str(&format!("{:42} {ours:26} {native}\n", row.name));
        if (ours == ACCEPTED) != (native == ACCEPTED) {
            differences.push(format!("| {} | {ours} | {native} |", row.name));
        }
    }
    expect![[r#"
        RS256                                      accepted                   accepted
        RS384                                      accepted                   accepted
        RS512                                      accepted                   accepted
        ES256                                      accepted                   accepted
        ES384                                      accepted                   accepted
        ES512                                      `token_algorithm_refused`  accepted
        EdDSA                                      accepted                   accepted
        PS256                                      `token_algorithm_refused`  accepted
        HS256 by a secret in the key set           `token_algorithm_refused`  accepted
        HS256 by a public key                      `token_algorithm_refused`  Jwt verification fails
        `alg` none                                 `token_algorithm_refused`  Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections
        `alg` nOnE                                 `token_algorithm_refused`  Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections
        `alg` RS256, unsigned                      `token_signature_invalid`  Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections
        `alg` RS256 of ES256                       `token_key_unknown`        accepted
        `alg` RS384 of RS256                       `token_signature_invalid`  Jwt verification fails
        `alg` missing                              `token_malformed`          Jwt header [alg] field is required and must be a string
        `alg` a number                             `token_malformed`          Jwt header [alg] field is required and must be a string
        no `kid`                                   accepted                   accepted
        `kid` of nobody                            `token_key_unknown`        Jwks doesn't have key to match kid or alg from Jwt
        `kid` a number                             `token_malformed`          Jwt header [kid] field is not a string
        `kid` of a key for encryption              `token_key_unknown`        accepted
        `kid` of a key with `key_ops` sign         `token_key_unknown`        accepted
        `kid` of a key with another `alg`          `token_key_unknown`        Jwks doesn't have key to match kid or alg from Jwt
        a key of nobody's                          `token_signature_invalid`  Jwt verification fails
        a key of nobody's, in `jwk`                `token_signature_invalid`  Jwt verification fails
        a key of nobody's, at `jku`                `token_signature_invalid`  Jwt verification fails
        `x5t` and `jku` on a good token            accepted                   accepted
        a signature of zeros                       `token_signature_invalid`  Jwt verification fails
        a signature cut short                      `token_signature_invalid`  Jwt verification fails
        a signature that goes on                   `token_signature_invalid`  Jwt verification fails
        `typ` at+jwt                               accepted                   accepted
        `typ` a number                             `token_malformed`          accepted
        `crit` exp                                 `token_malformed`          accepted
        `crit` of nothing                          `token_malformed`          accepted
        `b64` false                                `token_malformed`          accepted
        `b64` false, `crit` b64                    `token_malformed`          accepted
        `b64` true                                 accepted                   accepted
        `zip` DEF                                  `token_malformed`          accepted
        `cty` JWT                                  `token_malformed`          accepted
        `cty` text/plain                           accepted                   accepted
        `enc` in a signed token                    `token_malformed`          accepted
        `alg` twice                                `token_malformed`          Jwt header is an invalid JSON
        another `iss`                              `token_issuer_unknown`     Jwt issuer is not configured
        `iss` with a slash more                    `token_issuer_unknown`     Jwt issuer is not configured
        no `iss`                                   `token_issuer_unknown`     Jwt issuer is not configured
        `iss` a list                               `token_issuer_unknown`     Jwt payload [iss] field is not a string
        another `aud`                              `token_audience_mismatch`  Audiences in Jwt are not allowed
        `aud` a list with it                       accepted                   accepted
        `aud` a list without it                    `token_audience_mismatch`  Audiences in Jwt are not allowed
        `aud` with it among words                  `token_audience_mismatch`  Audiences in Jwt are not allowed
        `aud` with a slash more                    `token_audience_mismatch`  accepted
        `aud` as a URL                             `token_audience_mismatch`  accepted
        no `aud`                                   `token_audience_mismatch`  Audiences in Jwt are not allowed
        `sub` twice                                `token_malformed`          Jwt payload is an invalid JSON
        `cnf` of a key                             `token_binding_mismatch`   accepted
        `cnf` of a certificate                     `token_binding_mismatch`   accepted
        no `exp`                                   `token_claim_missing`      accepted
        `exp` past                                 `token_expired`            Jwt is expired
        `exp` past, within the skew                accepted                   accepted
        `exp` before 1970                          `token_expired`            Jwt payload [exp] field is not a positive 64 bit integer
        `exp` 0                                    `token_expired`            accepted
        `exp` with a fraction                      accepted                   accepted
        `exp` with an exponent                     accepted                   accepted
        `exp` a text                               `token_malformed`          Jwt payload [exp] field is not an integer
        `exp` null                                 `token_malformed`          Jwt payload [exp] field is not an integer
        `exp` true                                 `token_malformed`          Jwt payload [exp] field is not an integer
        `exp` the last of 64 bits                  accepted                   accepted
        `exp` beyond 64 bits                       `token_malformed`          accepted
        `exp` 1e300                                `token_malformed`          Jwt payload [exp] field is not a positive 64 bit integer
        `exp` 1e400                                `token_malformed`          Jwt payload is an invalid JSON
        `nbf` to come                              `token_not_yet_valid`      Jwt not yet valid
        `nbf` to come, within the skew             accepted                   accepted
        `nbf` before 1970                          accepted                   Jwt payload [nbf] field is not a positive 64 bit integer
        `nbf` a text                               `token_malformed`          Jwt payload [nbf] field is not an integer
        `nbf` beyond 64 bits                       `token_malformed`          Jwt payload [nbf] field is not a positive 64 bit integer
        `iat` to come                              `token_not_yet_valid`      accepted
        `iat` a text                               `token_malformed`          Jwt payload [iat] field is not an integer
        another spelling of the signature          `token_malformed`          accepted
        padding after the signature                `token_malformed`          accepted
        padding that was signed                    `token_malformed`          Jwt header is an invalid Base64url encoded
        the alphabet of base64                     `token_malformed`          Jwt signature is an invalid Base64url encoded
        a part more                                `token_malformed`          Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections
        two parts more                             `token_malformed`          Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections
        two parts                                  `token_malformed`          Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections
        a dot alone                                `token_malformed`          Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections
        claims that are a list                     `token_malformed`          Jwt payload is an invalid JSON
        claims that are no UTF-8                   `token_malformed`          Jwt payload is an invalid JSON
        claims after a byte order mark             `token_malformed`          Jwt payload is an invalid JSON
        claims with a comma too many               `token_malformed`          accepted
        a lone surrogate in a claim                `token_malformed`          Jwt payload is an invalid JSON
        JSON that is 100 deep                      accepted                   Jwt payload is an invalid JSON
        JSON that is 2,000 deep                    `token_malformed`          Jwt payload is an invalid JSON
        17 KiB                                     `token_malformed`          accepted
        `authorization` twice                      `token_repeated`           Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections
        `authorization` twice, the first of Basic  `token_repeated`           accepted
        a list of two tokens                       `token_repeated`           Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections
        a list of Basic and the token              `token_repeated`           accepted
        scheme `bearer`                            accepted                   Jwt is missing
        scheme `BEARER`                            accepted                   Jwt is missing
        two spaces after the scheme                accepted                   accepted
        a tab after the scheme                     `token_repeated`           Jwt is missing
        no scheme                                  `token_missing`            Jwt is missing
        a word before the scheme                   `token_missing`            accepted
        a word after the token                     `token_repeated`           Jwt verification fails
        the scheme alone                           `token_malformed`          Jwt is missing
        nothing at all                             `token_missing`            Jwt is missing
        in the query, as `access_token`            `token_missing`            accepted
        in the query and in the header             accepted                   accepted
    "#]].assert_eq(&seen);
    assert_eq!(documented(), differences);
}

/// Token and verdicts of each row of the documented table, without the reason that follows.
fn documented() -> Vec<String> {
    let page = std::fs::read_to_string(root().join("docs/tokens.md")).unwrap();
    let section = page.split("\n## ").find(|section| section.starts_with("Beside `jwt_authn`")).unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| ")).skip(2);
    rows.map(|row| row.trim_end_matches(" |").rsplit_once(" |").unwrap().0.to_owned() + " |").collect()
}
