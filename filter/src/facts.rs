//! What this host knows of a call: its header map, and of the proxy's own properties whatever a rule asks for.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::net::IpAddr;
use std::ops::Range;

use spangate_policy::facts::{Call, Entries, Occurrence, Response, Timestamp};
use spangate_policy::route::{decode_query, query_parameter};

use crate::headers::HeaderMap;
use crate::host::{self, Map};

/// A call as it came in: the header map, and where in it stands what every call is asked for.
#[derive(Debug)]
pub struct Request {
    headers: HeaderMap,
    method: Range<usize>,
    scheme: Range<usize>,
    authority: Range<usize>,
    host: Host,
    path: Range<usize>,
    query: Option<Range<usize>>,
    request_id: Option<Range<usize>>,
    has_body: bool,
    time: Timestamp,
    source: OnceCell<Option<(IpAddr, u16)>>,
}

/// The name of the host, lower case and without a port.
#[derive(Debug)]
enum Host {
    /// As it came.
    Plain(Range<usize>),
    Lowered(String),
}

/// What makes a request no HTTP request that the policy could speak of: no path (CONNECT), or one that is no
/// text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoTarget;

impl Request {
    /// `now` is in nanoseconds since 1970.
    pub fn new(headers: HeaderMap, has_body: bool, now: u64) -> Result<Self, NoTarget> {
        let (mut method, mut scheme, mut authority, mut target, mut request_id) =
            (None, None, None, None, None);
        for (name, value) in headers.ranges() {
            let place = match headers.bytes(&name) {
                b":method" => &mut method,
                b":scheme" => &mut scheme,
                b":authority" => &mut authority,
                b":path" => &mut target,
                b"x-request-id" => &mut request_id,
                _ => continue,
            };
            if place.is_none() && headers.str(&value).is_some() {
                *place = Some(value);
            }
        }
        let (method, target) = (method.ok_or(NoTarget)?, target.ok_or(NoTarget)?);
        let mark = headers.bytes(&target).iter().position(|byte| *byte == b'?');
        let end = mark.map_or(target.end, |mark| target.start.saturating_add(mark));
        let authority = authority.unwrap_or_default();
        Ok(Self {
            method,
            scheme: scheme.unwrap_or_default(),
            host: host_name(headers.str(&authority).unwrap_or_default(), authority.start),
            authority,
            path: target.start..end,
            query: mark.map(|_| end.saturating_add(1)..target.end),
            request_id,
            has_body,
            time: Timestamp { nanoseconds: i128::from(now) },
            source: OnceCell::new(),
            headers,
        })
    }

    /// What was found to be UTF-8 when the request was made.
    fn text(&self, range: &Range<usize>) -> &str {
        self.headers.str(range).unwrap_or_default()
    }

    /// The query's parameters; routing has refused a query that does not decode.
    pub fn query_parameters(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        decode_query(self.raw_query().unwrap_or_default()).filter_map(Result::ok)
    }

    pub fn header_map(&self) -> &HeaderMap {
        &self.headers
    }

    fn source(&self) -> Option<(IpAddr, u16)> {
        *self.source.get_or_init(host::source)
    }
}

/// Of an authority that begins at `start`. An IPv6 address keeps its brackets.
fn host_name(authority: &str, start: usize) -> Host {
    let end = match authority.rfind(']') {
        Some(bracket) => bracket.saturating_add(1),
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let name = authority.get(..end).unwrap_or(authority);
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Host::Lowered(name.to_ascii_lowercase());
    }
    Host::Plain(start..start.saturating_add(name.len()))
}

fn occurrence<'f>(mut values: impl Iterator<Item = Option<Cow<'f, str>>>) -> Occurrence<'f> {
    match (values.next(), values.next()) {
        (None, _) => Occurrence::Absent,
        (Some(_), Some(_)) => Occurrence::Repeated,
        (Some(Some(value)), None) => Occurrence::Once(value),
        (Some(None), None) => Occurrence::Malformed,
    }
}

fn text(bytes: &[u8]) -> Option<Cow<'_, str>> {
    std::str::from_utf8(bytes).ok().map(Cow::Borrowed)
}

impl Call for Request {
    fn request_id(&self) -> Option<&str> {
        self.request_id.as_ref().map(|range| self.text(range))
    }

    fn method(&self) -> &str {
        self.text(&self.method)
    }

    fn scheme(&self) -> &str {
        self.text(&self.scheme)
    }

    fn host(&self) -> &str {
        match &self.host {
            Host::Plain(range) => self.text(range),
            Host::Lowered(name) => name,
        }
    }

    fn authority(&self) -> &str {
        self.text(&self.authority)
    }

    fn path(&self) -> &str {
        self.text(&self.path)
    }

    fn raw_query(&self) -> Option<&str> {
        Some(self.text(self.query.as_ref()?))
    }

