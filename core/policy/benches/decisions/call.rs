//! A call of plain values, as the filter holds one: headers in a list, the query decoded when it is asked for.

use std::borrow::Cow;
use std::net::IpAddr;

use spangate_policy::facts::{Call, Entries, Facts, Occurrence, Timestamp};
use spangate_policy::route::{decode_query, query_parameter};
use spangate_policy::token::Identity;

/// Monday, 2026-11-23T12:00:00Z.
pub const NOW: i64 = 1_795_435_200;

pub struct PlainCall {
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub source: IpAddr,
    pub identity: Identity,
}

impl Default for PlainCall {
    /// With the headers that a browser behind a load balancer sends.
    fn default() -> Self {
        let headers = [
            ("host", "shop.example.com"),
            ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"),
            ("accept", "application/json"),
            ("accept-language", "de-DE,de;q=0.8,en-US;q=0.5,en;q=0.3"),
            ("accept-encoding", "gzip, deflate, br, zstd"),
            ("x-forwarded-for", "203.0.113.9"),
            ("x-forwarded-proto", "https"),
            ("x-request-id", "5d41402a-bc4b-4a76-b971-9d911017c592"),
            ("x-tier", "gold"),
        ];
        Self {
            path: "/storefront/v2/customers/7/orders".to_owned(),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            source: "203.0.113.9".parse().unwrap(),
            identity: Identity {
                issuer: "entra".into(),
                issuer_url: "https://issuer.example/v2.0".into(),
                subject: Some("alice".into()),
                tenant: Some("t1".into()),
                audience: vec!["api://storefront".into()],
                roles: ["Storefront.Browse", "Storefront.Write", "Storefront.Read"].map(str::to_owned).into(),
                scopes: Vec::new(),
                expires: NOW + 600,
                issued: Some(NOW - 60),
                token_id: None,
                claims: serde_json::json!({"level": 3}),
            },
        }
    }
}

impl Call for PlainCall {
    fn request_id(&self) -> Option<&str> {
        Some("5d41402a-bc4b-4a76-b971-9d911017c592")
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
    fn path(&self) -> &str {
        &self.path
    }
    fn raw_query(&self) -> Option<&str> {
        Some("page=2&limit=50")
    }
    fn header(&self, name: &str) -> Occurrence<'_> {
        let mut values = self.headers.iter().filter(|(known, _)| known == name);
        match (values.next(), values.next()) {
            (None, _) => Occurrence::Absent,
            (Some((_, value)), None) => Occurrence::Once(Cow::Borrowed(value)),
            _ => Occurrence::Repeated,
        }
    }
    fn headers(&self) -> Entries<'_> {
        Box::new(self.headers.iter().map(|(name, value)| (name.into(), Some(value.into()))))
    }
    fn query(&self, name: &str) -> Occurrence<'_> {
        query_parameter(self.raw_query().unwrap_or_default(), name)
    }
    fn queries(&self) -> Entries<'_> {
        let pairs = self.raw_query().into_iter().flat_map(decode_query);
        Box::new(pairs.flatten().map(|(name, value)| (name, Some(value))))
    }
    fn size(&self) -> Option<i64> {
        None
    }
    fn has_body(&self) -> bool {
        false
    }
    fn time(&self) -> Timestamp {
        Timestamp { nanoseconds: i128::from(NOW) * 1_000_000_000 }
    }
    fn source_ip(&self) -> Option<IpAddr> {
        Some(self.source)
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
        Vec::new()
    }
    fn peer_certificate(&self) -> Option<[u8; 32]> {
        None
    }
}

impl Facts for PlainCall {
    fn parameter(&self, name: &str) -> Option<Cow<'_, str>> {
        (name == "customer_id").then_some(Cow::Borrowed("7"))
    }
    fn parameters(&self) -> Box<dyn Iterator<Item = (&str, Cow<'_, str>)> + '_> {
        Box::new([("customer_id", Cow::Borrowed("7"))].into_iter())
    }
    fn identity(&self) -> Option<&Identity> {
        Some(&self.identity)
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
}
