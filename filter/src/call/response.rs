//! The way back: the sidecar's gRPC becomes HTTP again. An error before the first byte becomes a problem
//! document; one after it breaks the answer off, so that a cut answer never looks whole.

use proxy_wasm::types::Action;
use spangate_policy::problem::Refusal;
use spangate_policy::reason::Reason;

use super::{Exchange, Phase};
use crate::effects;
use crate::framing::Unframer;
use crate::headers::HeaderMap;
use crate::host::{self, Buffer, Map};

impl Exchange {
    pub fn on_response_headers(&mut self, end_of_stream: bool) -> Action {
        // Our own answers pass through here too, and those that the proxy gave before anything was decided.
        if !matches!(self.phase, Phase::Passed) {
            return Action::Continue;
        }
        let Ok(headers) = host::header_map(Map::ResponseHeaders) else { return self.reset() };
        if !is_grpc(&headers) {
            return self.replace_local_reply(&headers, end_of_stream);
        }
        if headers.first("grpc-status").is_some() {
            let refusal = effects::refusal(&headers).unwrap_or_else(|| Reason::UpstreamUnavailable.into());
            return self.refuse(&refusal);
        }
        let added = self.progress.as_ref().map_or(&[][..], |progress| &progress.headers);
        let Some(answer) = effects::answer(&headers, added) else {
            return self.refuse(&Reason::UpstreamUnavailable.into());
        };
        if host::set_header_map(Map::ResponseHeaders, &answer).is_err() {
            return self.reset();
        }
        self.phase = Phase::Streaming(Unframer::default());
        Action::Continue
    }

    pub fn on_response_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        match &mut self.phase {
            Phase::Streaming(unframer) => {
                // A stream of gRPC ends with trailers; one that ends here was cut.
                if end_of_stream {
                    return self.reset();
                }
                if size == 0 {
                    return Action::Continue;
                }
                let Ok(mut chunk) = host::buffer(Buffer::ResponseBody, size) else { return self.reset() };
                if unframer.strip(&mut chunk).is_err() {
                    return self.reset();
                }
                if self.head {
                    chunk.clear();
                }
                match host::set_buffer(Buffer::ResponseBody, size, &chunk) {
                    Ok(()) => Action::Continue,
                    Err(_) => self.reset(),
                }
            }
            Phase::Replaced(body) => {
                let body = std::mem::take(body);
                match host::set_buffer(Buffer::ResponseBody, size, if self.head { &[] } else { &body }) {
                    Ok(()) => Action::Continue,
                    Err(_) => self.reset(),
                }
            }
            Phase::New | Phase::Waiting | Phase::Answered | Phase::Passed => Action::Continue,
            Phase::Reset => Action::Pause,
        }
    }

    pub fn on_response_trailers(&mut self) -> Action {
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

    fn reset(&mut self) -> Action {
        self.phase = Phase::Reset;
        host::reset_response();
        Action::Pause
    }

    /// An answer that Envoy gave in the sidecar's place: no connection, no time, too large a body.
    fn replace_local_reply(&mut self, headers: &HeaderMap, end_of_stream: bool) -> Action {
        let reason = match headers.text(":status") {
            Some("408" | "504") => Reason::UpstreamTimeout,
            Some("413") => Reason::BodyTooLarge,
            Some("431") => Reason::HeaderTooLarge,
            _ => Reason::UpstreamUnavailable,
        };
        let mut refusal = Refusal::from(reason);
        if reason == Reason::UpstreamUnavailable {
            refusal = refusal.header("retry-after", "1");
        }
        let mut body = refusal.problem_document(self.request_id.as_deref());
        if end_of_stream && !self.head {
            // Where no body follows none can be put in: a length would have the client wait for it.
            body.clear();
        }
        let headers = effects::problem(&refusal, body.len());
        if host::set_header_map(Map::ResponseHeaders, &headers).is_err() {
            return self.reset();
        }
        self.phase = Phase::Replaced(body.into_bytes());
        Action::Continue
    }
}

fn is_grpc(headers: &HeaderMap) -> bool {
    headers.text(":status") == Some("200")
        && headers.text("content-type").is_some_and(|media_type| media_type.starts_with("application/grpc"))
}
