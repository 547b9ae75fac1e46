//! One issuer of a policy: whose tokens are accepted, and on what terms.

use std::sync::Arc;

use spangate_document::Duration;

use super::algorithm::Algorithm;
use super::claims::ClaimPaths;
use super::keys::KeySet;

#[derive(Clone, Debug)]
pub struct Issuer {
    /// Its name in the policy.
    pub name: String,
    /// What `iss` must be, to the letter (RFC 7519, section 4.1.1).
    pub url: String,
    /// One of them must be in `aud`.
    pub audiences: Vec<String>,
    pub algorithms: Vec<Algorithm>,
    pub keys: KeySource,
    /// How far clocks may differ.
    pub clock_skew: Duration,
    /// Longest time from `iat` (or else now) to `exp`.
    pub max_lifetime: Option<Duration>,
    pub required_claims: Vec<String>,
    /// Accepted values of `typ`; any where there are none.
    pub token_types: Vec<String>,
    pub claims: ClaimPaths,
}

/// Where an issuer's keys come from.
#[derive(Clone, Debug)]
pub enum KeySource {
    Inline(Arc<KeySet>),
    Fetched(KeyEndpoint),
}

/// A JWK Set behind a cluster of the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyEndpoint {
    pub cluster: String,
    /// `https` or `http`.
    pub scheme: String,
    pub authority: String,
    /// With the query, if any.
    pub path: String,
    /// How old keys may be before they are fetched again.
    pub refresh: Duration,
    /// How old keys may be and still serve while the issuer cannot be reached.
    pub serve_stale: Duration,
}

impl KeyEndpoint {
    pub fn url(&self) -> String {
        format!("{}://{}{}", self.scheme, self.authority, self.path)
    }
}
