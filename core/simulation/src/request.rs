//! A described call as the engine asks for it, at one instant and with its token in place.

use std::borrow::Cow;
use std::net::IpAddr;

use sha2::{Digest, Sha256};
use spangate_policy::Policy;
use spangate_policy::facts::{self, Entries, Occurrence, Timestamp};
use spangate_policy::route::decode_query;

use crate::call::{Answered, Call, CredentialPlace, encoded};

/// The call that goes to the engine.
#[derive(Debug)]
pub struct Request<'c> {
    call: &'c Call,
    now: Timestamp,
    host: String,
    query: Option<String>,
    /// The described ones, and what token and body add to them.
    headers: Vec<(String, String)>,
}

impl<'c> Request<'c> {
    pub fn new(call: &'c Call, policy: &Policy, now: Timestamp) -> Self {
        let mut request = Self {
            call,
            now,
            host: host_name(&call.authority).to_ascii_lowercase(),
            query: call.query.clone(),
            headers: call.headers.clone(),
        };
        if let Some(credential) = &call.credential {
            request.present(&credential.place, credential.token.mint(policy, now));
        }
        if let Some(body) = &call.body {
            request.add("content-length", (!body.is_chunked).then(|| body.size.to_string()));
            request.add("content-type", body.media_type.clone());
        }
        request
    }

    /// As the call is sent over HTTP: every header of it.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.headers
    }

    fn present(&mut self, place: &CredentialPlace, token: String) {
        match place {
            CredentialPlace::Bearer => {
                self.headers.push(("authorization".to_owned(), format!("Bearer {token}")));
            }
            CredentialPlace::Header(name) => self.headers.push((name.clone(), token)),
            CredentialPlace::Cookie(name) => {
                let cookie = format!("{name}={token}");
                match self.headers.iter_mut().find(|(name, _)| name == "cookie") {
                    Some((_, cookies)) => *cookies = format!("{cookies}; {cookie}"),
                    None => self.headers.push(("cookie".to_owned(), cookie)),
                }
            }
            CredentialPlace::Query(name) => {
                let pair = format!("{}={token}", encoded(name));
                let before = self.query.take().map(|query| query + "&").unwrap_or_default();
                self.query = Some(before + &pair);
            }
        }
    }

    /// A header that the description itself does not name.
    fn add(&mut self, name: &str, value: Option<String>) {
        if let Some(value) = value.filter(|_| !self.headers.iter().any(|(known, _)| known == name)) {
            self.headers.push((name.to_owned(), value));
        }
    }
}

/// Without the port; an IPv6 address keeps its brackets.
fn host_name(authority: &str) -> &str {
    let name = authority.rsplit_once(':').map_or(authority, |(name, _)| name);
    if authority.ends_with(']') { authority } else { name }
}

/// Of a certificate that a description only names.
pub fn thumbprint(name: &str) -> [u8; 32] {
    Sha256::digest(name).into()
}

fn occurrence<'f>(mut values: impl Iterator<Item = Cow<'f, str>>) -> Occurrence<'f> {
    match (values.next(), values.next()) {
        (None, _) => Occurrence::Absent,
        (Some(value), None) => Occurrence::Once(value),
        (Some(_), Some(_)) => Occurrence::Repeated,
    }
}

fn header<'f>(headers: &'f [(String, String)], name: &str) -> Occurrence<'f> {
    occurrence(headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.into()))
}

fn entries(headers: &[(String, String)]) -> Entries<'_> {
    Box::new(headers.iter().map(|(name, value)| (name.into(), Some(value.into()))))
}

impl facts::Call for Request<'_> {
    fn request_id(&self) -> Option<&str> {
        self.headers.iter().find(|(name, _)| name == "x-request-id").map(|(_, id)| id.as_str())
    }

    fn method(&self) -> &str {
        &self.call.method
    }

    fn scheme(&self) -> &str {
        &self.call.scheme
    }

    fn host(&self) -> &str {
        &self.host
    }

    fn authority(&self) -> &str {
        &self.call.authority
    }

    fn path(&self) -> &str {
        &self.call.path
    }

    fn raw_query(&self) -> Option<&str> {
        self.query.as_deref()
    }

    fn header(&self, name: &str) -> Occurrence<'_> {
        header(&self.headers, name)
    }

    fn headers(&self) -> Entries<'_> {
        entries(&self.headers)
    }

    fn query(&self, name: &str) -> Occurrence<'_> {
        let pairs = decode_query(self.query.as_deref().unwrap_or_default()).flatten();
        occurrence(pairs.filter(|(known, _)| known == name).map(|(_, value)| value))
    }

    fn queries(&self) -> Entries<'_> {
        let pairs = decode_query(self.query.as_deref().unwrap_or_default()).flatten();
        Box::new(pairs.map(|(name, value)| (name, Some(value))))
    }

    fn size(&self) -> Option<i64> {
        match header(&self.headers, "content-length") {
            Occurrence::Once(size) => size.parse().ok(),
            Occurrence::Absent | Occurrence::Repeated | Occurrence::Malformed => None,
        }
    }

    fn has_body(&self) -> bool {
        self.call.body.is_some()
    }

    fn time(&self) -> Timestamp {
        self.now
    }

    fn source_ip(&self) -> Option<IpAddr> {
        Some(self.call.source.0)
    }

    fn source_port(&self) -> Option<u16> {
        Some(self.call.source.1)
    }

    fn tls(&self) -> bool {
        self.call.tls
    }

    fn peer_subject(&self) -> Option<Cow<'_, str>> {
        self.call.peer_subject.as_deref().map(Cow::Borrowed)
    }

    fn peer_sans(&self) -> Vec<String> {
        self.call.peer_sans.clone()
    }

    fn peer_certificate(&self) -> Option<[u8; 32]> {
        self.call.peer_certificate.as_deref().map(thumbprint)
    }
}

impl facts::Response for Answered {
    fn status(&self) -> u16 {
        self.status
    }

    fn header(&self, name: &str) -> Occurrence<'_> {
        header(&self.headers, name)
    }

    fn headers(&self) -> Entries<'_> {
        entries(&self.headers)
    }
}
