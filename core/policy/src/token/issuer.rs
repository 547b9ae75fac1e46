//! One issuer of a policy: whose tokens are accepted, and on what terms. Read from the document as it stands here,
//! so that no second form of it can say something else.

use std::sync::Arc;

use spangate_document::Duration;

use super::algorithm::Algorithm;
use super::claims::ClaimPaths;
use super::keys::KeySet;
use super::metadata::ResourceMetadata;
use super::tenant::Template;
use super::url::HttpUrl;

#[derive(Clone, Debug)]
pub struct Issuer {
    /// Its name in the policy.
    pub name: String,
    pub url: IssuerUrl,
    /// Another form in which the provider writes its `iss`: a provider's matter, not an author's.
    pub alias: Option<&'static str>,
    pub audiences: Audiences,
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
    /// What a client without a token is told about whom to ask for one.
    pub resource_metadata: Option<ResourceMetadata>,
}

/// What `iss` must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IssuerUrl {
    /// This, to the letter (RFC 7519, section 4.1.1).
    Exact(String),
    /// This with one of these tenants in it.
    Tenants(Template, Vec<String>),
}

impl IssuerUrl {
    fn issues<'t>(&self, claimed: &'t str) -> Option<Option<&'t str>> {
        match self {
            Self::Exact(url) => (url == claimed).then_some(None),
            Self::Tenants(template, tenants) => template
                .tenant(claimed)
                .filter(|tenant| tenants.iter().any(|known| known == tenant))
                .map(Some),
        }
    }

    /// Whether a discovery document that names this `issuer` is ours (OpenID Connect Discovery 1.0, section 4.3).
    /// One for all tenants names a template.
    pub fn is_announced_as(&self, issuer: &str) -> bool {
        match self {
            Self::Exact(url) => url == issuer,
            Self::Tenants(template, _) => Template::parse(issuer).as_ref() == Some(template),
        }
    }
}

/// As the policy has it.
impl std::fmt::Display for IssuerUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exact(url) => f.write_str(url),
            Self::Tenants(template, _) => template.fmt(f),
        }
    }
}

/// Whom tokens may be meant for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audiences {
    /// No policy says this: it is for looking at a token by itself.
    Unchecked,
    /// One of these must be in `aud`.
    OneOf(Vec<String>),
}

/// Where an issuer's keys come from.
#[derive(Clone, Debug)]
pub enum KeySource {
    Inline(Arc<KeySet>),
    Fetched(KeyEndpoint),
}

/// What is behind a cluster of the proxy: a JWK Set, or the discovery document that says where that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyEndpoint {
    pub cluster: String,
    pub url: HttpUrl,
    pub discovery: bool,
    /// How old keys may be before they are fetched again.
    pub refresh: Duration,
    /// How old keys may be and still serve while the issuer cannot be reached.
    pub serve_stale: Duration,
}

const DEFAULT_CLOCK_SKEW: Duration = Duration::from_secs(60);

impl Issuer {
    /// One of whom nothing else is said.
    pub fn new(url: IssuerUrl, audiences: Audiences, keys: KeySource) -> Self {
        Self {
            name: String::new(),
            url,
            alias: None,
            audiences,
            algorithms: vec![Algorithm::Rs256, Algorithm::Es256],
            keys,
            clock_skew: DEFAULT_CLOCK_SKEW,
            max_lifetime: None,
            required_claims: Vec::new(),
            token_types: Vec::new(),
            claims: ClaimPaths::default(),
            resource_metadata: None,
        }
    }

    /// Whether `claimed` is this issuer, and then for which tenant, if it has several.
    pub fn issues<'t>(&self, claimed: &'t str) -> Option<Option<&'t str>> {
        if self.alias == Some(claimed) { Some(None) } else { self.url.issues(claimed) }
    }
}
