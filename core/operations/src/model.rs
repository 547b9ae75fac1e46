//! What `operations.yaml` says, once it has been read without fault.

use std::collections::BTreeMap;

use regex_lite::Regex;
use spangate_document::Duration;

use crate::{Location, Type, Value};

#[derive(Clone, Debug)]
pub struct Operations {
    pub databases: BTreeMap<String, Database>,
    pub operations: BTreeMap<String, Operation>,
}

impl Operations {
    pub fn operation(&self, name: &str) -> Option<&Operation> {
        self.operations.get(name)
    }

    /// In the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Operation> {
        self.operations.values()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// `projects/P/instances/I/databases/D`.
    pub name: String,
    /// Most operations at once; more are refused, not queued.
    pub max_in_flight: u32,
    pub max_channels: u32,
}

#[derive(Clone, Debug)]
pub struct Operation {
    pub name: String,
    /// Key of [`Operations::databases`].
    pub database: String,
    pub database_role: Option<String>,
    pub kind: Kind,
    pub parameters: Vec<Parameter>,
    pub deadline: Duration,
    pub priority: Priority,
    pub answer: Answer,
    pub numbers: Numbers,
    /// Largest request body in bytes.
    pub max_body: u64,
}

impl Operation {
    pub fn is_write(&self) -> bool {
        matches!(self.kind, Kind::Write(_))
    }

    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }

    /// Names that a route's template must have.
    pub fn path_names(&self) -> impl Iterator<Item = &str> {
        self.parameters.iter().filter_map(|parameter| match &parameter.source {
            Source::Path(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// Names that a query may have.
    pub fn query_names(&self) -> impl Iterator<Item = &str> {
        self.parameters.iter().filter_map(|parameter| match &parameter.source {
            Source::Query(name) => Some(name.as_str()),
            _ => None,
        })
    }

    pub fn takes_body(&self) -> bool {
        self.parameters.iter().any(|parameter| matches!(parameter.source, Source::Body(_)))
    }

    /// Whether a call without a verified identity is refused for want of it.
    pub fn needs_identity(&self) -> bool {
        self.parameters.iter().any(|parameter| {
            parameter.required && matches!(parameter.source, Source::Identity(_) | Source::Claim(_))
        })
    }
}

#[derive(Clone, Debug)]
pub enum Kind {
    Read(Read),
    Write(Write),
}

impl Kind {
    pub fn sql(&self) -> &str {
        match self {
            Self::Read(read) => &read.sql,
            Self::Write(write) => &write.sql,
        }
    }
}

#[derive(Clone, Debug)]
pub struct Read {
    pub sql: String,
    pub staleness: Staleness,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Staleness {
    Strong,
    Exact(Duration),
    Max(Duration),
    /// RFC 3339, in UTC.
    MinReadTimestamp(String),
}

#[derive(Clone, Debug)]
pub struct Write {
    pub sql: String,
    /// Whether the statement has a `THEN RETURN`.
    pub returns_rows: bool,
    pub expect: Option<Expectation>,
    pub idempotency: Idempotency,
}

/// How many rows a statement must have touched; otherwise the transaction is rolled back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    pub rows: i64,
    pub status: u16,
    pub reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idempotency {
    /// A caller's key, or else the nonce that the filter drew.
    Allowed,
    /// The caller must send a key.
    Required,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    Low,
    Medium,
    High,
}

/// How INT64 and NUMERIC are written in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    Text,
    /// INT64 within 2⁵³ as a number, all else still as text.
    Native,
}

#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Body,
    pub location: Option<Location>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// `{"rows":[…]}`.
    Rows,
    /// The row itself, and 404 when there is none.
    One,
    None,
}

#[derive(Clone, Debug)]
pub struct Parameter {
    pub name: String,
    pub r#type: Type,
    pub source: Source,
    /// Whether the SQL names it; a parameter may serve a location alone.
    pub in_sql: bool,
    /// When absent it is refused; otherwise it is NULL.
    pub required: bool,
    /// A body's `null` is taken as NULL.
    pub nullable: bool,
    pub default: Option<Value>,
    pub constraints: Constraints,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    Path(String),
    Query(String),
    /// Names of members from the top; empty is the whole body.
    Body(Vec<String>),
    Identity(IdentityField),
    /// A claim that the issuer forwards.
    Claim(String),
    Constant(Value),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityField {
    Issuer,
    Subject,
    Tenant,
    Roles,
    Scopes,
}

/// JSON Schema's words. Lengths count characters, of BYTES the bytes, of an array the elements; all else concerns
/// each element. A pattern may match anywhere: anchor it with `^` and `$`.
#[derive(Clone, Debug, Default)]
pub struct Constraints {
    pub minimum: Option<Value>,
    pub maximum: Option<Value>,
    pub min_length: Option<u64>,
    pub max_length: Option<u64>,
    pub pattern: Option<Regex>,
    /// Empty when any value will do.
    pub r#enum: Vec<Value>,
}
