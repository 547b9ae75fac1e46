//! Signatures checked natively, in place of Envoy's host function.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, UnparsedPublicKey, VerificationAlgorithm,
};
use spangate_policy::token::SignatureCheck;

pub struct Native;

impl SignatureCheck for Native {
    /// The host tells the kind of key from the key; here each kind is tried, and a key fits one of them at most.
    fn holds(&self, hash: &'static str, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        let algorithms: &[&'static dyn VerificationAlgorithm] = match hash {
            "sha256" => &[&RSA_PKCS1_2048_8192_SHA256, &ECDSA_P256_SHA256_ASN1],
            "sha384" => &[&RSA_PKCS1_2048_8192_SHA384, &ECDSA_P384_SHA384_ASN1],
            "sha512" => &[&RSA_PKCS1_2048_8192_SHA512],
            _ => &[],
        };
        algorithms
            .iter()
            .any(|algorithm| UnparsedPublicKey::new(*algorithm, key).verify(message, signature).is_ok())
    }
}
