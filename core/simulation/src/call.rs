//! Calls as tests describe them, read into values that a simulated host can show to the engine.

mod body;
mod credential;

use std::net::{IpAddr, SocketAddr};

use spangate_document::{Diagnostics, Fields, Node, Path, Value};
use spangate_policy::Policy;
use spangate_policy::facts::Timestamp;

use crate::instant::instant;
use crate::token::Tokens;
pub use body::Body;
pub use credential::{Credential, CredentialPlace};

/// Where a call comes from that does not say: an address of RFC 5737, which no rule means by chance.
const SOURCE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

/// One call, and what the upstream would answer to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub at: Option<Timestamp>,
    pub method: String,
    pub scheme: String,
    /// With the port, if it names one.
    pub authority: String,
    pub path: String,
    /// What follows `?`, as it stands.
    pub query: Option<String>,
    /// In order, names in lower case; a name may occur more than once.
    pub headers: Vec<(String, String)>,
    pub credential: Option<Credential>,
    pub source: (IpAddr, u16),
    pub tls: bool,
    pub peer_subject: Option<String>,
    pub peer_sans: Vec<String>,
    /// A name for the client's certificate: a token that is `bound_to` the same name is bound to it.
    pub peer_certificate: Option<String>,
    pub body: Option<Body>,
    pub response: Answered,
}

/// What the upstream is to have answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    pub status: u16,
    pub headers: Vec<(String, String)>,
}

impl Default for Answered {
    fn default() -> Self {
        Self { status: 200, headers: vec![("content-type".to_owned(), "application/json".to_owned())] }
    }
}

impl Call {
    pub fn read(
        node: &Node,
        path: Path,
        policy: &Policy,
        tokens: &Tokens,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let mut fields = Fields::of(node, path, diagnostics)?;
        let call = Self::from_fields(&mut fields, policy, tokens, diagnostics);
        fields.finish(diagnostics);
        call
    }

    /// A document of one call: `{at, tokens, call: {…}}` as in a test file, or the call's own members.
    pub fn from_document(document: &Node, policy: &Policy, diagnostics: &mut Diagnostics) -> Option<Self> {
        let mut fields = Fields::of(document, Path::root(), diagnostics)?;
        let tokens = Tokens::read(&mut fields, policy, diagnostics);
        let call = match fields.take("call") {
            None => Self::from_fields(&mut fields, policy, &tokens, diagnostics),
            Some(node) => {
                let at = instant(&mut fields, "at", diagnostics);
                let call = Self::read(node, fields.path().member("call"), policy, &tokens, diagnostics);
                call.map(|call| Self { at: call.at.or(at), ..call })
            }
        };
        fields.finish(diagnostics);
        call
    }

    /// The same, among other members that the caller reads.
    fn from_fields(
        fields: &mut Fields<'_>,
        policy: &Policy,
        tokens: &Tokens,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let at = instant(fields, "at", diagnostics);
        let method = fields.string("method", diagnostics).unwrap_or("GET").to_owned();
        let target = target(fields, diagnostics);
        let scheme = fields.word("scheme", &[("https", "https"), ("http", "http")], diagnostics);
        let tls = fields.bool("tls", diagnostics).unwrap_or(scheme != Some("http"));
        let authority = fields.string("host", diagnostics).unwrap_or("localhost").to_owned();
        let headers = headers(fields, diagnostics);
        let credential = credential::read(fields, policy, tokens, diagnostics);
        let source = source(fields, diagnostics);
        let peer_subject = fields.string("peer_subject", diagnostics).map(str::to_owned);
        let peer_sans = fields.strings("peer_sans", diagnostics).unwrap_or_default();
        let peer_sans = peer_sans.into_iter().map(str::to_owned).collect();
        let peer_certificate = fields.string("peer_certificate", diagnostics).map(str::to_owned);
        let body = body::read(fields, diagnostics);
        let response = response(fields, diagnostics);
        let (path, query) = target?;
        let scheme = scheme.unwrap_or(if tls { "https" } else { "http" }).to_owned();
        Some(Self {
            at,
            method,
            scheme,
            authority,
            path,
            query,
            headers,
            credential,
            source: source.unwrap_or((SOURCE, 49152)),
            tls,
            peer_subject,
            peer_sans,
            peer_certificate,
            body,
            response,
        })
    }

    /// Such as `GET /orders?limit=3`.
    pub fn line(&self) -> String {
        let query = self.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{} {}{query}", self.method, self.path)
    }
}

/// Path and query; `query` may also stand by itself, as names and values that are not encoded yet.
fn target(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Option<(String, Option<String>)> {
    let target = fields.demand_string("path", diagnostics);
    let pairs = pairs(fields, "query", diagnostics);
    let target = target?;
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let listed = pairs.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
    let query: Vec<String> = query.map(str::to_owned).into_iter().chain(listed).collect();
    Some((path.to_owned(), (!query.is_empty()).then(|| query.join("&"))))
}

/// Percent-encoded, all but RFC 3986's unreserved characters.
pub(crate) fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

fn headers(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Vec<(String, String)> {
    let listed = pairs(fields, "headers", diagnostics).into_iter();
    listed.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect()
}

/// Names and their values; a list gives a name several. Numbers and booleans are taken as they are written.
fn pairs(
    fields: &mut Fields<'_>,
    name: &'static str,
    diagnostics: &mut Diagnostics,
) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for (key, node, path) in fields.map(name, diagnostics) {
        let values: Vec<(&Node, Path)> = match &node.value {
            Value::List(items) => {
                items.iter().enumerate().map(|(index, item)| (item, path.index(index))).collect()
            }
            _ => vec![(node, path)],
        };
        for (value, path) in values {
            match plain(value) {
                Some(value) => pairs.push((key.name.clone(), value)),
                None => {
                    let message = format!("expected a text or a list of texts, found {}", value.kind());
                    diagnostics.error("wrong_type", &path, value, message);
                }
            }
        }
    }
    pairs
}

/// A scalar as text.
pub(crate) fn plain(node: &Node) -> Option<String> {
    match &node.value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::List(_) | Value::Map(_) => None,
    }
}

fn source(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Option<(IpAddr, u16)> {
    let text = fields.string("source", diagnostics)?;
    let with_port = text.parse::<SocketAddr>().map(|address| (address.ip(), address.port()));
    let source = text.parse().map(|ip| (ip, 49152)).or(with_port);
    if source.is_err() {
        let message = format!("`{text}` is no address (such as `198.51.100.4`, `[2001:db8::1]:443`)");
        diagnostics.push(fields.fault("source", message));
    }
    source.ok()
}

fn response(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Answered {
    let mut answered = Answered::default();
    let Some(node) = fields.take("response") else { return answered };
    let Some(mut inner) = Fields::of(node, fields.path().member("response"), diagnostics) else {
        return answered;
    };
    if let Some(status) = status(&mut inner, 100..=599, diagnostics) {
        answered.status = status;
    }
    if node.member("headers").is_some() {
        answered.headers = headers(&mut inner, diagnostics);
    }
    inner.finish(diagnostics);
    answered
}

/// The status of an answer.
pub(crate) fn status(
    fields: &mut Fields<'_>,
    range: std::ops::RangeInclusive<i64>,
    diagnostics: &mut Diagnostics,
) -> Option<u16> {
    fields.integer_in("status", range, diagnostics).and_then(|status| u16::try_from(status).ok())
}
