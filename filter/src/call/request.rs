//! The way to the sidecar: an admitted request becomes a gRPC one, its body message by message.

use std::rc::Rc;

use prost::Message;
use proxy_wasm::types::{Action, LogLevel};
use spangate_policy::Operation;
use spangate_policy::facts::{Call as _, Occurrence};
use spangate_policy::problem::Refusal;
use spangate_policy::reason::Reason;
use spangate_policy::token::{Verified, claim};
use spangate_proto::{BorrowedCall, BorrowedIdempotency, v1};

use super::{Exchange, Phase, VERDICT_PROPERTY};
use crate::facts::Request;
use crate::gateway::Gateway;
use crate::host::{self, Buffer, Map};
use crate::{effects, framing};

/// Longest `Idempotency-Key` that a caller may send.
const MAX_IDEMPOTENCY_KEY: usize = 255;

impl Exchange {
    /// Sends the call on its way: Envoy's router takes it to the sidecar.
    pub(super) fn pass(&mut self, gateway: &Rc<Gateway>) -> Action {
        let passed = self.admitted(gateway).and_then(|Admitted { verdict, headers }| {
            // The verdict first: the new headers make Envoy choose the route anew, and that route demands it.
            host::set_property(VERDICT_PROPERTY, verdict.as_bytes())
                .and_then(|()| host::set_header_map(Map::RequestHeaders, &headers))
                .map_err(|_| Reason::PolicyUnavailable.into())
        });
        if let Err(refusal) = passed {
            return self.refuse(&refusal);
        }
        self.note_shadowed();
        self.phase = Phase::Passed;
        self.request = None;
        Action::Continue
    }

    /// What goes on of an admitted call.
    fn admitted(&self, gateway: &Gateway) -> Result<Admitted, Refusal> {
        let (Some(request), Some(progress)) = (&self.request, &self.progress) else {
            return Err(Reason::PolicyUnavailable.into());
        };
        let policy = &gateway.policy;
        let operation = progress.operation(policy).ok_or(Reason::PolicyUnavailable)?;
        let call = BorrowedCall {
            operation: &operation.call,
            path: progress.path_parameters(policy, request.path()).collect(),
            query: request.query_parameters().collect(),
            identity: progress.caller().map(|caller| caller.rendered(|token| identity(gateway, token))),
            request_id: self.request_id.as_deref().unwrap_or_default(),
            idempotency: idempotency(gateway, operation, request)?,
            policy_revision: policy.revision(),
            head: self.head,
            policy_operation: &operation.name,
        };
        let headers = effects::transcoded(request, &call.encode()).ok_or(Reason::HeaderTooLarge)?;
        Ok(Admitted { verdict: format!("allow {}", operation.name), headers })
    }

    /// Frames a chunk of the body as a message of its own.
    pub fn on_request_body(&mut self, size: usize) -> Action {
        match self.phase {
            Phase::Passed | Phase::Streaming(_) if size > 0 => {
                let framed = framing::prefix(size)
                    .is_some_and(|prefix| host::set_buffer(Buffer::RequestBody, 0, &prefix).is_ok());
                // Without its frame the sidecar could not read it: nothing may go on.
                if framed { Action::Continue } else { Action::Pause }
            }
            // The answer may come before all of the request is there.
            Phase::Passed | Phase::Streaming(_) | Phase::Replaced(_) | Phase::Reset => Action::Continue,
            Phase::New | Phase::Waiting | Phase::Answered => Action::Pause,
        }
    }

    /// A client's trailers would be metadata to the sidecar: none go on.
    pub fn on_request_trailers(&mut self) -> Action {
        match host::clear_header_map(Map::RequestTrailers) {
            Ok(()) => Action::Continue,
            Err(_) => Action::Pause,
        }
    }

    /// Logs what steps in shadow mode would have refused.
    pub(super) fn note_shadowed(&mut self) {
        let Some(progress) = &mut self.progress else { return };
        for shadowed in progress.shadowed.drain(..) {
            let line =
                format!(r#"{{"event":"shadow","step":"{}","reason":"{}"}}"#, shadowed.path, shadowed.reason);
            host::log(LogLevel::Warn, &line);
        }
    }
}

/// The verdict for the log and the route, and the request as the sidecar gets it.
struct Admitted {
    verdict: String,
    headers: Vec<u8>,
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
    let refuse =
        |detail: &'static str| Err(Refusal { detail: detail.into(), ..Reason::ParameterInvalid.into() });
    match request.header("idempotency-key") {
        Occurrence::Absent => Ok(BorrowedIdempotency::Nonce(gateway.nonce())),
        _ if operation.public => refuse("this operation takes no `Idempotency-Key`"),
        Occurrence::Once(key)
            if (1..=MAX_IDEMPOTENCY_KEY).contains(&key.len())
                && key.bytes().all(|byte| byte.is_ascii_graphic()) =>
        {
            Ok(BorrowedIdempotency::CallerKey(key))
        }
        Occurrence::Once(_) | Occurrence::Repeated | Occurrence::Malformed => {
            refuse("`Idempotency-Key` must be one value of 1 to 255 visible ASCII characters")
        }
    }
}
