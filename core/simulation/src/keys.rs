//! Keys that exist nowhere else: each issuer has its own, and what it seals is accepted for that issuer alone, so
//! that the engine's real verification of tokens runs on tokens that a test describes. Nothing outside of a
//! simulation accepts such a seal.

use std::sync::Arc;

use base64ct::{Base64UrlUnpadded, Encoding};
use ed25519_compact::{KeyPair, Seed};
use p256::elliptic_curve::sec1::ToEncodedPoint as _;
use serde_json::{Value, json};
use sha2::{Digest, Sha256, Sha384};
use spangate_policy::token::{Algorithm, Issuer, KeySet, SignatureCheck};

/// The key set of one issuer: a key for each family of its algorithms, all named after the issuer.
pub fn key_set(issuer: &Issuer) -> Option<Arc<KeySet>> {
    let keys = issuer.algorithms.iter().map(|algorithm| jwk(&issuer.name, *algorithm));
    let mut keys = keys.collect::<Option<Vec<_>>>()?;
    keys.dedup();
    KeySet::from_value(&json!({"keys": keys})).ok().map(Arc::new)
}

fn jwk(name: &str, algorithm: Algorithm) -> Option<Value> {
    let ec = |curve: &str, x: Option<&[u8]>, y: Option<&[u8]>| {
        Some(json!({"kty": "EC", "crv": curve, "kid": name, "x": text(x?), "y": text(y?)}))
    };
    match algorithm {
        Algorithm::Rs256 | Algorithm::Rs384 | Algorithm::Rs512 => {
            Some(json!({"kty": "RSA", "kid": name, "n": text(&bytes(name, "RSA", 256)), "e": "AQAB"}))
        }
        Algorithm::Es256 => {
            let key = p256::SecretKey::from_slice(&bytes(name, "P-256", 32)).ok()?;
            let point = key.public_key().to_encoded_point(false);
            ec("P-256", point.x().map(|x| &**x), point.y().map(|y| &**y))
        }
        Algorithm::Es384 => {
            let key = p384::SecretKey::from_slice(&bytes(name, "P-384", 48)).ok()?;
            let point = key.public_key().to_encoded_point(false);
            ec("P-384", point.x().map(|x| &**x), point.y().map(|y| &**y))
        }
        Algorithm::EdDsa => public_jwk(name),
    }
}

/// The Ed25519 key of the issuer with that name, whose signatures hold outside of a simulation as well: a gateway that is
/// told this key accepts the simulation's tokens.
pub fn public_jwk(name: &str) -> Option<Value> {
    Some(json!({"kty": "OKP", "crv": "Ed25519", "kid": name, "x": text(&*ed25519(name)?.pk)}))
}

/// The signature of `message` as a token of that algorithm carries it, by the issuer's key for it.
pub fn sign(issuer: &Issuer, algorithm: Algorithm, message: &[u8]) -> Option<Vec<u8>> {
    if algorithm == Algorithm::EdDsa {
        // No host is asked about these: the engine itself checks them, so they are real.
        return Some(ed25519(&issuer.name)?.sk.sign(message, None).to_vec());
    }
    let keys = KeySet::from_value(&json!({"keys": [jwk(&issuer.name, algorithm)?]})).ok()?;
    let key = keys.iter().next()?.public();
    let sealed = |hash: &str| seal(key.as_bytes(), hash, message);
    Some(match algorithm {
        Algorithm::Rs256 => sealed("sha256").to_vec(),
        Algorithm::Rs384 => sealed("sha384").to_vec(),
        Algorithm::Rs512 => sealed("sha512").to_vec(),
        Algorithm::Es256 => sealed("sha256").iter().take(32).cycle().take(64).copied().collect(),
        Algorithm::Es384 => sealed("sha384").repeat(2),
        Algorithm::EdDsa => return None,
    })
}

/// Accepts what [`sign`] makes, and nothing else.
#[derive(Clone, Copy, Debug, Default)]
pub struct SealCheck;

impl SignatureCheck for SealCheck {
    fn holds(&self, hash: &'static str, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        let seal = seal(key, hash, message);
        let [short, whole] = [seal.get(..32).unwrap_or_default(), &seal];
        signature == whole || signature == ecdsa(short) || signature == ecdsa(whole)
    }
}

fn text(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

/// 48 bytes whose first is neither zero nor above 127: as a number of ASN.1 they stay as they are.
fn seal(key: &[u8], hash: &str, message: &[u8]) -> [u8; 48] {
    let mut digest = Sha384::new();
    digest.update(key);
    digest.update(hash);
    digest.update(message);
    let mut seal: [u8; 48] = digest.finalize().into();
    seal[0] = seal[0] & 0x7f | 1;
    seal
}

/// An ECDSA-Sig-Value (RFC 3279) of twice the same number; both are far below 128 bytes.
fn ecdsa(number: &[u8]) -> Vec<u8> {
    let length = u8::try_from(number.len()).unwrap_or(u8::MAX);
    let integer = [&[2, length], number].concat();
    [&[0x30, 2 * (length + 2)], integer.as_slice(), &integer].concat()
}

fn ed25519(name: &str) -> Option<KeyPair> {
    let seed = Seed::from_slice(&bytes(name, "Ed25519", Seed::BYTES)).ok()?;
    Some(KeyPair::from_seed(seed))
}

/// As many bytes as are asked for, always the same for one issuer and purpose: a large odd number.
fn bytes(name: &str, purpose: &str, length: usize) -> Vec<u8> {
    let block = |number: u8| Sha256::digest([name.as_bytes(), purpose.as_bytes(), &[0, number]].concat());
    let mut bytes: Vec<u8> = (0..=u8::MAX).flat_map(block).take(length).collect();
    if let [first, .., last] = bytes.as_mut_slice() {
        *first |= 0x80;
        *last |= 1;
    }
    bytes
}
