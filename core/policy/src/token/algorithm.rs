//! The signature algorithms that a token may have, checked through jwt-compact's `Algorithm`, whose work the
//! host does: in Envoy native code is 13 times faster than the same in wasm.

use std::borrow::Cow;
use std::convert::Infallible;

use super::der;

/// Algorithms of RFC 7518 that are accepted. HS* and `none` are not, by construction: a gateway holds no
/// secret, and a public key must never serve as one (RFC 8725, section 2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Es256,
    Es384,
    /// On Ed25519 (RFC 8037); Ed448 is not supported.
    EdDsa,
}

/// What kind of key an algorithm needs. A key serves one family only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// RSASSA-PKCS1-v1_5.
    Rsa,
    /// ECDSA on P-256.
    P256,
    /// ECDSA on P-384.
    P384,
    /// EdDSA on Curve25519.
    Ed25519,
}

impl Algorithm {
    pub const ALL: [Self; 6] = [Self::Rs256, Self::Rs384, Self::Rs512, Self::Es256, Self::Es384, Self::EdDsa];

    /// The name in a token's `alg`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        // RFC 9864 names the curve with the algorithm.
        let name = if name == "Ed25519" { "EdDSA" } else { name };
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    pub const fn family(self) -> Family {
        match self {
            Self::Rs256 | Self::Rs384 | Self::Rs512 => Family::Rsa,
            Self::Es256 => Family::P256,
            Self::Es384 => Family::P384,
            Self::EdDsa => Family::Ed25519,
        }
    }
}

/// A DER SubjectPublicKeyInfo (RFC 5280), made once for each key of a set. No host is asked to check EdDSA, so such a key
/// is the bytes of RFC 8032 alone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PublicKey(pub(super) Vec<u8>);

impl PublicKey {
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Never the key itself: a log has no use for it.
impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PublicKey")
    }
}

/// Whoever can check signatures: Envoy's `verify_signature`, or a library.
pub trait SignatureCheck {
    /// Whether `signature` is that of `message` under `key`. `hash` is `sha256`, `sha384` or `sha512`; `key` is
    /// a DER SubjectPublicKeyInfo (RFC 5280); a signature of ECDSA is a DER ECDSA-Sig-Value (RFC 3279). What
    /// cannot be checked is false.
    fn holds(&self, hash: &'static str, key: &[u8], message: &[u8], signature: &[u8]) -> bool;
}

/// An [`Algorithm`] whose checks `check` does.
pub(super) struct Delegated<'c, C: ?Sized> {
    pub algorithm: Algorithm,
    pub check: &'c C,
}

/// A signature as the token carries it.
pub(super) struct RawSignature(Vec<u8>);

impl jwt_compact::AlgorithmSignature for RawSignature {
    fn try_from_slice(slice: &[u8]) -> anyhow::Result<Self> {
        Ok(Self(slice.to_vec()))
    }

    fn as_bytes(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.0)
    }
}

impl<C: SignatureCheck + ?Sized> jwt_compact::Algorithm for Delegated<'_, C> {
    /// Nothing here signs.
    type SigningKey = Infallible;
    type VerifyingKey = PublicKey;
    type Signature = RawSignature;

    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed(self.algorithm.name())
    }

    fn sign(&self, key: &Infallible, _message: &[u8]) -> RawSignature {
        match *key {}
    }

    fn verify_signature(&self, signature: &RawSignature, key: &PublicKey, message: &[u8]) -> bool {
        let RawSignature(signature) = signature;
        let holds = |hash, signature: &[u8]| self.check.holds(hash, key.as_bytes(), message, signature);
        // A token has `r ‖ s` of fixed length (RFC 7518, section 3.4), hosts want ASN.1.
        let ecdsa = |hash, size| {
            der::ecdsa_signature(signature, size).is_some_and(|signature| holds(hash, &signature))
        };
        match self.algorithm {
            Algorithm::Rs256 => holds("sha256", signature),
            Algorithm::Rs384 => holds("sha384", signature),
            Algorithm::Rs512 => holds("sha512", signature),
            Algorithm::Es256 => ecdsa("sha256", 32),
            Algorithm::Es384 => ecdsa("sha384", 48),
            Algorithm::EdDsa => ed25519(key.as_bytes(), message, signature),
        }
    }
}

/// In pure Rust: Envoy's host function has no EdDSA.
fn ed25519(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    use ed25519_compact::{PublicKey, Signature};
    match (PublicKey::from_slice(key), Signature::from_slice(signature)) {
        (Ok(key), Ok(signature)) => key.verify(message, &signature).is_ok(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use base64ct::{Base64UrlUnpadded, Encoding};
    use jwt_compact::{Algorithm as _, AlgorithmSignature as _};

    use super::*;

    /// No host is asked for EdDSA.
    struct Nobody;

    impl SignatureCheck for Nobody {
        fn holds(&self, _: &'static str, _: &[u8], _: &[u8], _: &[u8]) -> bool {
            false
        }
    }

    /// RFC 8037, appendix A.4.
    #[test]
    fn eddsa() {
        let bytes = |text| Base64UrlUnpadded::decode_vec(text).unwrap();
        let key = PublicKey(bytes("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"));
        let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let good =
            bytes("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
        let algorithm = Delegated { algorithm: Algorithm::EdDsa, check: &Nobody };
        let holds = |signature: &[u8], key: &PublicKey, message: &[u8]| {
            algorithm.verify_signature(&RawSignature::try_from_slice(signature).unwrap(), key, message)
        };
        assert!(holds(&good, &key, message));
        assert!(!holds(&good, &key, &message[1..]));
        assert!(!holds(&good[1..], &key, message));
        assert!(!holds(&[&good[..], &[0]].concat(), &key, message));
        assert!(!holds(&good, &PublicKey(vec![0; 32]), message));
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x80;
            assert!(!holds(&bad, &key, message), "byte {at}");
        }
        // The point of order one signs everything, if it is let.
        let (mut identity, mut signature) = (vec![0; 32], vec![0; 64]);
        (identity[0], signature[0]) = (1, 1);
        assert!(!holds(&signature, &PublicKey(identity), message));
    }

    #[test]
    fn names() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::from_name(algorithm.name()), Some(algorithm));
        }
        assert_eq!(Algorithm::from_name("Ed25519"), Some(Algorithm::EdDsa));
        for name in ["none", "HS256", "PS256", "ES256K", "ES512", "Ed448", "rs256", "RS256 ", ""] {
            assert_eq!(Algorithm::from_name(name), None, "{name}");
        }
    }
}
