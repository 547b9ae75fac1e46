//! What goes out: the transcoded request, the answer, the problem document, each as a header map made anew, so
//! that nothing passes which is not named here. What goes to other upstreams and comes from them passes but for what
//! the policy changes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use spangate_policy::problem::{Answer, PROBLEM_MEDIA_TYPE, Refusal};
use spangate_policy::{Forwarded, HeaderEdit};
use spangate_proto::{
    CALL_METADATA, CONTENT_TYPE_METADATA, DETAIL_METADATA, EXECUTE_PATH, HEADER_METADATA_PREFIX,
    MAX_CALL_BYTES, REASON_METADATA, RETRY_AFTER_METADATA, STATUS_METADATA,
};

use crate::facts::Request;
use crate::headers::{HeaderMap, HeaderMapBuilder};

/// Tells the route where a forwarded call goes.
const CLUSTER_HEADER: &str = "spangate-cluster";

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
            | b"read-min-timestamp"
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

/// The request as another upstream gets it. The cluster is told to the route, which removes that header.
pub fn forwarded(request: &Request, forwarded: &Forwarded<'_>) -> Vec<u8> {
    let mut map = HeaderMapBuilder::with_capacity(32, 2048);
    for (name, value) in request.header_map().iter() {
        if name == b":path" {
            map.push(name, &forwarded.target);
        } else if !is_edited(name, &forwarded.edits) {
            map.push(name, value);
        }
    }
    push_edits(&mut map, &forwarded.edits);
    map.push(CLUSTER_HEADER, forwarded.cluster);
    map.finish()
}

/// An answer's headers with those that are added and then edited.
pub fn edited(headers: &HeaderMap, added: &[(&'static str, String)], edits: &[HeaderEdit<'_>]) -> Vec<u8> {
    let mut map = HeaderMapBuilder::with_capacity(32, 2048);
    // What browsers are told of other origins is the policy's to say alone: twice would be nothing.
    let is_replaced = |name: &[u8]| {
        name.starts_with(b"access-control-") && added.iter().any(|(added, _)| added.as_bytes() == name)
    };
    for (name, value) in headers.iter() {
        if !is_replaced(name) && !is_edited(name, edits) {
            map.push(name, value);
        }
    }
    for (name, value) in added {
        if !is_edited(name.as_bytes(), edits) {
            map.push(name, value);
        }
    }
    push_edits(&mut map, edits);
    map.finish()
}

fn is_edited(name: &[u8], edits: &[HeaderEdit<'_>]) -> bool {
    edits.iter().any(|edit| edited_name(edit).as_bytes() == name)
}

/// Of several edits of one header the last holds.
fn push_edits(map: &mut HeaderMapBuilder, edits: &[HeaderEdit<'_>]) {
    let mut rest = edits;
    while let Some((edit, after)) = rest.split_first() {
        rest = after;
        if let HeaderEdit::Set(name, value) = edit
            && !is_edited(name.as_bytes(), after)
        {
            map.push(name, value);
        }
    }
}

fn edited_name<'e>(edit: &HeaderEdit<'e>) -> &'e str {
    match edit {
        HeaderEdit::Set(name, _) | HeaderEdit::Remove(name) => name,
    }
}

/// The status and the headers of an answer from the sidecar's initial metadata; `None` if the metadata is none of
/// the sidecar's.
pub fn answer(metadata: &HeaderMap) -> Option<(u16, HeaderMapBuilder)> {
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
    Some((status, map))
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
pub fn problem(refusal: &Refusal, length: usize) -> HeaderMapBuilder {
    let mut map = HeaderMapBuilder::with_capacity(8, 256);
    map.push(":status", refusal.status.to_string());
    map.push("content-length", length.to_string());
    push_problem_headers(&mut map, refusal);
    map
}

/// The same for an answer that the proxy itself frames.
pub fn problem_headers(refusal: &Refusal) -> HeaderMapBuilder {
    let mut map = HeaderMapBuilder::with_capacity(4, 256);
    push_problem_headers(&mut map, refusal);
    map
}

/// The headers of an answer of the policy's own.
pub fn own_answer(answer: &Answer) -> Vec<u8> {
    let mut map = HeaderMapBuilder::with_capacity(8, 256);
    for (name, value) in &answer.headers {
        map.push(name.as_ref(), value);
    }
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
        let (status, headers) = answer(&metadata).unwrap();
        assert_eq!(status, 201);
        assert_eq!(
            shown(headers.finish()),
            [":status: 201", "content-type: application/json", "location: /orders/7"]
        );
        assert!(answer(&map(&[("spangate-status", "99")])).is_none());
        assert!(answer(&map(&[(":status", "200")])).is_none());
    }

    #[test]
    fn another_upstream_gets_what_the_client_sent_but_for_what_the_policy_changes() {
        let headers = map(&[
            (":method", "GET"),
            (":path", "/shop/legacy/7?token=t&x=1"),
            ("authorization", "Bearer t"),
            ("cookie", "a=1; session=t"),
            ("accept", "*/*"),
            ("x-old", "1"),
            ("x-old", "2"),
        ]);
        let request = Request::new(headers, false, 0).unwrap();
        let edits = vec![
            HeaderEdit::Remove("authorization"),
            HeaderEdit::Set("cookie", "a=1".to_owned()),
            HeaderEdit::Set("x-old", "3".to_owned()),
            HeaderEdit::Set("x-tenant", "t1".to_owned()),
            HeaderEdit::Set("x-old", "4".to_owned()),
            HeaderEdit::Remove("x-tenant"),
        ];
        let forwarded =
            forwarded(&request, &Forwarded { cluster: "legacy", target: "/7?x=1".to_owned(), edits });
        assert_eq!(
            shown(forwarded),
            [
                ":method: GET",
                ":path: /7?x=1",
                "accept: */*",
                "cookie: a=1",
                "x-old: 4",
                "spangate-cluster: legacy"
            ]
        );
    }

    #[test]
    fn what_is_added_to_an_answer_may_be_edited() {
        let headers = map(&[
            (":status", "200"),
            ("vary", "accept"),
            ("access-control-allow-origin", "*"),
            ("server", "legacy"),
        ]);
        let added = vec![
            ("access-control-allow-origin", "https://shop.example".to_owned()),
            ("vary", "origin".to_owned()),
            ("ratelimit", "r".to_owned()),
        ];
        let edits = [HeaderEdit::Remove("server"), HeaderEdit::Remove("ratelimit")];
        assert_eq!(
            shown(edited(&headers, &added, &edits)),
            [
                ":status: 200",
                "vary: accept",
                "access-control-allow-origin: https://shop.example",
                "vary: origin"
            ]
        );
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
