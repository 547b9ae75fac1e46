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
}

impl Algorithm {
    pub const ALL: [Self; 5] = [Self::Rs256, Self::Rs384, Self::Rs512, Self::Es256, Self::Es384];

    /// The name in a token's `alg`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    pub const fn family(self) -> Family {
        match self {
            Self::Rs256 | Self::Rs384 | Self::Rs512 => Family::Rsa,
            Self::Es256 => Family::P256,
            Self::Es384 => Family::P384,
        }
    }

    /// Name of the hash, as hosts call it.
    pub const fn hash(self) -> &'static str {
        match self {
            Self::Rs256 | Self::Es256 => "sha256",
            Self::Rs384 | Self::Es384 => "sha384",
            Self::Rs512 => "sha512",
        }
    }
}

/// A DER SubjectPublicKeyInfo (RFC 5280), made once for each key of a set.
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
        let holds =
            |signature: &[u8]| self.check.holds(self.algorithm.hash(), key.as_bytes(), message, signature);
        match self.algorithm.family() {
            Family::Rsa => holds(&signature.0),
            // A token has `r ‖ s` of fixed length (RFC 7518, section 3.4), hosts want ASN.1.
            Family::P256 => der::ecdsa_signature(&signature.0, 32).is_some_and(|signature| holds(&signature)),
            Family::P384 => der::ecdsa_signature(&signature.0, 48).is_some_and(|signature| holds(&signature)),
        }
    }
}
