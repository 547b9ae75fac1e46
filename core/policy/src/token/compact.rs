//! A token's three parts (RFC 7515, section 3.1), before anything of them is believed. Of the header only what is
//! needed is read: `jwk`, `jku`, `x5u`, `x5c` and `x5t` are a forger's to choose, and real issuers send some of them on
//! good tokens (RFC 8725, section 3.10).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::fault::Fault;
use super::json::object;

/// Longest token that is looked at, in bytes.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// A token that nobody has verified.
#[derive(Clone, Debug)]
pub struct Untrusted<'t> {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    /// What the signature is over: header and claims as they are sent.
    pub(super) signed: &'t str,
    pub(super) signature: Vec<u8>,
}

impl<'t> Untrusted<'t> {
    pub fn parse(token: &'t str) -> Result<Self, Fault> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Fault::TooLong);
        }
        // An encrypted one has five parts (RFC 7516, section 3.1).
        if token.bytes().filter(|byte| *byte == b'.').count() == 4 {
            return Err(Fault::Encrypted);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(Fault::Shape)?;
        let (header, claims) =
            signed.split_once('.').filter(|(_, claims)| !claims.contains('.')).ok_or(Fault::Shape)?;
        let header = object(&decode(header)?).ok_or(Fault::HeaderJson)?;
        Self::meaning_is_plain(&header)?;
        let claims = object(&decode(claims)?).ok_or(Fault::ClaimsJson)?;
        Ok(Self { header, claims, signed, signature: decode(signature)? })
    }

    /// Refuses header parameters that would change what the token means.
    fn meaning_is_plain(header: &Map<String, Value>) -> Result<(), Fault> {
        let text = |name: &str| header.get(name).is_none_or(Value::is_string);
        if !header.contains_key("alg") || !["alg", "kid", "typ"].into_iter().all(text) {
            return Err(Fault::HeaderMember);
        }
        if header.contains_key("crit") {
            return Err(Fault::Critical);
        }
        if header.get("b64").is_some_and(|encoded| *encoded != Value::Bool(true)) {
            return Err(Fault::Unencoded);
        }
        if header.contains_key("zip") {
            return Err(Fault::Compressed);
        }
        if header.contains_key("enc") {
            return Err(Fault::Encrypted);
        }
        let nested = |content: &Value| {
            content.as_str().is_none_or(|content| bare(content).eq_ignore_ascii_case("JWT"))
        };
        if header.get("cty").is_some_and(nested) {
            return Err(Fault::Nested);
        }
        Ok(())
    }

    pub fn header(&self) -> &Map<String, Value> {
        &self.header
    }

    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    pub(super) fn into_claims(self) -> Map<String, Value> {
        self.claims
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.header.get(name).and_then(Value::as_str)
    }
}

/// A media type without `application/`, which may be left out (RFC 7515, section 4.1.9).
pub(super) fn bare(media_type: &str) -> &str {
    media_type
        .split_at_checked("application/".len())
        .filter(|(prefix, _)| prefix.eq_ignore_ascii_case("application/"))
        .map_or(media_type, |(_, rest)| rest)
}

/// The one canonical form: no padding, and no bits left over that are not zero.
fn decode(part: &str) -> Result<Vec<u8>, Fault> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Fault::Encoding)
}
