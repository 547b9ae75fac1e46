//! Real keys and tokens signed with them: good ones, and those that an attacker with a key of their own could make. What
//! a header says and what signs are chosen apart. Knows nothing of who verifies.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "without keys and signatures no test has anything to say"
)]

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING,
    EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
    RSA_PSS_SHA256, RsaKeyPair, RsaSignatureEncoding,
};
use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Value, json};

/// The private keys of one issuer: one of each kind.
pub struct Keys {
    rsa: RsaKeyPair,
    p256: EcdsaKeyPair,
    p384: EcdsaKeyPair,
    p521: EcdsaKeyPair,
    ed25519: Ed25519KeyPair,
    secret: [u8; 32],
}

/// As a token's parts are encoded.
pub fn text(bytes: impl AsRef<[u8]>) -> String {
    Base64UrlUnpadded::encode_string(bytes.as_ref())
}

impl Keys {
    /// An RSA key takes its time.
    pub fn generate() -> Self {
        let mut secret = [0; 32];
        aws_lc_rs::rand::fill(&mut secret).unwrap();
        Self {
            rsa: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
            p256: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
            p384: EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap(),
            p521: EcdsaKeyPair::generate(&ECDSA_P521_SHA512_FIXED_SIGNING).unwrap(),
            ed25519: Ed25519KeyPair::generate().unwrap(),
            secret,
        }
    }

    /// The key that verifies what `algorithm` signs, under a `kid` that tells its kind. That of HS256 is the secret.
    pub fn jwk(&self, algorithm: &str) -> Value {
        let ec = |key: &EcdsaKeyPair, kid: &str, curve: &str| {
            // A point as SEC 1 writes it: 4, then x and y.
            let point = key.public_key().as_ref().get(1..).unwrap_or_default();
            let (x, y) = point.split_at(point.len() / 2);
            json!({"kty": "EC", "crv": curve, "kid": kid, "x": text(x), "y": text(y)})
        };
        match algorithm {
            "ES256" => ec(&self.p256, "p256", "P-256"),
            "ES384" => ec(&self.p384, "p384", "P-384"),
            "ES512" => ec(&self.p521, "p521", "P-521"),
            "EdDSA" => {
                json!({"kty": "OKP", "crv": "Ed25519", "kid": "ed25519", "x": text(self.ed25519.public_key())})
            }
            "HS256" => json!({"kty": "oct", "kid": "secret", "k": text(self.secret)}),
            _ => {
                let (n, e) = (self.rsa.public_key().modulus(), self.rsa.public_key().exponent());
                let (n, e) = (n.big_endian_without_leading_zero(), e.big_endian_without_leading_zero());
                json!({"kty": "RSA", "kid": "rsa", "n": text(n), "e": text(e)})
            }
        }
    }

    /// The signature as a token carries it.
    pub fn sign(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        let ec = |key: &EcdsaKeyPair| key.sign(&random, message).unwrap().as_ref().to_vec();
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
            "ES256" => ec(&self.p256),
            "ES384" => ec(&self.p384),
            "ES512" => ec(&self.p521),
            "EdDSA" => self.ed25519.sign(message).as_ref().to_vec(),
            "HS256" => mac(&self.secret, message),
            other => panic!("nothing here signs by {other}"),
        }
    }

    /// A token signed by `algorithm`, whatever its header says.
    pub fn token(&self, algorithm: &str, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", text(header.to_string()), text(claims.to_string()));
        format!("{signed}.{}", text(self.sign(algorithm, signed.as_bytes())))
    }
}

/// HMAC-SHA-256, whatever is taken for a secret.
pub fn mac(secret: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message).as_ref().to_vec()
}
