//! Keys that exist nowhere else: each issuer has its own, and what it seals is accepted for that issuer alone, so
//! that the engine's real verification of tokens runs on tokens that a test describes. Nothing outside of a
//! simulation accepts such a seal.

use std::sync::Arc;

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::json;
use sha2::{Digest, Sha256, Sha384};
use spangate_policy::token::{Algorithm, Issuer, KeySet, SignatureCheck};

/// The key set of one issuer: one key for each family of algorithms, all named after the issuer.
pub fn key_set(issuer: &Issuer) -> Option<Arc<KeySet>> {
    let kid = &issuer.name;
    let number = |purpose: &str, length| Base64UrlUnpadded::encode_string(&bytes(kid, purpose, length));
    let set = json!({"keys": [
        {"kty": "RSA", "kid": kid, "n": number("n", 256), "e": "AQAB"},
        {"kty": "EC", "crv": "P-256", "kid": kid, "x": number("x", 32), "y": number("y", 32)},
        {"kty": "EC", "crv": "P-384", "kid": kid, "x": number("x", 48), "y": number("y", 48)},
    ]});
    KeySet::from_value(&set).ok().map(Arc::new)
}

/// The signature of `message` as a token of that algorithm carries it, if the set has a key of that name for it.
pub fn sign(keys: &KeySet, kid: Option<&str>, algorithm: Algorithm, message: &[u8]) -> Option<Vec<u8>> {
    let key = keys.candidates(kid, algorithm).next()?.public();
    let seal = seal(key.as_bytes(), algorithm.hash(), message);
    Some(match algorithm {
        Algorithm::Rs256 | Algorithm::Rs384 | Algorithm::Rs512 => seal.to_vec(),
        Algorithm::Es256 => seal.iter().take(32).cycle().take(64).copied().collect(),
        Algorithm::Es384 => seal.repeat(2),
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

/// As many bytes as are asked for, always the same for one issuer and purpose.
fn bytes(issuer: &str, purpose: &str, length: usize) -> Vec<u8> {
    let block = |number: u8| Sha256::digest([issuer.as_bytes(), purpose.as_bytes(), &[0, number]].concat());
    let mut bytes: Vec<u8> = (0..=u8::MAX).flat_map(block).take(length).collect();
    // A modulus is measured without leading zeros.
    if let Some(first) = bytes.first_mut() {
        *first |= 0x80;
    }
    bytes
}
