//! Tokens with real signatures, verified natively: what only plain values cannot show.

mod attacks;
mod mutations;
mod rfc8725;

use std::sync::{Arc, LazyLock};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaKeyPair, RsaSignatureEncoding,
};
use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Value, json};
use spangate_policy::token::{
    Algorithm, Audiences, Demands, Issuer, IssuerUrl, KeySet, KeySource, Rejection, verify,
};

use super::signature::Native;

const NOW: i64 = 1_800_000_000;

/// The private keys of one issuer.
struct Keys {
    rsa: RsaKeyPair,
    p256: EcdsaKeyPair,
    p384: EcdsaKeyPair,
    ed25519: Ed25519KeyPair,
}

/// Made once: an RSA key takes its time.
static KEYS: LazyLock<Keys> = LazyLock::new(Keys::generate);
static FOREIGN: LazyLock<Keys> = LazyLock::new(Keys::generate);

fn text(bytes: impl AsRef<[u8]>) -> String {
    Base64UrlUnpadded::encode_string(bytes.as_ref())
}

impl Keys {
    fn generate() -> Self {
        Self {
            rsa: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
            p256: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
            p384: EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap(),
            ed25519: Ed25519KeyPair::generate().unwrap(),
        }
    }

    /// The public half of the key that `algorithm` needs.
    fn jwk(&self, algorithm: &str) -> Value {
        let ec = |key: &EcdsaKeyPair, curve: &str| {
            let (x, y) = key.public_key().as_ref()[1..].split_at(key.public_key().as_ref().len() / 2);
            json!({"kty": "EC", "crv": curve, "kid": "ec", "x": text(x), "y": text(y)})
        };
        match algorithm {
            "ES256" => ec(&self.p256, "P-256"),
            "ES384" => ec(&self.p384, "P-384"),
            "EdDSA" => {
                json!({"kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": text(self.ed25519.public_key())})
            }
            _ => {
                let (n, e) = (self.rsa.public_key().modulus(), self.rsa.public_key().exponent());
                let (n, e) = (n.big_endian_without_leading_zero(), e.big_endian_without_leading_zero());
                json!({"kty": "RSA", "kid": "rsa", "n": text(n), "e": text(e)})
            }
        }
    }

    fn sign(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        let rsa = |padding: &'static RsaSignatureEncoding| {
            let mut signature = vec![0; self.rsa.public_modulus_len()];
            self.rsa.sign(padding, &random, message, &mut signature).unwrap();
            signature
        };
        match algorithm {
            "RS256" => rsa(&RSA_PKCS1_SHA256),
            "RS384" => rsa(&RSA_PKCS1_SHA384),
            "RS512" => rsa(&RSA_PKCS1_SHA512),
            "PS256" => rsa(&RSA_PSS_SHA256),
            "ES256" => self.p256.sign(&random, message).unwrap().as_ref().to_vec(),
            "ES384" => self.p384.sign(&random, message).unwrap().as_ref().to_vec(),
            _ => self.ed25519.sign(message).as_ref().to_vec(),
        }
    }

    /// A token signed by `algorithm`, whatever its header says.
    fn token(&self, algorithm: &str, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", text(header.to_string()), text(claims.to_string()));
        format!("{signed}.{}", text(self.sign(algorithm, signed.as_bytes())))
    }

    /// A token that is as it should be, but for these claims.
    fn good(&self, algorithm: &str, changes: Value) -> String {
        self.token(algorithm, &json!({"alg": algorithm, "typ": "at+jwt"}), &claims(changes))
    }
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
        assert_eq!(verdict(&KEYS.good(algorithm, json!({})), &issuer()), "accept", "{algorithm}");
        let foreign = FOREIGN.good(algorithm, json!({}));
        assert_eq!(verdict(&foreign, &issuer()), "token_signature_invalid", "{algorithm}");
    }
}
