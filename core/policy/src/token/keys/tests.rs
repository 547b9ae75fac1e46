use base64ct::{Base64UrlUnpadded, Encoding};

use super::*;

fn rsa_jwk(extra: &str) -> String {
    let modulus = Base64UrlUnpadded::encode_string(&[0xc3; 256]);
    format!(r#"{{"kty":"RSA","n":"{modulus}","e":"AQAB"{extra}}}"#)
}

fn set(keys: &[String]) -> Result<KeySet, String> {
    KeySet::parse(&format!(r#"{{"keys":[{}]}}"#, keys.join(",")))
}

fn signer(id: Option<&str>, algorithm: Algorithm) -> Signer<'_> {
    Signer { id, algorithm, issuer: "https://a.example", tenant: None }
}

fn count(keys: &KeySet, signer: &Signer<'_>) -> usize {
    keys.candidates(signer).count()
}

#[test]
fn one_odd_key_does_not_disable_the_others() {
    let odd = [r#"{"kty":"oct","k":"AAAA"}"#, "7", r#"{"kty":"RSA"}"#, r#"{"kty":"EC","crv":"secp256k1"}"#];
    let mut keys: Vec<String> = odd.map(str::to_owned).into();
    assert!(set(&keys).is_err());
    keys.push(rsa_jwk(""));
    assert_eq!(count(&set(&keys).unwrap(), &signer(None, Algorithm::Rs256)), 1);
}

#[test]
fn a_key_serves_only_what_it_is_for() {
    let keys = set(&[rsa_jwk(r#","kid":"a","alg":"RS512""#), rsa_jwk(r#","kid":"b""#)]).unwrap();
    let count = |id, algorithm| count(&keys, &signer(id, algorithm));
    assert_eq!(count(Some("a"), Algorithm::Rs256), 0);
    assert_eq!(count(Some("a"), Algorithm::Rs512), 1);
    assert_eq!(count(Some("b"), Algorithm::Rs256), 1);
    assert_eq!(count(Some("b"), Algorithm::Es256), 0);
    assert_eq!(count(Some("c"), Algorithm::Rs256), 0);
    assert_eq!(count(None, Algorithm::Rs512), 2);
    for unfit in [
        r#","use":"enc""#,
        r#","use":7"#,
        r#","key_ops":["sign"]"#,
        r#","key_ops":"verify""#,
        r#","alg":"PS256""#,
        r#","alg":"ES256""#,
        r#","alg":"HS256""#,
        r#","alg":7"#,
        r#","kid":7"#,
    ] {
        assert!(set(&[rsa_jwk(unfit)]).is_err(), "{unfit}");
    }
    assert!(set(&[rsa_jwk(r#","use":"sig","key_ops":["sign","verify"]"#)]).is_ok());
}

#[test]
fn a_token_is_tried_with_the_key_that_it_names_and_never_with_more_than_eight() {
    let mut keys: Vec<String> = (0..20).map(|number| rsa_jwk(&format!(r#","kid":"{number}""#))).collect();
    let all = set(&keys).unwrap();
    assert_eq!(count(&all, &signer(None, Algorithm::Rs256)), 8);
    assert_eq!(count(&all, &signer(Some("19"), Algorithm::Rs256)), 1);
    // A key without a name may be the one, after those that have it.
    keys.insert(0, rsa_jwk(""));
    let all = set(&keys).unwrap();
    let ids =
        |id| all.candidates(&signer(id, Algorithm::Rs256)).map(|key| key.id.as_deref()).collect::<Vec<_>>();
    assert_eq!(ids(Some("19")), [Some("19"), None]);
    assert_eq!(ids(Some("20")), [None]);
    assert!(all.names("19") && !all.names("20"));
}

/// Entra's keys name whose tokens they sign.
#[test]
fn a_key_signs_for_its_issuer_alone() {
    let keys = set(&[
        rsa_jwk(r#","kid":"many","issuer":"https://login.example/{tenantid}/v2.0""#),
        rsa_jwk(r#","kid":"one","issuer":"https://login.example/t1/v2.0""#),
    ])
    .unwrap();
    for (id, issuer, tenant, signs) in [
        ("many", "https://login.example/t1/v2.0", Some("t1"), true),
        ("many", "https://login.example/t1/v2.0", Some("t2"), false),
        ("many", "https://login.example/t1/v2.0", None, false),
        ("many", "https://other.example/t1/v2.0", Some("t1"), false),
        ("one", "https://login.example/t1/v2.0", None, true),
        ("one", "https://login.example/t2/v2.0", Some("t2"), false),
    ] {
        let signer = Signer { id: Some(id), algorithm: Algorithm::Rs256, issuer, tenant };
        assert_eq!(count(&keys, &signer) == 1, signs, "{signer:?}");
    }
}

#[test]
fn keys_that_are_none() {
    let rsa = |modulus: &[u8], exponent: &[u8]| {
        let [n, e] = [modulus, exponent].map(Base64UrlUnpadded::encode_string);
        set(&[format!(r#"{{"kty":"RSA","n":"{n}","e":"{e}"}}"#)]).is_ok()
    };
    let mut modulus = [0xc3; 256];
    assert!(rsa(&modulus, &[1, 0, 1]));
    assert!(rsa(&modulus, &[3]));
    assert!(rsa(&[&[0, 0], &modulus[..]].concat(), &[0, 1, 0, 1]), "leading zeros change nothing");
    assert!(!rsa(&modulus[1..], &[1, 0, 1]), "2040 bits");
    assert!(!rsa(&[0xc3; 1025], &[1, 0, 1]), "8200 bits");
    for exponent in [&[1][..], &[0], &[2], &[], &[1, 0, 0, 0, 1]] {
        assert!(!rsa(&modulus, exponent), "{exponent:?}");
    }
    modulus[0] = 0x7f;
    assert!(!rsa(&modulus, &[1, 0, 1]), "2047 bits");
    modulus = [0xc3; 256];
    modulus[255] = 0xc2;
    assert!(!rsa(&modulus, &[1, 0, 1]), "an even modulus");

    let ec = |crv: &str, x: &[u8], y: &[u8]| {
        let [x, y] = [x, y].map(Base64UrlUnpadded::encode_string);
        set(&[format!(r#"{{"kty":"EC","crv":"{crv}","x":"{x}","y":"{y}"}}"#)])
    };
    for crv in ["P-256", "P-384", "P-521", "secp256k1", "Ed25519"] {
        assert!(
            ec(crv, &[7; 32], &[8; 32]).is_err(),
            "off the curve, or on one that is not supported: {crv}"
        );
    }
}

#[test]
fn sets_that_are_none_are_refused() {
    for text in ["", "<html>", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[]}"#, r#"{"kty":"RSA"}"#] {
        assert!(KeySet::parse(text).is_err(), "{text}");
    }
    assert!(KeySet::parse(&format!("{}{}", rsa_jwk(""), " ".repeat(MAX_KEY_SET_BYTES))).is_err());
    assert!(set(&vec![rsa_jwk(""); MAX_KEYS + 1]).is_err());
}
