//! Tokens as tests describe them, and the JSON Web Tokens that their issuers would have made: claims stand where
//! the policy says that the issuer keeps them.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Map, Value, json};
use spangate_document::{Diagnostic, Diagnostics, Fields, Node, Path, suggestion};
use spangate_policy::Policy;
use spangate_policy::facts::Timestamp;
use spangate_policy::token::{Algorithm, Audiences, Issuer, IssuerUrl};

use crate::instant::{Moment, moment};
use crate::keys;
use crate::request::thumbprint;

/// How long a token is valid unless its description or the issuer's `max_lifetime` says otherwise.
const LIFETIME: i64 = 3600;

/// What a token says of its bearer.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// Index of the issuer in the policy.
    issuer: usize,
    subject: Option<String>,
    tenant: Option<String>,
    roles: Vec<String>,
    scopes: Vec<String>,
    audience: Option<Value>,
    expires: Option<Moment>,
    issued: Option<Moment>,
    not_before: Option<Moment>,
    token_id: Option<String>,
    /// The client certificate without which it is worth nothing (RFC 8705), by the name that calls give it.
    bound_to: Option<String>,
    /// Claims as they stand in the token: they come last, and a null takes a claim out.
    claims: Map<String, Value>,
    header: Map<String, Value>,
    /// The signature is that of another message.
    bad_signature: bool,
    /// In place of all of the above.
    raw: Option<String>,
}

