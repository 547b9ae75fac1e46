//! The write's part of the way: its key, a place, the transaction, and the answer of what it returned or, to a repeat,
//! had returned.

use std::sync::Arc;

use spangate_operations::Bound;
use spangate_proto::v1::Call;
use tokio::time::Instant;
use tonic::Response;
use tonic::metadata::MetadataMap;

use crate::answer::{self, Body, Head, Header, Media};
use crate::idempotency::Key;
use crate::refusal::{Reason, Refusal};
use crate::served::Entry;
use crate::spanner::{Order, Repeat, Stamp, Written, tag, unknown, write};
use crate::{audit, call};

/// What the call wants written.
#[derive(Clone, Copy)]
pub struct Wanted<'c> {
    pub metadata: &'c MetadataMap,
    pub call: &'c Call,
    pub body: &'c [u8],
    pub bound: &'c [Bound<'c>],
}

pub async fn answer(entry: &Entry, wanted: Wanted<'_>, deadline: Instant) -> Result<Response<Body>, Refusal> {
    let Entry { operation, database, .. } = entry;
    let Wanted { metadata, call, body, bound } = wanted;
    let lacking = || Refusal::new(Reason::IdempotencyKeyMissing, "a write carries a key or a nonce");
    let key = Key::of(call, bound, body).ok_or_else(lacking)?;
    let stamp = Stamp { key, audit: audit::Row::new(call, &key, audit::fields(operation, call, body)) };
    let repeat = call::repeat(metadata, call);
    let _admitted = entry.admit(deadline).await?;
    let values = bound.iter().map(|bound| bound.value.clone()).collect();
    let tag = tag(&operation.name, &call.policy_operation);
    let order = Order { operation: Arc::clone(operation), tag, values, stamp, repeat, deadline };
    let Written { answer, committed_at, is_replay } = write(database, order).await?;
    let head = Head::with_status(answer.status, answer.body.as_ref().map(|_| Media::Json));
    let head = head.read_timestamp(committed_at);
    let head = answer.location.iter().fold(head, |head, location| head.header(Header::Location, location));
    let head = if is_replay { head.header(Header::IdempotencyReplayed, "true") } else { head };
    Ok(answer::whole(head, answer.body, call.head))
}

/// What would say to Envoy's retry that nothing was written: only its first try can know that, which may have written.
pub fn doubted(refusal: Refusal, metadata: &MetadataMap, call: &Call) -> Refusal {
    let is_said = match refusal.reason {
        Reason::DatabaseUnavailable
        | Reason::DatabaseOverloaded
        | Reason::RegionLimit
        | Reason::DeadlineExceeded
        | Reason::NotServed => true,
        Reason::ParameterInvalid
        | Reason::BodyTooLarge
        | Reason::OperationUnknown
        | Reason::NotFound
        | Reason::Conflict
        | Reason::AlreadyExists
        | Reason::OutOfRange
        | Reason::IdempotencyKeyMissing
        | Reason::IdempotencyKeyReused
        | Reason::PreconditionFailed
        | Reason::PermissionDenied
        | Reason::SchemaMismatch
        | Reason::OutcomeUnknown
        | Reason::Expected { .. } => false,
    };
    match is_said && call::repeat(metadata, call) == Repeat::ByProxy {
        true => unknown(),
        false => refusal,
    }
}

#[cfg(test)]
mod tests {
    use spangate_proto::v1::call::Idempotency;

    use super::*;

    #[test]
    fn only_a_first_try_knows_that_nothing_was_written() {
        let key = || Idempotency::CallerKey("key".to_owned());
        let nonce = || Idempotency::Nonce(vec![1; 16]);
        let told = |reason: Reason, idempotency, tries: Option<&str>| {
            let call = Call { idempotency: Some(idempotency), ..Call::default() };
            let mut metadata = MetadataMap::new();
            tries.map(|tries| metadata.insert("x-envoy-attempt-count", tries.parse().unwrap()));
            doubted(Refusal::new(reason, "no"), &metadata, &call).reason
        };
        let overloaded = || Reason::DatabaseOverloaded;
        assert_eq!(told(overloaded(), nonce(), Some("1")), Reason::DatabaseOverloaded);
        assert_eq!(told(overloaded(), nonce(), Some("2")), Reason::OutcomeUnknown);
        assert_eq!(told(overloaded(), nonce(), None), Reason::OutcomeUnknown);
        // Whoever has a key sends the same again.
        assert_eq!(told(overloaded(), key(), Some("2")), Reason::DatabaseOverloaded);
        assert_eq!(told(Reason::NotFound, nonce(), Some("2")), Reason::NotFound);
    }
}
