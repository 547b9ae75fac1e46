//! Who is calling, once a token has been verified.

/// A verified caller. Only the verification of a token makes one.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// The issuer's name in the policy.
    pub issuer: String,
    /// The issuer as the token's `iss` says.
    pub issuer_url: String,
    pub subject: Option<String>,
    pub tenant: Option<String>,
    pub audience: Vec<String>,
    pub roles: Vec<String>,
    pub scopes: Vec<String>,
    /// `exp`, seconds since 1970.
    pub expires: i64,
    /// `iat`, seconds since 1970.
    pub issued: Option<i64>,
    /// `jti`.
    pub token_id: Option<String>,
    /// Every claim of the token: always a JSON object.
    pub claims: serde_json::Value,
}