impl Token {
    /// Reads a description. A policy with one issuer needs no `issuer`.
    pub fn read(node: &Node, path: Path, policy: &Policy, diagnostics: &mut Diagnostics) -> Option<Self> {
        let mut fields = Fields::of(node, path, diagnostics)?;
        let raw = fields.string("raw", diagnostics).map(str::to_owned);
        let issuer = issuer(&mut fields, policy, raw.is_some(), diagnostics);
        let texts = |texts: Option<Vec<&str>>| {
            texts.unwrap_or_default().into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        let token = Self {
            issuer: issuer.unwrap_or_default(),
            subject: fields.string("subject", diagnostics).map(str::to_owned),
            tenant: fields.string("tenant", diagnostics).map(str::to_owned),
            roles: texts(fields.strings("roles", diagnostics)),
            scopes: texts(fields.strings("scopes", diagnostics)),
            audience: audience(&mut fields, diagnostics),
            expires: moment(&mut fields, "expires", diagnostics),
            issued: moment(&mut fields, "issued", diagnostics),
            not_before: moment(&mut fields, "not_before", diagnostics),
            token_id: fields.string("token_id", diagnostics).map(str::to_owned),
            bound_to: fields.string("bound_to", diagnostics).map(str::to_owned),
            claims: members(&mut fields, "claims", diagnostics),
            header: members(&mut fields, "header", diagnostics),
            bad_signature: fields
                .word("signature", &[("good", false), ("bad", true)], diagnostics)
                .unwrap_or_default(),
            raw,
        };
        fields.finish(diagnostics);
        issuer.map(|_| token)
    }

    /// The token as its bearer would send it at `now`.
    pub fn mint(&self, policy: &Policy, now: Timestamp) -> String {
        if let Some(raw) = &self.raw {
            return raw.clone();
        }
        let Some(issuer) = policy.issuers().get(self.issuer) else { return String::new() };
        let header = self.header(issuer);
        let parts = [&header, &self.claims(issuer, now)];
        let encoded = parts.map(|part| Base64UrlUnpadded::encode_string(json!(part).to_string().as_bytes()));
        let message = encoded.join(".");
        let signature = self.signature(issuer, &header, &message);
        format!("{message}.{}", Base64UrlUnpadded::encode_string(&signature))
    }

    /// The JOSE header (RFC 7515, section 4).
    pub fn header(&self, issuer: &Issuer) -> Map<String, Value> {
        let algorithm = issuer.algorithms.first().copied().unwrap_or(Algorithm::Rs256);
        let mut header = Map::new();
        header.insert("alg".to_owned(), algorithm.name().into());
        header.insert("kid".to_owned(), issuer.name.as_str().into());
        let token_type = issuer.token_types.first().map_or("JWT", String::as_str);
        header.insert("typ".to_owned(), token_type.into());
        replace(&mut header, &self.header);
        header
    }

    /// The claims, each where the issuer keeps it.
    pub fn claims(&self, issuer: &Issuer, now: Timestamp) -> Map<String, Value> {
        let paths = &issuer.claims;
        let second = Moment::From(0).seconds(now);
        let longest = issuer.max_lifetime.map_or(LIFETIME, |longest| {
            i64::try_from(longest.as_std().as_secs()).unwrap_or(LIFETIME).min(LIFETIME)
        });
        let issued = self.issued.map_or(second, |issued| issued.seconds(now));
        let expires = self.expires.map_or(second.saturating_add(longest), |expires| expires.seconds(now));
        let audience = self.audience.clone().or_else(|| first_audience(issuer));

        let mut claims = Map::new();
        let mut put = |path: &str, value: Option<Value>| {
            if let Some(value) = value {
                place(&mut claims, path, value);
            }
        };
        put("iss", Some(url(issuer, self.tenant(issuer)).into()));
        put(paths.audience.first().unwrap_or(&"aud"), audience);
        put("iat", Some(issued.into()));
        put("exp", Some(expires.into()));
        put("nbf", self.not_before.map(|not_before| not_before.seconds(now).into()));
        put("jti", self.token_id.as_deref().map(Value::from));
        put("cnf", self.bound_to.as_deref().map(confirmation));
        put("sub", self.subject.as_deref().map(Value::from));
        put(&paths.subject, self.subject.as_deref().map(Value::from));
        put(paths.tenant.as_deref().unwrap_or("tid"), self.tenant(issuer).map(Value::from));
        if let Some(path) = paths.roles.first().filter(|_| !self.roles.is_empty()) {
            put(path, Some(json!(self.roles)));
        }
        // Providers write scopes as one text (RFC 6749, section 3.3).
        if let Some(path) = paths.scopes.first().filter(|_| !self.scopes.is_empty()) {
            put(path, Some(self.scopes.join(" ").into()));
        }
        replace(&mut claims, &self.claims);
        claims
    }

    /// An issuer of several tenants has no token without one.
    fn tenant<'t>(&'t self, issuer: &'t Issuer) -> Option<&'t str> {
        let of_issuer = || match &issuer.url {
            IssuerUrl::Exact(_) => None,
            IssuerUrl::Tenants(_, tenants) => tenants.first().map(String::as_str),
        };
        self.tenant.as_deref().or_else(of_issuer)
    }

    fn signature(&self, issuer: &Issuer, header: &Map<String, Value>, message: &str) -> Vec<u8> {
        let text = |name: &str| header.get(name).and_then(Value::as_str);
        // What the issuer has no key for is signed all the same: to refuse it is the engine's part.
        let algorithm = text("alg").and_then(Algorithm::from_name).unwrap_or(Algorithm::Rs256);
        let message = if self.bad_signature { format!("{message}?") } else { message.to_owned() };
        keys::sign(issuer, algorithm, message.as_bytes()).unwrap_or_default()
    }
}

fn issuer(
    fields: &mut Fields<'_>,
    policy: &Policy,
    is_raw: bool,
    diagnostics: &mut Diagnostics,
) -> Option<usize> {
    let issuers = policy.issuers();
    let Some(name) = fields.string("issuer", diagnostics) else {
        match issuers.len() {
            // What stands there is the token, whoever issued it.
            _ if is_raw => {}
            0 => diagnostics.push(fields.fault("issuer", "the policy has no issuers, so nobody has a token")),
            1 => {}
            _ => {
                let fault = fields.fault("issuer", "`issuer` is missing, and the policy has more than one");
                diagnostics.push(fault.help(known(policy)));
            }
        }
        return (issuers.len() == 1 || is_raw).then_some(0);
    };
    let found = issuers.iter().position(|issuer| issuer.name == name);
    if found.is_none() {
        let fault = fields.fault("issuer", format!("the policy has no issuer `{name}`"));
        diagnostics.push(fault.help(
            match suggestion(name, issuers.iter().map(|issuer| issuer.name.as_str())) {
                Some(close) => format!("did you mean `{close}`?"),
                None => known(policy),
            },
        ));
    }
    found
}

fn url(issuer: &Issuer, tenant: Option<&str>) -> String {
    match &issuer.url {
        IssuerUrl::Exact(url) => url.clone(),
        IssuerUrl::Tenants(template, _) => {
            template.to_string().replace("{tenant}", tenant.unwrap_or_default())
        }
    }
}

fn first_audience(issuer: &Issuer) -> Option<Value> {
    match &issuer.audiences {
        Audiences::OneOf(audiences) => audiences.first().map(|first| json!(first)),
        Audiences::Unchecked => None,
    }
}

fn known(policy: &Policy) -> String {
    let names: Vec<&str> = policy.issuers().iter().map(|issuer| issuer.name.as_str()).collect();
    format!("its issuers are `{}`", names.join("`, `"))
}

/// The hash of the certificate that must be shown with the token (RFC 8705, section 3.1).
fn confirmation(certificate: &str) -> Value {
    json!({"x5t#S256": Base64UrlUnpadded::encode_string(&thumbprint(certificate))})
}

/// One audience is a text in a token, several are a list.
fn audience(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Option<Value> {
    let audiences = fields.strings("audience", diagnostics)?;
    Some(match audiences[..] {
        [only] => only.into(),
        _ => json!(audiences),
    })
}

/// A map of JSON, as it stands.
fn members(fields: &mut Fields<'_>, name: &'static str, diagnostics: &mut Diagnostics) -> Map<String, Value> {
    let listed = fields.map(name, diagnostics);
    listed.into_iter().map(|(key, node, _)| (key.name.clone(), node.to_json())).collect()
}

/// Takes over `changes`; a null takes a member out.
fn replace(members: &mut Map<String, Value>, changes: &Map<String, Value>) {
    for (name, value) in changes {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
}

/// Puts a claim where [`spangate_policy::token::claim`] finds it. A name that is an URL has dots of its own.
fn place(claims: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.').filter(|_| !path.contains("://")) {
        None => {
            claims.insert(path.to_owned(), value);
        }
        Some((first, rest)) => {
            let inner = claims.entry(first).or_insert_with(|| json!({}));
            if let Value::Object(inner) = inner {
                place(inner, rest, value);
            }
        }
    }
}

/// The tokens of a document, by name.
#[derive(Clone, Debug, Default)]
pub struct Tokens(Vec<(String, Option<Token>)>);

impl Tokens {
    pub fn read(fields: &mut Fields<'_>, policy: &Policy, diagnostics: &mut Diagnostics) -> Self {
        let listed = fields.map("tokens", diagnostics).into_iter();
        Self(
            listed
                .map(|(key, node, path)| (key.name.clone(), Token::read(node, path, policy, diagnostics)))
                .collect(),
        )
    }

    /// The token of that name. One that is there but faulty has been reported already.
    pub fn named(&self, name: &str, at: &Node, path: &Path, diagnostics: &mut Diagnostics) -> Option<Token> {
        if let Some((_, token)) = self.0.iter().find(|(known, _)| known == name) {
            return token.clone();
        }
        let names = self.0.iter().map(|(name, _)| name.as_str());
        let fault =
            Diagnostic::error("unknown_name", path, format!("there is no token `{name}`")).at(at.span);
        diagnostics.push(fault.help(match suggestion(name, names) {
            Some(close) => format!("did you mean `{close}`?"),
            None => "describe it under `tokens`".to_owned(),
        }));
        None
    }
}
