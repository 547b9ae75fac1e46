//! One private key: signs, tells its public half as a JWK, and names itself by that.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64ct::{Base64UrlUnpadded, Encoding};
use serde::Deserialize;
use sha2::{Digest, Sha256};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Algorithm {
    #[default]
    Rs256,
    Es256,
}

impl Algorithm {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }
}

enum Private {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
}

pub struct Signer {
    private: Private,
    /// The members that a thumbprint covers (RFC 7638, section 3.2).
    required: BTreeMap<&'static str, String>,
    pub id: String,
}

impl Signer {
    pub fn generate(algorithm: Algorithm) -> Result<Self> {
        let failed = |_| anyhow!("cannot make an {} key", algorithm.name());
        Self::new(match algorithm {
            Algorithm::Rs256 => Private::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?),
            Algorithm::Es256 => {
                Private::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(failed)?)
            }
        })
    }

    /// PKCS #8 as base64url.
    pub fn from_text(algorithm: Algorithm, text: &str) -> Result<Self> {
        let failed = |error| anyhow!("no {} key: {error}", algorithm.name());
        let key = Base64UrlUnpadded::decode_vec(text).map_err(|error| anyhow!("no base64url: {error}"))?;
        Self::new(match algorithm {
            Algorithm::Rs256 => Private::Rsa(RsaKeyPair::from_pkcs8(&key).map_err(failed)?),
            Algorithm::Es256 => {
                Private::Ec(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &key).map_err(failed)?)
            }
        })
    }

    pub fn to_text(&self) -> Result<String> {
        let failed = |_| anyhow!("cannot write the key down");
        Ok(match &self.private {
            Private::Rsa(key) => Base64UrlUnpadded::encode_string(key.as_der().map_err(failed)?.as_ref()),
            Private::Ec(key) => Base64UrlUnpadded::encode_string(key.to_pkcs8v1().map_err(failed)?.as_ref()),
        })
    }

    pub fn algorithm(&self) -> Algorithm {
        match self.private {
            Private::Rsa(_) => Algorithm::Rs256,
            Private::Ec(_) => Algorithm::Es256,
        }
    }

    pub fn jwk(&self) -> BTreeMap<&'static str, String> {
        let mut jwk = self.required.clone();
        jwk.extend([("alg", self.algorithm().name().to_owned()), ("kid", self.id.clone())]);
        jwk.insert("use", "sig".to_owned());
        jwk
    }

    /// As a JWS wants it: for ES256 `r‖s` (RFC 7518, section 3.4).
    pub fn sign(&self, text: &[u8]) -> Result<Vec<u8>> {
        let (random, failed) = (SystemRandom::new(), |_| anyhow!("cannot sign"));
        match &self.private {
            Private::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, text, &mut signature).map_err(failed)?;
                Ok(signature)
            }
            Private::Ec(key) => Ok(key.sign(&random, text).map_err(failed)?.as_ref().to_vec()),
        }
    }

    fn new(private: Private) -> Result<Self> {
        let text = Base64UrlUnpadded::encode_string;
        let required = match &private {
            Private::Rsa(key) => {
                let (n, e) = (key.public_key().modulus(), key.public_key().exponent());
                let (n, e) = (n.big_endian_without_leading_zero(), e.big_endian_without_leading_zero());
                BTreeMap::from([("kty", "RSA".to_owned()), ("n", text(n)), ("e", text(e))])
            }
            Private::Ec(key) => {
                // A point as SEC 1 writes it: 4, then x and y.
                let point = key.public_key().as_ref().split_first().context("an empty public key")?.1;
                let (x, y) = point.split_at_checked(32).context("a public key of an odd length")?;
                BTreeMap::from([
                    ("kty", "EC".to_owned()),
                    ("crv", "P-256".to_owned()),
                    ("x", text(x)),
                    ("y", text(y)),
                ])
            }
        };
        // Sorted and without spaces: the canonical form.
        let id = text(&Sha256::digest(serde_json::to_string(&required)?));
        Ok(Self { private, required, id })
    }
}
