//! What this host knows of a call: its header map, and of the proxy's own properties whatever a rule asks for.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::net::IpAddr;
use std::ops::Range;

use spangate_policy::facts::{Call, Entries, Occurrence, Timestamp};
use spangate_policy::route::decode_query;

use crate::headers::HeaderMap;
use crate::host;

/// A call as it came in. Pseudo-headers are looked up once.
#[derive(Debug)]
pub struct Request {
    headers: HeaderMap,
    method: String,
    scheme: String,
    host: String,
    /// Path and query as they came.
    target: String,
    path: Range<usize>,
    request_id: Option<String>,
    time: Timestamp,
    source: OnceCell<Option<(IpAddr, u16)>>,
}

/// What makes a request no HTTP request that the policy could speak of: no path (CONNECT), or one that is no
/// text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoTarget;

impl Request {
    /// `now` is in nanoseconds since 1970.
    pub fn new(headers: HeaderMap, now: u64) -> Result<Self, NoTarget> {
        let target = headers.text(":path").ok_or(NoTarget)?.to_owned();
        let method = headers.text(":method").ok_or(NoTarget)?.to_owned();
        let end = target.find('?').unwrap_or(target.len());
        let host = headers.text(":authority").map(host_name).unwrap_or_default();
        Ok(Self {
            method,
            scheme: headers.text(":scheme").unwrap_or_default().to_owned(),
            host,
            path: 0..end,
            target,
            request_id: headers.text("x-request-id").map(str::to_owned),
            time: Timestamp { nanoseconds: i128::from(now) },
            source: OnceCell::new(),
            headers,
        })
    }

    pub fn query_text(&self) -> Option<&str> {
        self.target.get(self.path.end..)?.strip_prefix('?')
    }

    /// The query's parameters; routing has refused a query that does not decode.
    pub fn query_parameters(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        decode_query(self.query_text().unwrap_or_default()).filter_map(Result::ok)
    }

    pub fn header_map(&self) -> &HeaderMap {
        &self.headers
    }

    fn source(&self) -> Option<(IpAddr, u16)> {
        *self.source.get_or_init(host::source)
    }
}

/// Without the port; an IPv6 address keeps its brackets.
fn host_name(authority: &str) -> String {
    let end = match authority.rfind(']') {
        Some(bracket) => bracket.saturating_add(1),
        None => authority.find(':').unwrap_or(authority.len()),
    };
    authority.get(..end).unwrap_or(authority).to_ascii_lowercase()
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
        self.request_id.as_deref()
    }

    fn method(&self) -> &str {
        &self.method
    }

    fn scheme(&self) -> &str {
        &self.scheme
    }

    fn host(&self) -> &str {
        &self.host
    }

    fn path(&self) -> &str {
        self.target.get(self.path.clone()).unwrap_or_default()
    }

    fn header(&self, name: &str) -> Occurrence<'_> {
        let named = self.headers.iter().filter(|(key, _)| *key == name.as_bytes());
        occurrence(named.map(|(_, value)| text(value)))
    }

    fn headers(&self) -> Entries<'_> {
        let named = self.headers.iter().filter(|(name, _)| !name.starts_with(b":"));
        Box::new(named.filter_map(|(name, value)| Some((text(name)?, text(value)))))
    }

    fn query(&self, name: &str) -> Occurrence<'_> {
        let named = self.query_parameters().filter(|(key, _)| key == name);
        occurrence(named.map(|(_, value)| Some(value)))
    }

    fn queries(&self) -> Entries<'_> {
        Box::new(self.query_parameters().map(|(name, value)| (name, Some(value))))
    }

    fn size(&self) -> Option<i64> {
        self.headers.text("content-length")?.parse().ok()
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
}

#[cfg(test)]
mod tests {
    use super::host_name;

    #[test]
    fn hosts_have_no_port() {
        for (authority, expected) in [
            ("API.example.com:8443", "api.example.com"),
            ("a", "a"),
            ("[::1]:80", "[::1]"),
            ("[::1]", "[::1]"),
            ("", ""),
        ] {
            assert_eq!(host_name(authority), expected);
        }
    }
}