    fn header(&self, name: &str) -> Occurrence<'_> {
        header(&self.headers, name)
    }

    fn headers(&self) -> Entries<'_> {
        headers(&self.headers)
    }

    fn query(&self, name: &str) -> Occurrence<'_> {
        query_parameter(self.raw_query().unwrap_or_default(), name)
    }

    fn queries(&self) -> Entries<'_> {
        Box::new(self.query_parameters().map(|(name, value)| (name, Some(value))))
    }

    fn size(&self) -> Option<i64> {
        self.headers.text("content-length")?.parse().ok()
    }

    fn has_body(&self) -> bool {
        self.has_body
    }

    fn time(&self) -> Timestamp {
        self.time
    }

    fn source_ip(&self) -> Option<IpAddr> {
        self.source().map(|(ip, _)| ip)
    }

    fn source_port(&self) -> Option<u16> {
        self.source().map(|(_, port)| port)
    }

    fn tls(&self) -> bool {
        host::property("connection\0tls_version").is_some_and(|version| !version.is_empty())
    }

    fn peer_subject(&self) -> Option<Cow<'_, str>> {
        let subject = String::from_utf8(host::property("connection\0subject_peer_certificate")?).ok()?;
        (!subject.is_empty()).then_some(Cow::Owned(subject))
    }

    fn peer_sans(&self) -> Vec<String> {
        ["connection\0uri_san_peer_certificate", "connection\0dns_san_peer_certificate"]
            .into_iter()
            .filter_map(|path| String::from_utf8(host::property(path)?).ok())
            .filter(|name| !name.is_empty())
            .collect()
    }

    fn peer_certificate(&self) -> Option<[u8; 32]> {
        from_hex(&host::property("connection\0sha256_peer_certificate_digest")?)
    }
}

/// An answer's head: made here, or the upstream's, which is read only if something asks for it.
#[derive(Debug)]
pub struct Answer {
    status: Option<u16>,
    headers: OnceCell<HeaderMap>,
}

impl Answer {
    pub fn made(status: u16, headers: Vec<u8>) -> Self {
        Self { status: Some(status), headers: OnceCell::from(HeaderMap::new(headers)) }
    }

    pub fn upstream() -> Self {
        Self { status: None, headers: OnceCell::new() }
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.headers.into_inner().unwrap_or_default().into_bytes()
    }

    pub fn header_map(&self) -> &HeaderMap {
        // Where the host does not give them nothing is known of the answer, and its headers stay as they are.
        self.headers.get_or_init(|| host::header_map(Map::ResponseHeaders).unwrap_or_default())
    }
}

impl Response for Answer {
    fn status(&self) -> u16 {
        let told = || self.header_map().text(":status")?.parse().ok();
        self.status.or_else(told).unwrap_or_default()
    }

    fn header(&self, name: &str) -> Occurrence<'_> {
        header(self.header_map(), name)
    }

    fn headers(&self) -> Entries<'_> {
        headers(self.header_map())
    }
}

fn header<'m>(map: &'m HeaderMap, name: &str) -> Occurrence<'m> {
    let named = map.iter().filter(|(key, _)| *key == name.as_bytes());
    occurrence(named.map(|(_, value)| text(value)))
}

fn headers(map: &HeaderMap) -> Entries<'_> {
    let named = map.iter().filter(|(name, _)| !name.starts_with(b":"));
    Box::new(named.filter_map(|(name, value)| Some((text(name)?, text(value)))))
}

/// 32 bytes, as Envoy writes a digest.
fn from_hex(digits: &[u8]) -> Option<[u8; 32]> {
    let (pairs, rest) = digits.as_chunks::<2>();
    let mut bytes = [0; 32];
    if pairs.len() != bytes.len() || !rest.is_empty() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::headers::HeaderMapBuilder;

    fn request(pairs: &[(&str, &[u8])]) -> Result<Request, NoTarget> {
        let mut builder = HeaderMapBuilder::default();
        for (name, value) in pairs {
            builder.push(name, value);
        }
        Request::new(HeaderMap::new(builder.finish()), false, 5)
    }

    #[test]
    fn what_every_call_is_asked_for() {
        let request = request(&[
            (":authority", b"API.example.com:8443"),
            (":path", b"/a/b?x=1&y=%20"),
            (":method", b"GET"),
            (":scheme", b"https"),
            ("x-request-id", b"r1"),
            ("a", b"1"),
            ("a", b"2"),
            ("b", b"\xff"),
        ])
        .unwrap();
        assert_eq!((request.method(), request.scheme(), request.host()), ("GET", "https", "api.example.com"));
        assert_eq!(request.authority(), "API.example.com:8443");
        assert_eq!((request.path(), request.raw_query()), ("/a/b", Some("x=1&y=%20")));
        assert_eq!(request.request_id(), Some("r1"));
        assert_eq!(request.query("y"), Occurrence::Once(" ".into()));
        assert_eq!(request.header("a"), Occurrence::Repeated);
        assert_eq!(request.header("b"), Occurrence::Malformed);
        assert_eq!(request.header("c"), Occurrence::Absent);
    }

    #[test]
    fn hosts_have_no_port() {
        for (authority, expected) in
            [("a.example:80", "a.example"), ("a", "a"), ("[::1]:80", "[::1]"), ("[::1]", "[::1]"), ("", "")]
        {
            let pairs: [(&str, &[u8]); 3] =
                [(":authority", authority.as_bytes()), (":path", b"/"), (":method", b"GET")];
            assert_eq!(request(&pairs).unwrap().host(), expected);
        }
    }

    #[test]
    fn digests() {
        assert_eq!(from_hex(&[b'a'; 64]), Some([0xaa; 32]));
        for digits in [&[b'a'; 63][..], &[b'a'; 66], &[b'g'; 64], b""] {
            assert_eq!(from_hex(digits), None);
        }
    }

    #[test]
    fn without_a_path_that_is_text_there_is_nothing_to_decide() {
        assert!(request(&[(":method", b"CONNECT"), (":authority", b"a:443")]).is_err());
        assert!(request(&[(":method", b"GET"), (":path", b"/\xff")]).is_err());
        assert_eq!(request(&[(":method", b"GET"), (":path", b"/")]).unwrap().raw_query(), None);
    }
}
