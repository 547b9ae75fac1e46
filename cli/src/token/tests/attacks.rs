//! Attacks on verifiers that have worked on others.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::json;

use super::{FOREIGN, KEYS, claims, good, issuer, issuer_of, text, verdict};

#[test]
fn what_is_unsigned() {
    let unsigned = |algorithm: &str| {
        format!("{}.{}.", text(json!({"alg": algorithm}).to_string()), text(claims(json!({})).to_string()))
    };
    // CVE-2015-9235, CVE-2020-28042, and the spellings that got around its mending.
    for algorithm in ["none", "None", "NONE", "nOnE"] {
        assert_eq!(verdict(&unsigned(algorithm), &issuer()), "token_algorithm_refused");
    }
    for algorithm in ["RS256", "ES256", "EdDSA"] {
        assert_eq!(verdict(&unsigned(algorithm), &issuer()), "token_signature_invalid");
    }
}

/// CVE-2016-5431: a public key in the place of a secret.
#[test]
fn a_public_key_is_no_secret() {
    let header = text(json!({"alg": "HS256", "kid": "rsa"}).to_string());
    let token = format!("{header}.{}.{}", text(claims(json!({})).to_string()), text([7; 32]));
    assert_eq!(verdict(&token, &issuer()), "token_algorithm_refused");
}

/// CVE-2018-0114: the token brings its own key, or says where that is.
#[test]
fn a_key_of_the_tokens_own() {
    for parameter in [
        json!({"jwk": FOREIGN.jwk("RS256")}),
        json!({"jku": "https://evil.example/keys"}),
        json!({"x5u": "https://evil.example/chain", "x5c": ["AAAA"]}),
        json!({"kid": "../../../../dev/null"}),
        json!({"kid": "rsa' OR '1'='1"}),
    ] {
        let mut header = json!({"alg": "RS256"});
        header.as_object_mut().unwrap().extend(parameter.as_object().unwrap().clone());
        let token = FOREIGN.token("RS256", &header, &claims(json!({})));
        let expected =
            if parameter.get("kid").is_some() { "token_key_unknown" } else { "token_signature_invalid" };
        assert_eq!(verdict(&token, &issuer()), expected, "{parameter}");
    }
}

/// CVE-2022-21449: a signature of zeros. And the encodings of a signature that are not the token's own.
#[test]
fn odd_signatures() {
    let with = |algorithm: &str, signature: &[u8]| {
        let good = good(&KEYS, algorithm, json!({}));
        let (signed, _) = good.rsplit_once('.').unwrap();
        verdict(&format!("{signed}.{}", text(signature)), &issuer())
    };
    for (algorithm, length) in [("ES256", 64), ("ES384", 96), ("EdDSA", 64), ("RS256", 256)] {
        assert_eq!(with(algorithm, &vec![0; length]), "token_signature_invalid", "{algorithm}");
        assert_eq!(with(algorithm, &vec![0xff; length]), "token_signature_invalid", "{algorithm}");
        let good = good(&KEYS, algorithm, json!({}));
        let (signed, signature) = good.rsplit_once('.').unwrap();
        let signature = Base64UrlUnpadded::decode_vec(signature).unwrap();
        assert_eq!(verdict(&format!("{signed}.{}", text(&signature)), &issuer()), "accept", "{algorithm}");
        for other in [&signature[1..], &[&signature[..], &[0]].concat(), &[&[0], &signature[..]].concat()] {
            let token = format!("{signed}.{}", text(other));
            assert_eq!(verdict(&token, &issuer()), "token_signature_invalid", "{algorithm}");
        }
    }
    // ASN.1, as TLS has it, is no JWS (RFC 7518, section 3.4).
    let good = good(&KEYS, "ES256", json!({}));
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let raw = Base64UrlUnpadded::decode_vec(signature).unwrap();
    let integer = |number: &[u8]| [&[2, 33, 0], number].concat();
    let body = [integer(&raw[..32]), integer(&raw[32..])].concat();
    let der = [&[0x30, u8::try_from(body.len()).unwrap()], &body[..]].concat();
    assert_eq!(verdict(&format!("{signed}.{}", text(der)), &issuer()), "token_signature_invalid");
}

/// A key serves its own family alone, whatever the token says of it.
#[test]
fn families_do_not_mix() {
    let token = |signed_as: &str, says: &str, kid: &str| {
        KEYS.token(signed_as, &json!({"alg": says, "kid": kid}), &claims(json!({})))
    };
    assert_eq!(verdict(&token("RS256", "RS256", "rsa"), &issuer()), "accept");
    assert_eq!(verdict(&token("RS256", "RS384", "rsa"), &issuer()), "token_signature_invalid");
    assert_eq!(verdict(&token("RS256", "ES256", "rsa"), &issuer()), "token_key_unknown");
    assert_eq!(verdict(&token("ES256", "RS256", "p256"), &issuer()), "token_key_unknown");
    assert_eq!(verdict(&token("PS256", "PS256", "rsa"), &issuer()), "token_algorithm_refused");
    assert_eq!(verdict(&token("PS256", "RS256", "rsa"), &issuer()), "token_signature_invalid");
    assert_eq!(verdict(&token("EdDSA", "ES256", "ed25519"), &issuer()), "token_key_unknown");
}

/// A key without a proper point or number signs nothing, and is no reason to refuse what others sign.
#[test]
fn one_odd_key_among_good_ones() {
    let mut off_curve = KEYS.jwk("ES256");
    off_curve["y"] = off_curve["x"].clone();
    let odd = [
        off_curve,
        json!({"kty": "RSA", "kid": "weak", "n": text([0xc3; 128]), "e": "AQAB"}),
        json!({"kty": "RSA", "kid": "one", "n": text([0xc3; 256]), "e": "AQ"}),
        json!({"kty": "oct", "kid": "secret", "k": "AAAA"}),
        json!({"kty": "EC", "crv": "P-521", "kid": "p521"}),
        json!("no key at all"),
    ];
    assert_eq!(verdict(&good(&KEYS, "RS256", json!({})), &issuer_of(&odd)), "token_key_unknown");
    let mut keys = odd.to_vec();
    keys.push(KEYS.jwk("RS256"));
    assert_eq!(verdict(&good(&KEYS, "RS256", json!({})), &issuer_of(&keys)), "accept");
    assert_eq!(verdict(&good(&KEYS, "ES256", json!({})), &issuer_of(&keys)), "token_key_unknown");
}

/// Deep and giant JSON is refused before anything of it is believed.
#[test]
fn bombs() {
    for depth in [100, 10_000] {
        let deep = format!(r#"{{"alg":"RS256","x":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
        let signed = format!("{}.{}", text(deep), text(claims(json!({})).to_string()));
        let token = format!("{signed}.{}", text(FOREIGN.sign("RS256", signed.as_bytes())));
        let expected = if depth < 128 { "token_signature_invalid" } else { "token_malformed" };
        assert_eq!(verdict(&token, &issuer()), expected);
    }
    assert_eq!(
        verdict(&good(&KEYS, "RS256", json!({"x": "x".repeat(16 * 1024)})), &issuer()),
        "token_malformed"
    );
}
