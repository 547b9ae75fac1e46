//! The way there: an admitted request becomes a gRPC one of the sidecar, its body message by message, or goes to
//! another upstream as it is.

use std::rc::Rc;

use prost::Message;
use proxy_wasm::types::Action;
use spangate_policy::facts::{Call as _, Occurrence};
use spangate_policy::problem::Refusal;
use spangate_policy::reason::Reason;
use spangate_policy::token::{Verified, claim};
use spangate_policy::{Operation, Target};
use spangate_proto::{BorrowedCache, BorrowedCall, BorrowedIdempotency, v1};

use super::{Exchange, Phase};
use crate::counters::Counted;
use crate::facts::Request;
use crate::gateway::Gateway;
use crate::host::{self, Buffer, Map};
use crate::{effects, framing};

/// Longest `Idempotency-Key` that a caller may send.
const MAX_IDEMPOTENCY_KEY: usize = 255;

/// An admitted request on its way out.
struct Admitted {
    phase: Phase,
    /// For the log, and for the route, which demands it.
    verdict: &'static str,
    headers: Vec<u8>,
}

impl Exchange {
    /// Sends the call on its way: Envoy's router takes it to its target.
    pub(super) fn pass(&mut self, gateway: &Rc<Gateway>) -> Action {
        let passed = self.admitted(gateway).and_then(|admitted| {
            // The verdict first: the new headers make Envoy choose the route anew, and that route demands it.
            self.set_verdict(admitted.verdict, self.operation_name(gateway))
                .and_then(|()| host::set_header_map(Map::RequestHeaders, &admitted.headers))
                .map_err(|_| Reason::PolicyUnavailable)?;
            Ok(admitted)
        });
        match passed {
            Ok(admitted) => {
                self.note_steps();
                self.count(Counted::Allowed, admitted.verdict);
                self.phase = admitted.phase;
                Action::Continue
            }
            Err(refusal) => self.refuse(&refusal),
        }
    }

    /// What goes on of an admitted call.
    fn admitted(&self, gateway: &Gateway) -> Result<Admitted, Refusal> {
        let request = self.request.as_ref().ok_or(Reason::PolicyUnavailable)?;
        let operation = self.progress.operation(&gateway.policy).ok_or(Reason::PolicyUnavailable)?;
        match &operation.target {
            Target::Call(call) => {
                let call = self.call(gateway, operation, call, request)?;
                let headers = effects::transcoded(request, &call).ok_or(Reason::HeaderTooLarge)?;
                Ok(Admitted { phase: Phase::Called, verdict: "allow", headers })
            }
            Target::Forward(_) => {
                let forwarded =
                    gateway.policy.forwarded(&self.progress, request).ok_or(Reason::PolicyUnavailable)?;
                let headers = effects::forwarded(request, &forwarded);
                Ok(Admitted { phase: Phase::Forwarded, verdict: "forward", headers })
            }
            // Decided by the policy before anything is admitted.
            Target::Respond(_) => Err(Reason::PolicyUnavailable.into()),
        }
    }

    /// The encoded call, as the sidecar is told it.
    fn call(
        &self,
        gateway: &Gateway,
        operation: &Operation,
        call: &str,
        request: &Request,
    ) -> Result<Vec<u8>, Refusal> {
        let policy = &gateway.policy;
        let call = BorrowedCall {
            operation: call,
            path: self.progress.path_parameters(policy, request.path()).collect(),
            query: request
                .query_parameters()
                .filter(|(name, _)| !policy.is_token_parameter(&self.progress, name))
                .collect(),
            identity: self.progress.caller().map(|caller| caller.rendered(|token| identity(gateway, token))),
            request_id: self.request_id.as_deref().unwrap_or_default(),
            idempotency: idempotency(gateway, operation, request)?,
            policy_revision: policy.revision(),
            head: self.is_head(),
            policy_operation: &operation.name,
            headers: policy
                .declared_headers(&self.progress, request)
                .ok_or_else(|| malformed("a header of the request is not UTF-8"))?,
            cache: self.progress.cache(policy).map(|(cache, vary)| BorrowedCache {
                ttl_ms: cache.ttl.milliseconds,
                vary,
                shared: cache.shared,
            }),
        };
        Ok(call.encode())
    }

