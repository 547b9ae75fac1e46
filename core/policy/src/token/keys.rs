//! Key sets of issuers (RFC 7517): what can verify a token is kept, ready for the host; one odd key does not
//! disable the others.

mod jwk;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::algorithm::{Algorithm, Family, PublicKey};
use super::json::object;
use super::tenant::Template;

/// Most keys that a set may have, and its greatest size in bytes.
pub const MAX_KEYS: usize = 100;
pub const MAX_KEY_SET_BYTES: usize = 256 * 1024;

/// Most keys that one token is tried with, so that it cannot make us try for long.
const MAX_CANDIDATES: usize = 8;

/// The usable keys of one issuer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeySet {
    keys: Vec<Key>,
}

/// One public key and what it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    id: Option<String>,
    family: Family,
    /// The only algorithm that it serves, if the set says so.
    algorithm: Option<Algorithm>,
    issuer: Option<KeyIssuer>,
    public: PublicKey,
}

/// Whose tokens a key may sign, where a set has the keys of several issuers, as Entra's have.
#[derive(Clone, Debug, PartialEq, Eq)]
enum KeyIssuer {
    Exact(String),
    Template(Template),
}

/// What a token says of the key that signed it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signer<'t> {
    /// `kid`.
    pub id: Option<&'t str>,
    pub algorithm: Algorithm,
    /// `iss`.
    pub issuer: &'t str,
    /// `tid`.
    pub tenant: Option<&'t str>,
}

impl Key {
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// By all that is known of both together, never by `kid` alone: it is a hint (RFC 7515, section 4.1.4), and a key
    /// that has none may be the one.
    fn may_be(&self, signer: &Signer<'_>) -> bool {
        let named = match (signer.id, &self.id) {
            (Some(named), Some(id)) => named == id,
            _ => true,
        };
        named
            && self.family == signer.algorithm.family()
            && self.algorithm.is_none_or(|only| only == signer.algorithm)
            && self.issuer.as_ref().is_none_or(|issuer| issuer.signs(signer))
    }
}

impl KeyIssuer {
    /// Entra: a template stands for the tenant that the token names in `tid`.
    fn signs(&self, signer: &Signer<'_>) -> bool {
        match self {
            Self::Exact(issuer) => issuer == signer.issuer,
            Self::Template(template) => {
                signer.tenant.is_some() && template.tenant(signer.issuer) == signer.tenant
            }
        }
    }
}

impl KeySet {
    /// Reads a JWK Set. The error tells why it has no usable key.
    pub fn parse(json: &str) -> Result<Self, String> {
        if json.len() > MAX_KEY_SET_BYTES {
            return Err(format!("the key set has more than {MAX_KEY_SET_BYTES} bytes"));
        }
        let members =
            object(json.as_bytes()).ok_or("the key set is no JSON object, or has a member twice")?;
        Self::from_value(&Value::Object(members))
    }

    /// The same from JSON that is parsed already.
    pub fn from_value(value: &Value) -> Result<Self, String> {
        let listed = value.get("keys").and_then(Value::as_array).ok_or("the key set has no list `keys`")?;
        if listed.len() > MAX_KEYS {
            return Err(format!("the key set has more than {MAX_KEYS} keys"));
        }
        let mut refused = Vec::new();
        let mut keys = Vec::new();
        for jwk in listed {
            match jwk::read(jwk) {
                Ok(key) => keys.push(key),
                Err(why) => refused.push(why),
            }
        }
        if keys.is_empty() {
            refused.dedup();
            let why = if refused.is_empty() { "it is empty".to_owned() } else { refused.join("; ") };
            return Err(format!("the key set has no usable key: {why}"));
        }
        Ok(Self { keys })
    }

    /// The keys that may have signed a token, the one that it names first.
    pub(super) fn candidates(&self, signer: &Signer<'_>) -> impl Iterator<Item = &Key> {
        let named = |key: &Key| signer.id.is_some() && key.id.as_deref() == signer.id;
        let fitting = || self.keys.iter().filter(|key| key.may_be(signer));
        let (first, rest) =
            (fitting().filter(move |key| named(key)), fitting().filter(move |key| !named(key)));
        first.chain(rest).take(MAX_CANDIDATES)
    }

    /// In the order of the set; what could not be used is not among them.
    pub fn iter(&self) -> std::slice::Iter<'_, Key> {
        self.keys.iter()
    }

    /// Whether a key of that `kid` is there, for whatever it may serve.
    pub(super) fn names(&self, id: &str) -> bool {
        self.keys.iter().any(|key| key.id.as_deref() == Some(id))
    }

    /// Whether this very key is in the set: a verdict outlives its key for no call.
    pub fn contains(&self, public: &PublicKey) -> bool {
        self.keys.iter().any(|key| key.public == *public)
    }
}
