//! Tokens: who issued them, with which keys, and what they say of the caller.

mod algorithm;
mod cache;
mod claims;
mod der;
mod identity;
mod issuer;
mod keys;
mod verify;

pub use algorithm::{Algorithm, PublicKey, SignatureCheck};
pub use cache::TokenCache;
pub use claims::{ClaimPaths, claim};
pub use identity::Identity;
pub use issuer::{Issuer, KeyEndpoint, KeySource};
pub use keys::{Key, KeySet, MAX_KEY_SET_BYTES};
pub use verify::{MAX_TOKEN_BYTES, Rejection, Verified, verify};
