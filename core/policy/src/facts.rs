//! What a host knows of one call. Decisions and conditions ask for it piece by piece, so that nothing is read
//! or copied that no reached rule needs: in Envoy each piece may be a call out of wasm.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::token::Identity;

/// A point in time: nanoseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp {
    pub nanoseconds: i128,
}

/// How often a header or a query parameter occurs. A condition that reads a single value errs on
/// [`Occurrence::Repeated`], so that repeating one dodges no rule (CVE-2026-26308 in Envoy's RBAC).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Occurrence<'f> {
    Absent,
    Once(Cow<'f, str>),
    Repeated,
    /// There, but not UTF-8: reading it is an error of evaluation.
    Malformed,
}

/// One call, as its host sees it. Names of headers are lower case.
pub trait Call {
    fn request_id(&self) -> Option<&str>;
    fn method(&self) -> &str;
    fn scheme(&self) -> &str;
    /// Without port, lower case.
    fn host(&self) -> &str;
    /// As it came, with a port if it has one.
    fn authority(&self) -> &str;
    /// Without the query, still percent-encoded.
    fn path(&self) -> &str;
    /// What follows `?`, as it came.
    fn raw_query(&self) -> Option<&str>;
    fn header(&self, name: &str) -> Occurrence<'_>;
    /// Every header in the order of the request; values that are not UTF-8 come as `None`.
    fn headers(&self) -> Entries<'_>;
    /// A query parameter, decoded once (RFC 3986, and `+` as a space).
    fn query(&self, name: &str) -> Occurrence<'_>;
    fn queries(&self) -> Entries<'_>;
    /// Bytes of the body as `content-length` tells; absent when it does not.
    fn size(&self) -> Option<i64>;
    /// Whether a body follows the headers, empty or not.
    fn has_body(&self) -> bool;
    fn time(&self) -> Timestamp;
    /// The client's address as the proxy trusts it.
    fn source_ip(&self) -> Option<IpAddr>;
    fn source_port(&self) -> Option<u16>;
    fn tls(&self) -> bool;
    fn peer_subject(&self) -> Option<Cow<'_, str>>;
    fn peer_sans(&self) -> Vec<String>;
    /// SHA-256 of the client certificate (its DER), where this proxy ends the TLS and has verified one.
    fn peer_certificate(&self) -> Option<[u8; 32]>;
}

/// Names and values in the order of the request.
pub type Entries<'f> = Box<dyn Iterator<Item = (Cow<'f, str>, Option<Cow<'f, str>>)> + 'f>;

/// All that a condition may read: the call, and what the policy has found out about it so far.
pub trait Facts: Call {
    /// A parameter of the route's template, decoded once.
    fn parameter(&self, name: &str) -> Option<Cow<'_, str>>;
    fn parameters(&self) -> Box<dyn Iterator<Item = (&str, Cow<'_, str>)> + '_>;
    /// The verified caller; absent until `authenticate` has accepted a token.
    fn identity(&self) -> Option<&Identity>;
    fn api_name(&self) -> &str;
    fn api_version(&self) -> Option<&str>;
    fn operation(&self) -> &str;
    /// What came back; absent until the upstream has answered.
    fn response(&self) -> Option<&dyn Response> {
        None
    }
}

/// The head of an answer on its way back, as the host sees it. Names of headers are lower case.
pub trait Response {
    fn status(&self) -> u16;
    fn header(&self, name: &str) -> Occurrence<'_>;
    /// Every header in the order of the answer; values that are not UTF-8 come as `None`.
    fn headers(&self) -> Entries<'_>;
}
