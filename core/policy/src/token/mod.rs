//! Tokens: who issued them, with which keys, and what they say of the caller.

mod algorithm;
mod binding;
mod cache;
mod claims;
mod compact;
mod curve;
mod der;
mod discovery;
mod fault;
mod identity;
mod issuer;
mod json;
mod keys;
mod metadata;
mod tenant;
mod url;
mod verify;

pub use algorithm::{Algorithm, PublicKey, SignatureCheck};
pub use binding::Thumbprint;
pub use cache::TokenCache;
pub use claims::{ClaimPaths, claim};
pub use compact::{MAX_TOKEN_BYTES, Untrusted};
pub use discovery::jwks_url;
pub use fault::Fault;
pub use identity::Identity;
pub use issuer::{Audiences, Issuer, IssuerUrl, KeyEndpoint, KeySource};
pub use keys::{Key, KeySet, MAX_KEY_SET_BYTES};
pub use metadata::{ResourceMetadata, WELL_KNOWN};
pub use tenant::Template;
pub use url::HttpUrl;
pub use verify::{Demands, Rejection, Verified, verify};
