//! The call metadata, decoded strictly: what this build does not fully understand it does not run. Trust in it
//! rests on the listener, which only the sidecar's own Envoy reaches.

use std::time::Duration;

use prost::Message;
use spangate_operations::{Caller, Idempotency, Inputs, Kind, Operation};
use spangate_proto::v1::{Call, Claim, Identity, Parameter, call};
use spangate_proto::{CALL_METADATA, MAX_CALL_BYTES};
use tonic::metadata::MetadataMap;

use crate::refusal::{Reason, Refusal};
use crate::spanner::Repeat;

/// Longest idempotency key, in bytes.
const MAX_KEY: usize = 255;
const NONCE: usize = 16;
/// Set by Envoy (`include_request_attempt_count`), 1 on the first try.
const ENVOY_TRIES: &str = "x-envoy-attempt-count";

pub fn decode(metadata: &MetadataMap) -> Result<Call, Refusal> {
    let malformed = |detail: &'static str| Refusal::new(Reason::ParameterInvalid, detail);
    let mut values = metadata.get_all_bin(CALL_METADATA).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(malformed("the call metadata must be there exactly once"));
    };
    // Base64 takes four characters for three bytes: too long is known before anything is decoded.
    if value.as_encoded_bytes().len() / 4 > MAX_CALL_BYTES / 3 {
        return Err(malformed("the call metadata is too long"));
    }
    let bytes = value.to_bytes().map_err(|_| malformed("the call metadata is malformed"))?;
    let call = Call::decode(bytes.as_ref()).map_err(|_| malformed("the call metadata is malformed"))?;
    // A field that this build does not know, or one that is there twice, would be lost in decoding: it may have
    // been what made the call admissible.
    if call.encode_to_vec() != bytes {
        return Err(malformed("the call metadata has fields that this sidecar does not know"));
    }
    Ok(call)
}

/// That the call carries the idempotency which the operation demands.
///
/// The filter has refused the key of somebody unknown already. It is refused here as well: nobody can tell one such
/// caller's key from another's, so that one would be given the other's answer.
pub fn check_idempotency(operation: &Operation, call: &Call) -> Result<(), Refusal> {
    let Kind::Write(write) = &operation.kind else { return Ok(()) };
    match (&call.idempotency, write.idempotency) {
        (Some(call::Idempotency::CallerKey(_)), _) if !is_known(call.identity.as_ref()) => {
            let detail = "an `Idempotency-Key` is taken only of a caller who is known by a subject";
            Err(Refusal::new(Reason::ParameterInvalid, detail))
        }
        (Some(call::Idempotency::CallerKey(key)), _) => {
            if key.is_empty() || key.len() > MAX_KEY || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
                let detail = "an `Idempotency-Key` has 1 to 255 visible ASCII characters";
                return Err(Refusal::new(Reason::ParameterInvalid, detail));
            }
            Ok(())
        }
        (Some(call::Idempotency::Nonce(_)) | None, Idempotency::Required) => {
            Err(Refusal::new(Reason::IdempotencyKeyMissing, "send an `Idempotency-Key`"))
        }
        (Some(call::Idempotency::Nonce(nonce)), Idempotency::Allowed) if nonce.len() == NONCE => Ok(()),
        (Some(call::Idempotency::Nonce(_)), Idempotency::Allowed) => {
            Err(Refusal::new(Reason::ParameterInvalid, "the call's nonce must have 16 bytes"))
        }
        (None, Idempotency::Allowed) => {
            Err(Refusal::new(Reason::IdempotencyKeyMissing, "a write carries a key or a nonce"))
        }
    }
}

fn is_known(identity: Option<&Identity>) -> bool {
    identity.is_some_and(|Identity { issuer, subject, .. }| !issuer.is_empty() && !subject.is_empty())
}

/// Whether the write may have happened before it came here. Envoy counts its tries of a call; another proxy may not.
pub fn repeat(metadata: &MetadataMap, call: &Call) -> Repeat {
    match (&call.idempotency, metadata.get(ENVOY_TRIES)) {
        (Some(call::Idempotency::CallerKey(_)), _) => Repeat::ByCaller,
        (_, Some(tries)) if tries == "1" => Repeat::Impossible,
        (_, _) => Repeat::ByProxy,
    }
}

/// What parameters are bound from.
pub fn inputs<'c>(call: &'c Call, body: &'c [u8]) -> Inputs<'c> {
    fn pairs(parameters: &[Parameter]) -> Vec<(&str, &str)> {
        parameters.iter().map(|Parameter { name, value }| (name.as_str(), value.as_str())).collect()
    }
    Inputs {
        path: pairs(&call.path),
        query: pairs(&call.query),
        headers: pairs(&call.headers),
        body,
        caller: call.identity.as_ref().map(caller),
    }
}

/// Exhaustive, so that a new field of the identity is a decision here.
fn caller(identity: &Identity) -> Caller<'_> {
    let Identity { issuer, subject, tenant, roles, scopes, claims } = identity;
    Caller {
        issuer,
        subject,
        tenant: tenant.as_deref(),
        roles: roles.iter().map(String::as_str).collect(),
        scopes: scopes.iter().map(String::as_str).collect(),
        claims: claims.iter().map(|Claim { name, json }| (name.as_str(), json.as_str())).collect(),
    }
}

/// The caller's own deadline, as gRPC writes it: at most eight digits and a unit.
pub fn timeout(metadata: &MetadataMap) -> Option<Duration> {
    let text = metadata.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
