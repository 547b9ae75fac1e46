//! Tokens that are bound to a key of the caller's (RFC 7800): worth nothing to whoever has no proof of it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::fault::Fault;

/// The SHA-256 of a client certificate's DER form.
pub type Thumbprint = [u8; 32];

/// What a token's `cnf` binds it to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binding {
    /// Nothing: whoever has the token may use it.
    None,
    /// The client certificate of this thumbprint (RFC 8705, section 3.1).
    Certificate(Thumbprint),
    /// Something whose proof nobody here can check.
    Other,
}

impl Binding {
    /// A `cnf` with more than the one member is bound to more than the one key.
    pub fn of(claims: &Map<String, Value>) -> Self {
        let Some(confirmation) = claims.get("cnf") else { return Self::None };
        confirmation
            .as_object()
            .filter(|members| members.len() == 1)
            .and_then(|members| members.get("x5t#S256"))
            .and_then(Value::as_str)
            .and_then(|text| Thumbprint::try_from(URL_SAFE_NO_PAD.decode(text).ok()?).ok())
            .map_or(Self::Other, Self::Certificate)
    }

    /// `demanded`: a token that is bound to nothing does not do. `certificate` is the client's, and is asked for only
    /// where it matters.
    pub fn proven(
        self,
        demanded: bool,
        certificate: impl FnOnce() -> Option<Thumbprint>,
    ) -> Result<(), Fault> {
        match self {
            Self::None if demanded => Err(Fault::Unbound),
            Self::None => Ok(()),
            Self::Certificate(bound) if certificate() == Some(bound) => Ok(()),
            Self::Certificate(_) | Self::Other => Err(Fault::Binding),
        }
    }
}

#[cfg(test)]
mod tests {
    use base64ct::{Base64UrlUnpadded, Encoding};
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_proven_is_refused() {
        let text = Base64UrlUnpadded::encode_string(&[7; 32]);
        let (padded, short) = (format!("{text}="), Base64UrlUnpadded::encode_string(&[7; 31]));
        let (mine, others) = (Some([7; 32]), Some([8; 32]));
        for (claims, demanded, certificate, expected) in [
            (json!({}), false, None, Ok(())),
            (json!({}), false, mine, Ok(())),
            (json!({}), true, mine, Err(Fault::Unbound)),
            (json!({"cnf": {"x5t#S256": text}}), true, mine, Ok(())),
            (json!({"cnf": {"x5t#S256": text}}), false, mine, Ok(())),
            (json!({"cnf": {"x5t#S256": text}}), false, others, Err(Fault::Binding)),
            (json!({"cnf": {"x5t#S256": text}}), false, None, Err(Fault::Binding)),
            (json!({"cnf": {"x5t#S256": padded}}), true, mine, Err(Fault::Binding)),
            (json!({"cnf": {"x5t#S256": short}}), true, mine, Err(Fault::Binding)),
            (json!({"cnf": {"x5t#S256": text, "jkt": "AA"}}), true, mine, Err(Fault::Binding)),
            (json!({"cnf": {"jkt": "AA"}}), false, mine, Err(Fault::Binding)),
            (json!({"cnf": {}}), false, mine, Err(Fault::Binding)),
            (json!({"cnf": null}), false, mine, Err(Fault::Binding)),
            (json!({"cnf": "AA"}), false, mine, Err(Fault::Binding)),
        ] {
            let binding = Binding::of(claims.as_object().unwrap());
            assert_eq!(binding.proven(demanded, || certificate), expected, "{claims} {demanded}");
        }
    }
}
