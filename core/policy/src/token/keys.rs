//! Key sets of issuers (RFC 7517): what can verify a token is kept, ready for the host; one odd key does not
//! disable the others.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::Value;

use super::algorithm::{Algorithm, Family, PublicKey};
use super::der;

/// Most keys that a set may have, and its greatest size in bytes.
pub const MAX_KEYS: usize = 100;
pub const MAX_KEY_SET_BYTES: usize = 256 * 1024;

/// The usable keys of one issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    public: PublicKey,
}

impl Key {
    pub fn public(&self) -> &PublicKey {
        &self.public
    }
}

impl KeySet {
    /// Reads a JWK Set. The error tells why it has no usable key.
    pub fn parse(json: &str) -> Result<Self, String> {
        if json.len() > MAX_KEY_SET_BYTES {
            return Err(format!("the key set has more than {MAX_KEY_SET_BYTES} bytes"));
        }
        let value: Value =
            serde_json::from_str(json).map_err(|error| format!("the key set is no JSON: {error}"))?;
        Self::from_value(&value)
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
            match key(jwk) {
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

    /// The keys that may have signed a token: those with its `kid`, or all where it names none; of the right
    /// family, and not meant for another algorithm. At most eight, so that a token cannot make us try for long.
    pub fn candidates<'k>(
        &'k self,
        id: Option<&'k str>,
        algorithm: Algorithm,
    ) -> impl Iterator<Item = &'k Key> {
        self.keys
            .iter()
            .filter(move |key| id.is_none_or(|id| key.id.as_deref() == Some(id)))
            .filter(move |key| key.family == algorithm.family())
            .filter(move |key| key.algorithm.is_none_or(|only| only == algorithm))
            .take(8)
    }

    /// Whether this very key is in the set: a verdict outlives its key for no call.
    pub fn contains(&self, public: &PublicKey) -> bool {
        self.keys.iter().any(|key| key.public == *public)
    }
}

fn key(jwk: &Value) -> Result<Key, &'static str> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    if jwk.get("use").is_some() && text("use") != Some("sig") {
        return Err("a key is not for signatures (`use`)");
    }
    if let Some(operations) = jwk.get("key_ops") {
        let operations = operations.as_array().ok_or("a key's `key_ops` is no list")?;
        if !operations.iter().any(|operation| operation == "verify") {
            return Err("a key is not for verification (`key_ops`)");
        }
    }
    let (family, public) = match text("kty") {
        Some("RSA") => (Family::Rsa, PublicKey(rsa(jwk)?)),
        Some("EC") => ec(jwk)?,
        _ => return Err("a key is of a type that is not supported (`kty`)"),
    };
    let algorithm = match jwk.get("alg") {
        None => None,
        Some(name) => {
            let algorithm = name.as_str().and_then(Algorithm::from_name);
            Some(algorithm.ok_or("a key is for an algorithm that is not supported (`alg`)")?)
        }
    };
    if algorithm.is_some_and(|algorithm| algorithm.family() != family) {
        return Err("a key's `alg` does not fit its `kty`");
    }
    Ok(Key { id: text("kid").map(str::to_owned), family, algorithm, public })
}

fn rsa(jwk: &Value) -> Result<Vec<u8>, &'static str> {
    let modulus = bytes(jwk, "n").ok_or("an RSA key has no proper `n`")?;
    let exponent = bytes(jwk, "e").ok_or("an RSA key has no proper `e`")?;
    let significant = modulus.iter().skip_while(|byte| **byte == 0).count();
    // RFC 7518, section 3.3, demands 2048 bits; above 8192 a check costs too much to be asked for by anyone.
    if !(256..=1024).contains(&significant) {
        return Err("an RSA key has less than 2048 or more than 8192 bits");
    }
    Ok(der::rsa_key(&modulus, &exponent))
}

fn ec(jwk: &Value) -> Result<(Family, PublicKey), &'static str> {
    let (family, size) = match jwk.get("crv").and_then(Value::as_str) {
        Some("P-256") => (Family::P256, 32),
        Some("P-384") => (Family::P384, 48),
        _ => return Err("an EC key is on a curve that is not supported (`crv`)"),
    };
    let coordinate = |name| bytes(jwk, name).filter(|bytes| bytes.len() == size);
    match (coordinate("x"), coordinate("y")) {
        // Whether the point is on the curve is checked by the host each time that it reads the key.
        (Some(x), Some(y)) => Ok((family, PublicKey(der::ec_key(&x, &y)))),
        _ => Err("an EC key has no proper `x` and `y`"),
    }
}

fn bytes(jwk: &Value, name: &str) -> Option<Vec<u8>> {
    let bytes = Base64UrlUnpadded::decode_vec(jwk.get(name)?.as_str()?).ok()?;
    (!bytes.is_empty()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rsa_jwk(extra: &str) -> String {
        let modulus = Base64UrlUnpadded::encode_string(&[0xc3; 256]);
        format!(r#"{{"kty":"RSA","n":"{modulus}","e":"AQAB"{extra}}}"#)
    }

    fn set(keys: &[String]) -> Result<KeySet, String> {
        KeySet::parse(&format!(r#"{{"keys":[{}]}}"#, keys.join(",")))
    }

    #[test]
    fn one_odd_key_does_not_disable_the_others() {
        let odd =
            [r#"{"kty":"oct","k":"AAAA"}"#, "7", r#"{"kty":"RSA"}"#, r#"{"kty":"EC","crv":"secp256k1"}"#];
        let mut keys: Vec<String> = odd.map(str::to_owned).into();
        assert!(set(&keys).is_err());
        keys.push(rsa_jwk(""));
        assert_eq!(set(&keys).unwrap().candidates(None, Algorithm::Rs256).count(), 1);
    }

    #[test]
    fn a_key_serves_only_what_it_is_for() {
        let keys = set(&[rsa_jwk(r#","kid":"a","alg":"RS512""#), rsa_jwk(r#","kid":"b""#)]).unwrap();
        let count = |id, algorithm| keys.candidates(id, algorithm).count();
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
            r#","alg":"PS256""#,
            r#","alg":"ES256""#,
        ] {
            assert!(set(&[rsa_jwk(unfit)]).is_err(), "{unfit}");
        }
    }

    #[test]
    fn short_keys_and_sets_that_are_none_are_refused() {
        let short = Base64UrlUnpadded::encode_string(&[0xc3; 255]);
        assert!(set(&[format!(r#"{{"kty":"RSA","n":"{short}","e":"AQAB"}}"#)]).is_err());
        for text in ["", "<html>", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[]}"#] {
            assert!(KeySet::parse(text).is_err(), "{text}");
        }
    }
}
