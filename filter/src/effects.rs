//! What goes out: the transcoded request, the answer, the problem document, each as a header map made anew, so
//! that nothing passes which is not named here.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use spangate_policy::facts::Call as _;
use spangate_policy::problem::{PROBLEM_MEDIA_TYPE, Refusal};
use spangate_proto::{
    CALL_METADATA, CONTENT_TYPE_METADATA, DETAIL_METADATA, EXECUTE_PATH, HEADER_METADATA_PREFIX,
    MAX_CALL_BYTES, REASON_METADATA, RETRY_AFTER_METADATA, STATUS_METADATA,
};

use crate::facts::Request;
use crate::headers::{HeaderMap, HeaderMapBuilder};

/// Headers of the request that the sidecar may see and the proxy needs: where the call comes from, traces, and
/// without `x-forwarded-proto` the proxy finds no route.
fn is_passed_on(name: &[u8]) -> bool {
    matches!(
        name,
        b":authority"
            | b":scheme"
            | b"x-forwarded-proto"
            | b"x-forwarded-for"
            | b"x-request-id"
            | b"traceparent"
            | b"tracestate"
            | b"baggage"
            | b"b3"
            | b"accept"
            | b"accept-language"
            | b"if-none-match"
    )
}

/// The request as the sidecar gets it, with the encoded call; `None` when that is too large for metadata.
pub fn transcoded(request: &Request, call: &[u8]) -> Option<Vec<u8>> {
    if call.len() > MAX_CALL_BYTES {
        return None;
    }
    let mut map = HeaderMapBuilder::with_capacity(16, 1024);
    map.push(":method", "POST");
    map.push(":path", EXECUTE_PATH);
    map.push("content-type", "application/grpc");
    map.push("te", "trailers");
    for (name, value) in request.header_map().iter() {
        if is_passed_on(name) {
            map.push(name, value);
        }
    }
    map.push(CALL_METADATA, STANDARD_NO_PAD.encode(call));
    Some(map.finish())
}

/// The headers of an answer from the sidecar's initial metadata and those that steps added; `None` if the
/// metadata is none of the sidecar's.
pub fn answer(metadata: &HeaderMap, added: &[(&'static str, String)]) -> Option<Vec<u8>> {
    let status = status(metadata)?;
    let mut map = HeaderMapBuilder::with_capacity(16, 512);
    map.push(":status", status.to_string());
    if let Some(media_type) = metadata.first(CONTENT_TYPE_METADATA) {
        map.push("content-type", media_type);
    }
    for (name, value) in metadata.iter() {
        match name.strip_prefix(HEADER_METADATA_PREFIX.as_bytes()) {
            // What delimits or routes a message is not the sidecar's to say.
            Some(name) if !name.is_empty() && !name.starts_with(b":") && !is_connection_header(name) => {
                map.push(name, value);
            }
            _ if name == b"date" => map.push(name, value),
            _ => {}
        }
    }
    for (name, value) in added {
        map.push(name, value);
    }
    Some(map.finish())
}

fn is_connection_header(name: &[u8]) -> bool {
    const NAMES: [&str; 6] =
        ["connection", "content-length", "transfer-encoding", "upgrade", "te", "trailer"];
    NAMES.iter().any(|reserved| reserved.as_bytes() == name)
}

/// The refusal that the sidecar's trailers speak of.
pub fn refusal(trailers: &HeaderMap) -> Option<Refusal> {
    let status = status(trailers).filter(|status| (400..600).contains(status))?;
    let reason = trailers.text(REASON_METADATA).filter(|reason| is_word(reason))?.to_owned();
    let detail = trailers.text(DETAIL_METADATA).map(percent_decoded).unwrap_or_default();
    let mut refusal = Refusal { status, reason: reason.into(), detail: detail.into(), headers: Vec::new() };
    if let Some(seconds) = trailers.text(RETRY_AFTER_METADATA).and_then(|text| text.parse::<u32>().ok()) {
        refusal = refusal.header("retry-after", seconds.to_string());
    }
    Some(refusal)
}

fn status(metadata: &HeaderMap) -> Option<u16> {
    metadata.text(STATUS_METADATA)?.parse().ok().filter(|status| (200..600).contains(status))
}

fn is_word(reason: &str) -> bool {
    !reason.is_empty()
        && reason.len() <= 64
        && reason.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// The headers of a problem document of so many bytes, `:status` included.
pub fn problem(refusal: &Refusal, length: usize) -> Vec<u8> {
    let mut map = HeaderMapBuilder::with_capacity(8, 256);
    map.push(":status", refusal.status.to_string());
    map.push("content-length", length.to_string());
    push_problem_headers(&mut map, refusal);
    map.finish()
}

/// The same for an answer that the proxy itself frames.
pub fn problem_headers(refusal: &Refusal) -> Vec<u8> {
    let mut map = HeaderMapBuilder::with_capacity(4, 256);
    push_problem_headers(&mut map, refusal);
    map.finish()
}

fn push_problem_headers(map: &mut HeaderMapBuilder, refusal: &Refusal) {
    map.push("content-type", PROBLEM_MEDIA_TYPE);
    map.push("cache-control", "no-store");
    for (name, value) in &refusal.headers {
        map.push(name, value);
    }
}

/// As gRPC encodes `grpc-message`.
fn percent_decoded(text: &str) -> String {
    match spangate_policy::route::decode_segment(text) {
        Ok(decoded) => decoded.into_owned(),
        Err(_) => text.to_owned(),
    }
}

/// Whether the caller wants headers only.
pub fn is_head(request: &Request) -> bool {
    request.method() == "HEAD"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut builder = HeaderMapBuilder::default();
        for (name, value) in pairs {
            builder.push(name, value);
        }
        HeaderMap::new(builder.finish())
    }

    fn shown(bytes: Vec<u8>) -> Vec<String> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        HeaderMap::new(bytes).iter().map(|(name, value)| format!("{}: {}", text(name), text(value))).collect()
    }

    #[test]
    fn an_answer_has_only_what_the_sidecar_may_say() {
        let metadata = map(&[
            (":status", "200"),
            ("content-type", "application/grpc"),
            ("spangate-status", "201"),
            ("spangate-content-type", "application/json"),
            ("spangate-header-location", "/orders/7"),
            ("spangate-header-transfer-encoding", "chunked"),
            ("x-leaked", "yes"),
        ]);
        let headers = shown(answer(&metadata, &[("ratelimit", "\"a\";r=1".to_owned())]).unwrap());
        assert_eq!(
            headers,
            [":status: 201", "content-type: application/json", "location: /orders/7", "ratelimit: \"a\";r=1"]
        );
        assert!(answer(&map(&[("spangate-status", "99")]), &[]).is_none());
        assert!(answer(&map(&[(":status", "200")]), &[]).is_none());
    }

    #[test]
    fn a_refusal_of_the_sidecar() {
        let trailers = map(&[
            ("grpc-status", "5"),
            ("spangate-status", "404"),
            ("spangate-reason", "not_found"),
            ("spangate-detail", "no%20such row"),
            ("spangate-retry-after", "3"),
        ]);
        let found = refusal(&trailers).unwrap();
        assert_eq!((found.status, &*found.reason, &*found.detail), (404, "not_found", "no such row"));
        assert_eq!(found.headers, [("retry-after", "3".to_owned())]);
        assert_eq!(refusal(&map(&[("spangate-status", "200"), ("spangate-reason", "x")])), None);
        assert_eq!(refusal(&map(&[("spangate-status", "404"), ("spangate-reason", "Not Found")])), None);
    }
}
