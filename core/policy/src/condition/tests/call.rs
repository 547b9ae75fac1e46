//! A call made of plain values.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::facts::{self, Facts, Occurrence, Timestamp};
use crate::token::Identity;

#[derive(Clone, Debug)]
pub struct Call {
    /// A value of `None` is one that is not UTF-8.
    pub headers: Vec<(&'static str, Option<&'static str>)>,
    pub queries: Vec<(&'static str, Option<&'static str>)>,
    pub parameters: Vec<(&'static str, &'static str)>,
    pub source: Option<&'static str>,
    pub identity: Option<Identity>,
    pub response: Option<Response>,
}

/// What came back, made of plain values.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(&'static str, Option<&'static str>)>,
}

impl Default for Call {
    /// `GET /storefront/v2/customers/7/orders?limit=20&tag=a&tag=b` on a Monday, by alice.
    fn default() -> Self {
        Self {
            headers: vec![
                ("x-tier", Some("gold")),
                ("x-bytes", None),
                ("accept", Some("text/html")),
                ("accept", Some("application/json")),
            ],
            queries: vec![("limit", Some("20")), ("tag", Some("a")), ("tag", Some("b"))],
            parameters: vec![("customer_id", "7")],
            source: Some("203.0.113.9"),
            identity: Some(Identity {
                issuer: "entra".into(),
                issuer_url: "https://issuer.example/v2.0".into(),
                subject: Some("alice".into()),
                tenant: None,
                audience: vec!["api://storefront".into()],
                roles: vec!["Storefront.Read".into(), "Storefront.Write".into()],
                scopes: Vec::new(),
                expires: 1_795_435_200,
                issued: None,
                token_id: None,
                claims: serde_json::json!({
                    "level": 3,
                    "ratio": 0.5,
                    "email": "alice@example.com",
                    "groups": ["admins", "eu"],
                    "address": {"country": "DE"},
                    "https://example.com/plan": "gold",
                    "nothing": null,
                }),
            }),
            response: Some(Response {
                status: 404,
                headers: vec![
                    ("content-type", Some("application/json")),
                    ("x-bytes", None),
                    ("vary", Some("origin")),
                    ("vary", Some("accept")),
                ],
            }),
        }
    }
}

impl Call {
    pub fn unauthenticated() -> Self {
        Self { identity: None, ..Self::default() }
    }
}

fn occurrence<'f>(pairs: &[(&'static str, Option<&'static str>)], name: &str) -> Occurrence<'f> {
    let mut values = pairs.iter().filter(|(known, _)| *known == name);
    match (values.next(), values.next()) {
        (None, _) => Occurrence::Absent,
        (Some(_), Some(_)) => Occurrence::Repeated,
        (Some((_, Some(text))), None) => Occurrence::Once(Cow::Borrowed(text)),
        (Some((_, None)), None) => Occurrence::Malformed,
    }
}

type Pairs<'f> = Box<dyn Iterator<Item = (Cow<'f, str>, Option<Cow<'f, str>>)> + 'f>;

fn pairs<'f>(pairs: &'f [(&'static str, Option<&'static str>)]) -> Pairs<'f> {
    Box::new(pairs.iter().map(|(name, text)| (Cow::Borrowed(*name), text.map(Cow::Borrowed))))
}

impl facts::Call for Call {
    fn request_id(&self) -> Option<&str> {
        Some("5d41402a")
    }
    fn method(&self) -> &str {
        "GET"
    }
    fn scheme(&self) -> &str {
        "https"
    }
    fn host(&self) -> &str {
        "shop.example.com"
    }
    fn authority(&self) -> &str {
        self.host()
    }

    fn raw_query(&self) -> Option<&str> {
        None
    }

    fn has_body(&self) -> bool {
        false
    }

    fn peer_certificate(&self) -> Option<[u8; 32]> {
        None
    }

    fn path(&self) -> &str {
        "/storefront/v2/customers/7/orders"
    }
    fn header(&self, name: &str) -> Occurrence<'_> {
        occurrence(&self.headers, name)
    }
    fn headers(&self) -> Pairs<'_> {
        pairs(&self.headers)
    }
    fn query(&self, name: &str) -> Occurrence<'_> {
        occurrence(&self.queries, name)
    }
    fn queries(&self) -> Pairs<'_> {
        pairs(&self.queries)
    }
    fn size(&self) -> Option<i64> {
        None
    }
    fn time(&self) -> Timestamp {
        Timestamp { nanoseconds: 1_795_437_015_250_000_000 }
    }
    fn source_ip(&self) -> Option<IpAddr> {
        self.source.map(|source| source.parse().unwrap())
    }
    fn source_port(&self) -> Option<u16> {
        Some(40_123)
    }
    fn tls(&self) -> bool {
        true
    }
    fn peer_subject(&self) -> Option<Cow<'_, str>> {
        None
    }
    fn peer_sans(&self) -> Vec<String> {
        vec!["spiffe://cluster.local/ns/shop/sa/web".into()]
    }
}

impl Facts for Call {
    fn parameter(&self, name: &str) -> Option<Cow<'_, str>> {
        self.parameters.iter().find(|(known, _)| *known == name).map(|(_, text)| Cow::Borrowed(*text))
    }
    fn parameters(&self) -> Box<dyn Iterator<Item = (&str, Cow<'_, str>)> + '_> {
        Box::new(self.parameters.iter().map(|(name, text)| (*name, Cow::Borrowed(*text))))
    }
    fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }
    fn api_name(&self) -> &str {
        "orders"
    }
    fn api_version(&self) -> Option<&str> {
        Some("v2")
    }
    fn operation(&self) -> &str {
        "list_orders"
    }
    fn response(&self) -> Option<&dyn facts::Response> {
        self.response.as_ref().map(|response| response as _)
    }
}

impl facts::Response for Response {
    fn status(&self) -> u16 {
        self.status
    }
    fn header(&self, name: &str) -> Occurrence<'_> {
        occurrence(&self.headers, name)
    }
    fn headers(&self) -> Pairs<'_> {
        pairs(&self.headers)
    }
}
