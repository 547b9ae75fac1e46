//! The way back: the sidecar's gRPC becomes HTTP again, another upstream's answer passes. An error before the first
//! byte becomes a problem document; one after it breaks the answer off, so that a cut answer never looks whole.

use proxy_wasm::types::Action;
use spangate_policy::HeaderEdit;
use spangate_policy::problem::Refusal;
use spangate_policy::reason::Reason;

use super::{Exchange, Phase};
use crate::counters::Counted;
use crate::effects;
use crate::facts::Answer;
use crate::framing::Unframer;
use crate::gateway::{Gateway, Instant};
use crate::headers::{HeaderMap, HeaderMapBuilder};
use crate::host::{self, Buffer, Map};

impl Exchange {
    pub fn on_response_headers(&mut self, end_of_stream: bool) -> Action {
        let action = match self.phase {
            Phase::Called => self.on_call_answered(end_of_stream),
            Phase::Forwarded if is_upstream_s() => self.on_upstream_answered(),
            Phase::Forwarded => self.replace_local_reply(end_of_stream),
            // Our own answers pass through here too, and those that the proxy gave before anything was decided.
            _ => Action::Continue,
        };
        if end_of_stream {
            self.finish();
        }
        action
    }

    /// The sidecar's answer, or the proxy's in its place.
    fn on_call_answered(&mut self, end_of_stream: bool) -> Action {
        let Ok(metadata) = host::header_map(Map::ResponseHeaders) else { return self.reset() };
        if !is_grpc(&metadata) {
            return self.replace_local_reply(end_of_stream);
        }
        if metadata.first("grpc-status").is_some() {
            let refusal = effects::refusal(&metadata).unwrap_or_else(|| Reason::UpstreamUnavailable.into());
            let headers = self.answered(refusal.status, effects::problem_headers(&refusal));
            return self.refuse_with(&refusal, &headers);
        }
        let Some((status, headers)) = effects::answer(&metadata) else {
            return self.refuse(&Reason::UpstreamUnavailable.into());
        };
        let headers = self.answered(status, headers);
        if host::set_header_map(Map::ResponseHeaders, &headers).is_err() {
            return self.reset();
        }
        self.phase = Phase::Streaming(Unframer::default());
        Action::Continue
    }

    /// Another upstream's answer passes as it is, but for what steps change.
    fn on_upstream_answered(&mut self) -> Action {
        self.phase = Phase::Passing;
        let Some(gateway) = self.gateway.clone() else { return self.reset() };
        let answer = Answer::upstream();
        let added = gateway.policy.answer_headers(&self.progress);
        let edits = self.edits(&gateway, &answer);
        if added.is_empty() && edits.is_empty() {
            return Action::Continue;
        }
        match host::set_header_map(
            Map::ResponseHeaders,
            &effects::edited(answer.header_map(), &added, &edits),
        ) {
            Ok(()) => Action::Continue,
            Err(_) => self.reset(),
        }
    }

    pub fn on_response_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        let action = match &mut self.phase {
            // A stream of gRPC ends with trailers; one that ends here was cut.
            Phase::Streaming(_) if end_of_stream => self.reset(),
            Phase::Streaming(_) if size == 0 => Action::Continue,
            Phase::Streaming(unframer) => {
                let chunk = host::buffer(Buffer::ResponseBody, size).ok().and_then(|mut chunk| {
                    unframer.strip(&mut chunk).ok()?;
                    Some(chunk)
                });
                match chunk {
                    Some(_) if self.is_head() => self.put_body(size, &[]),
                    Some(chunk) => self.put_body(size, &chunk),
                    None => self.reset(),
                }
            }
            Phase::Replaced(body) => {
                let body = std::mem::take(body);
                let body = if self.is_head() { Vec::new() } else { body };
                self.put_body(size, &body)
            }
            Phase::New
            | Phase::Waiting
            | Phase::Answered
            | Phase::Called
            | Phase::Forwarded
            | Phase::Passing => Action::Continue,
            Phase::Reset => Action::Pause,
        };
        if end_of_stream {
            self.finish();
        }
        action
    }

    fn put_body(&mut self, size: usize, body: &[u8]) -> Action {
        match host::set_buffer(Buffer::ResponseBody, size, body) {
            Ok(()) => Action::Continue,
            Err(_) => self.reset(),
        }
    }

    pub fn on_response_trailers(&mut self) -> Action {
        self.finish();
        let Phase::Streaming(unframer) = &self.phase else { return Action::Continue };
        let whole = unframer.is_between_messages();
        let Ok(trailers) = host::header_map(Map::ResponseTrailers) else { return self.reset() };
        if !whole || trailers.text("grpc-status") != Some("0") {
            return self.reset();
        }
        // Nothing of the sidecar's trailers is meant for the client.
        match host::clear_header_map(Map::ResponseTrailers) {
            Ok(()) => Action::Continue,
            Err(_) => self.reset(),
        }
    }

    pub(super) fn reset(&mut self) -> Action {
        self.phase = Phase::Reset;
        host::reset_response();
        Action::Pause
    }

    /// An answer that Envoy gave in the upstream's place: no connection, no time, too large a body.
    fn replace_local_reply(&mut self, end_of_stream: bool) -> Action {
        let Ok(reply) = host::header_map(Map::ResponseHeaders) else { return self.reset() };
        let reason = match reply.text(":status") {
            Some("408" | "504") => Reason::UpstreamTimeout,
            Some("413") => Reason::BodyTooLarge,
            Some("431") => Reason::HeaderTooLarge,
            _ => Reason::UpstreamUnavailable,
        };
        let mut refusal = Refusal::from(reason);
        if reason == Reason::UpstreamUnavailable {
            refusal = refusal.header("retry-after", "1");
        }
        self.count(Counted::Refused, refusal.reason.clone());
        let mut body = refusal.problem_document(self.request_id.as_deref());
        if end_of_stream && !self.is_head() {
            // Where no body follows none can be put in: a length would have the client wait for it.
            body.clear();
        }
        let headers = self.answered(refusal.status, effects::problem(&refusal, body.len()));
        if host::set_header_map(Map::ResponseHeaders, &headers).is_err() {
            return self.reset();
        }
        self.phase = Phase::Replaced(body.into_bytes());
        Action::Continue
    }

    /// The headers of an answer that is made here, with what the policy adds to and does with them.
    fn answered(&mut self, status: u16, mut headers: HeaderMapBuilder) -> Vec<u8> {
        let Some(gateway) = self.gateway.clone() else { return headers.finish() };
        for (name, value) in gateway.policy.answer_headers(&self.progress) {
            headers.push(name, value);
        }
        let answer = Answer::made(status, headers.finish());
        let edits = self.edits(&gateway, &answer);
        if edits.is_empty() { answer.into_bytes() } else { effects::edited(answer.header_map(), &[], &edits) }
    }

    /// What response steps do to an answer.
    fn edits<'p>(&mut self, gateway: &'p Gateway, answer: &Answer) -> Vec<HeaderEdit<'p>> {
        let Some(request) = &self.request else { return Vec::new() };
        gateway.policy.respond(&mut self.progress, request, answer, &mut Instant::later(gateway))
    }
}

fn is_grpc(headers: &HeaderMap) -> bool {
    headers.text(":status") == Some("200")
        && headers.text("content-type").is_some_and(|media_type| media_type.starts_with("application/grpc"))
}

/// Whether an answer came from the upstream, and not from the proxy in its place.
fn is_upstream_s() -> bool {
    host::property("response\0code_details").is_some_and(|details| details == b"via_upstream")
}
