//! What conditions see, as POLICY.md lists it: the declared variables, their types, and which of them may be
//! absent.

use super::Type;

/// One piece of knowledge about a call that is read as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    RequestId,
    Method,
    Scheme,
    Host,
    Path,
    Size,
    Time,
    SourceIp,
    SourcePort,
    Tls,
    PeerSubject,
    PeerSans,
    Authenticated,
    Issuer,
    Subject,
    Tenant,
    Audience,
    Roles,
    Scopes,
    Claims,
    Expires,
    Issued,
    TokenId,
    ApiName,
    ApiVersion,
    Operation,
    Status,
}

/// Maps of the call that are read entry by entry: `request.headers["x"]` asks the host for one header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entries {
    Headers,
    Query,
    Parameters,
    ResponseHeaders,
}

impl Entries {
    /// Names of headers do not depend on case; all others do.
    pub fn are_headers(self) -> bool {
        matches!(self, Self::Headers | Self::ResponseHeaders)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variable {
    Fact(Fact),
    /// A single value each; one that occurs more than once is an error to read.
    Entries(Entries),
    /// A list of values each: `request.headers_all`.
    Every(Entries),
}

use Variable::{Entries as Single, Every, Fact as Whole};

/// Name by name; an object itself is no value.
pub const OBJECTS: &[(&str, &[(&str, Variable)])] = &[
    (
        "request",
        &[
            ("id", Whole(Fact::RequestId)),
            ("method", Whole(Fact::Method)),
            ("scheme", Whole(Fact::Scheme)),
            ("host", Whole(Fact::Host)),
            ("path", Whole(Fact::Path)),
            ("query", Single(Entries::Query)),
            ("headers", Single(Entries::Headers)),
            ("params", Single(Entries::Parameters)),
            ("size", Whole(Fact::Size)),
            ("time", Whole(Fact::Time)),
            ("query_all", Every(Entries::Query)),
            ("headers_all", Every(Entries::Headers)),
        ],
    ),
    ("source", &[("ip", Whole(Fact::SourceIp)), ("port", Whole(Fact::SourcePort))]),
    (
        "connection",
        &[
            ("tls", Whole(Fact::Tls)),
            ("peer_subject", Whole(Fact::PeerSubject)),
            ("peer_sans", Whole(Fact::PeerSans)),
        ],
    ),
    (
        "auth",
        &[
            ("authenticated", Whole(Fact::Authenticated)),
            ("issuer", Whole(Fact::Issuer)),
            ("subject", Whole(Fact::Subject)),
            ("tenant", Whole(Fact::Tenant)),
            ("audience", Whole(Fact::Audience)),
            ("roles", Whole(Fact::Roles)),
            ("scopes", Whole(Fact::Scopes)),
            ("claims", Whole(Fact::Claims)),
            ("expires", Whole(Fact::Expires)),
            ("issued", Whole(Fact::Issued)),
            ("token_id", Whole(Fact::TokenId)),
        ],
    ),
    (
        "api",
        &[
            ("name", Whole(Fact::ApiName)),
            ("version", Whole(Fact::ApiVersion)),
            ("operation", Whole(Fact::Operation)),
        ],
    ),
    (
        "response",
        &[
            ("status", Whole(Fact::Status)),
            ("headers", Single(Entries::ResponseHeaders)),
            ("headers_all", Every(Entries::ResponseHeaders)),
        ],
    ),
];

impl Variable {
    pub fn type_(self) -> Type {
        match self {
            Self::Fact(fact) => fact.type_(),
            Self::Entries(_) => Type::map(Type::String, Type::String),
            Self::Every(_) => Type::map(Type::String, Type::list(Type::String)),
        }
    }

    /// As authors write it.
    pub fn path(self) -> (&'static str, &'static str) {
        OBJECTS
            .iter()
            .find_map(|(object, fields)| {
                fields.iter().find(|(_, variable)| *variable == self).map(|(field, _)| (*object, *field))
            })
            .unwrap_or_default()
    }
}

impl Fact {
    fn type_(self) -> Type {
        match self {
            Self::RequestId
            | Self::Method
            | Self::Scheme
            | Self::Host
            | Self::Path
            | Self::PeerSubject
            | Self::Issuer
            | Self::Subject
            | Self::Tenant
            | Self::TokenId
            | Self::ApiName
            | Self::ApiVersion
            | Self::Operation => Type::String,
            Self::Size | Self::SourcePort | Self::Status => Type::Int,
            Self::Time | Self::Expires | Self::Issued => Type::Timestamp,
            Self::SourceIp => Type::Ip,
            Self::Tls | Self::Authenticated => Type::Bool,
            Self::PeerSans | Self::Audience | Self::Roles | Self::Scopes => Type::list(Type::String),
            Self::Claims => Type::map(Type::String, Type::Dyn),
        }
    }

    /// Absent on a call without a verified token.
    pub fn needs_identity(self) -> bool {
        matches!(
            self,
            Self::Issuer
                | Self::Subject
                | Self::Tenant
                | Self::Audience
                | Self::Roles
                | Self::Scopes
                | Self::Claims
                | Self::Expires
                | Self::Issued
                | Self::TokenId
        )
    }
}