    pub fn on_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        if let Err(refusal) = self.check_body(size, end_of_stream) {
            return self.break_off(&refusal);
        }
        match self.phase {
            Phase::Called | Phase::Streaming(_) if size > 0 => {
                // A message of its own.
                let framed = framing::prefix(size)
                    .is_some_and(|prefix| host::set_buffer(Buffer::RequestBody, 0, &prefix).is_ok());
                // Without its frame the sidecar could not read it: nothing may go on.
                if framed { Action::Continue } else { Action::Pause }
            }
            // The answer may come before all of the request is there.
            Phase::Called
            | Phase::Streaming(_)
            | Phase::Forwarded
            | Phase::Passing
            | Phase::Replaced(_)
            | Phase::Reset => Action::Continue,
            Phase::New | Phase::Waiting | Phase::Answered => Action::Pause,
        }
    }

    pub fn on_request_trailers(&mut self) -> Action {
        if let Err(refusal) = self.check_body(0, true) {
            return self.break_off(&refusal);
        }
        if matches!(self.phase, Phase::Forwarded | Phase::Passing) {
            return Action::Continue;
        }
        // To the sidecar a client's trailers would be metadata: none go on.
        match host::clear_header_map(Map::RequestTrailers) {
            Ok(()) => Action::Continue,
            Err(_) => Action::Pause,
        }
    }

    fn check_body(&mut self, size: usize, end: bool) -> Result<(), Refusal> {
        let Some(gateway) = &self.gateway else { return Ok(()) };
        self.received = self.received.saturating_add(u64::try_from(size).unwrap_or(u64::MAX));
        gateway.policy.check_body(&mut self.progress, self.received, end)
    }

    /// Refuses a call that has begun to go on. Nobody acts on half a body: the sidecar runs nothing before its end.
    fn break_off(&mut self, refusal: &Refusal) -> Action {
        match self.phase {
            Phase::Called | Phase::Forwarded => self.refuse(refusal),
            Phase::Streaming(_) | Phase::Passing | Phase::Replaced(_) => self.reset(),
            Phase::New | Phase::Waiting | Phase::Answered | Phase::Reset => Action::Pause,
        }
    }
}

/// The encoded identity of a token's caller.
fn identity(gateway: &Gateway, token: &Verified) -> Vec<u8> {
    let identity = token.identity();
    let forward = gateway.policy.issuers().get(token.issuer()).map(|issuer| &issuer.claims.forward);
    let claims = forward.into_iter().flatten().filter_map(|name| {
        let value = claim(identity.claims.as_object()?, name)?;
        Some(v1::Claim { name: name.clone(), json: value.to_string() })
    });
    let identity = v1::Identity {
        issuer: identity.issuer.clone(),
        subject: identity.subject.clone().unwrap_or_default(),
        tenant: identity.tenant.clone(),
        roles: identity.roles.clone(),
        scopes: identity.scopes.clone(),
        claims: claims.collect(),
    };
    identity.encode_to_vec()
}

/// The caller's key, or a nonce that Envoy's retries repeat. Nobody can tell one anonymous caller's key from
/// another's, so a public operation takes none.
fn idempotency<'r>(
    gateway: &Gateway,
    operation: &Operation,
    request: &'r Request,
) -> Result<BorrowedIdempotency<'r>, Refusal> {
    match request.header("idempotency-key") {
        Occurrence::Absent => Ok(BorrowedIdempotency::Nonce(gateway.nonce())),
        _ if operation.public => Err(malformed("this operation takes no `Idempotency-Key`")),
        Occurrence::Once(key)
            if (1..=MAX_IDEMPOTENCY_KEY).contains(&key.len())
                && key.bytes().all(|byte| byte.is_ascii_graphic()) =>
        {
            Ok(BorrowedIdempotency::CallerKey(key))
        }
        Occurrence::Once(_) | Occurrence::Repeated | Occurrence::Malformed => {
            Err(malformed("`Idempotency-Key` must be one value of 1 to 255 visible ASCII characters"))
        }
    }
}

fn malformed(detail: &'static str) -> Refusal {
    Refusal { detail: detail.into(), ..Reason::ParameterInvalid.into() }
}
