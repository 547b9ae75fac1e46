//! The two hashes of a write: whose repeat it is, and whether it asks for the same. Neither the caller's key nor
//! anything of the request is kept.

use spangate_operations::{Bound, Source};
use spangate_proto::v1::call::Idempotency;
use spangate_proto::v1::{Call, Identity};

use crate::fingerprint::Fingerprint;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Of who writes what under which key: the row's primary key.
    pub hash: [u8; 32],
    /// Of what is asked for.
    pub request: [u8; 32],
}

impl Key {
    /// None when the call carries neither key nor nonce.
    pub fn of(call: &Call, bound: &[Bound<'_>], body: &[u8]) -> Option<Self> {
        let (kind, key) = match call.idempotency.as_ref()? {
            Idempotency::CallerKey(key) => ("caller", key.as_bytes()),
            Idempotency::Nonce(nonce) => ("nonce", nonce.as_slice()),
        };
        // The same key of another issuer, subject, tenant or operation is another key.
        let nobody = Identity::default();
        let Identity { issuer, subject, tenant, roles: _, scopes: _, claims: _ } =
            call.identity.as_ref().unwrap_or(&nobody);
        let hash = Fingerprint::new("idempotency key")
            .text(kind)
            .text(issuer)
            .text(subject)
            .optional(tenant.as_deref())
            .text(&call.operation)
            .bytes(key)
            .finish();
        // A constant is the author's: a new one between a write and its repeat does not make it another request.
        let sent = bound.iter().filter(|bound| !matches!(bound.parameter.source, Source::Constant(_)));
        let request = Fingerprint::new("request").text(&call.operation).bound(sent).bytes(body).finish();
        Some(Self { hash, request })
    }
}

#[cfg(test)]
mod tests;
