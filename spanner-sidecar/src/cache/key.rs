//! What makes two calls the same for the cache: all that the answer depends on, and unless the policy shares it, who
//! asks. Hashed, so that no value stays in memory longer than its call.

use spangate_operations::{Bound, Operation};
use spangate_proto::v1::{Cache, Call, Identity};

use crate::answer::Media;
use crate::fingerprint::Fingerprint;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key([u8; 32]);

impl Key {
    /// `generation` tells one document of operations from the next. Two rules of one policy with different times
    /// keep apart as well: neither is to be told what the other may still serve.
    pub fn new(
        generation: u64,
        operation: &Operation,
        bound: &[Bound<'_>],
        call: &Call,
        rule: &Cache,
        media: Media,
    ) -> Self {
        let Cache { ttl_ms, vary, shared } = rule;
        let print = Fingerprint::new("spangate cache 1")
            .number(generation)
            .text(&call.policy_revision)
            .text(&operation.name)
            .optional(operation.database_role.as_deref())
            .text(media.name())
            .number(*ttl_ms)
            .bytes(vary)
            .bound(bound.iter());
        // Page tokens within an answer belong to a subject: where there are any, subjects do not share.
        let subject = operation.pages.is_some();
        let print = match &call.identity {
            Some(identity) if subject || !*shared => of_identity(print.number(1), identity, subject),
            Some(_) | None => print.number(0),
        };
        Self(print.finish())
    }
}

fn of_identity(print: Fingerprint, identity: &Identity, with_subject: bool) -> Fingerprint {
    let Identity { issuer, subject, tenant, roles, scopes: _, claims: _ } = identity;
    let subject = with_subject.then_some(subject.as_str());
    let mut roles: Vec<&str> = roles.iter().map(String::as_str).collect();
    roles.sort_unstable();
    print.text(issuer).optional(tenant.as_deref()).texts(roles.into_iter()).optional(subject)
}
