//! What a token says: the registered claims, over them the person's, over them what the request asked for.

use anyhow::{Result, anyhow};
use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Map, Value, json};

use super::keys::Signer;

pub struct Claims<'c> {
    pub issuer: &'c str,
    pub name: &'c str,
    pub audience: &'c str,
    /// Seconds since 1970.
    pub now: i64,
    pub lifetime: i64,
    pub person: &'c Map<String, Value>,
    /// A null takes a claim away, so that tests get tokens that lack one.
    pub asked: &'c Map<String, Value>,
}

impl Claims<'_> {
    /// A signed token in compact form (RFC 7515, section 3.1).
    pub fn sign(&self, signer: &Signer) -> Result<String> {
        let header = json!({"alg": signer.algorithm().name(), "kid": signer.id, "typ": "JWT"});
        let encode = |value: &Value| Base64UrlUnpadded::encode_string(value.to_string().as_bytes());
        let signed = format!("{}.{}", encode(&header), encode(&self.payload()?));
        let signature = Base64UrlUnpadded::encode_string(&signer.sign(signed.as_bytes())?);
        Ok(format!("{signed}.{signature}"))
    }

    fn payload(&self) -> Result<Value> {
        let mut number = [0; 16];
        aws_lc_rs::rand::fill(&mut number).map_err(|_| anyhow!("no randomness"))?;
        let mut payload = json!({
            "iss": self.issuer,
            "sub": self.name,
            "aud": self.audience,
            "iat": self.now,
            "nbf": self.now,
            "exp": self.now.saturating_add(self.lifetime),
            "jti": Base64UrlUnpadded::encode_string(&number),
        });
        if let Value::Object(claims) = &mut payload {
            claims.extend(
                self.person.iter().chain(self.asked).map(|(name, value)| (name.clone(), value.clone())),
            );
            claims.retain(|_, value| !value.is_null());
        }
        Ok(payload)
    }
}
