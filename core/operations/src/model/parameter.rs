//! A parameter: its type, its one source, and what keeps a value out.

use regex_lite::Regex;

use crate::{Schema, Type, Value};

#[derive(Clone, Debug)]
pub struct Parameter {
    pub name: String,
    pub r#type: Type,
    pub source: Source,
    /// When absent it is refused; otherwise it is NULL.
    pub required: bool,
    /// A body's `null` is taken as NULL.
    pub nullable: bool,
    pub default: Option<Value>,
    pub constraints: Constraints,
    /// Of the body, a member or an item, as it was sent.
    pub schema: Option<Schema>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    Path(String),
    Query(String),
    /// In lower case.
    Header(String),
    /// Names of members from the top; empty is the whole body.
    Body(Vec<String>),
    /// Names of members from the top of a `for_each`'s item; empty is the whole item.
    Item(Vec<String>),
    /// Which item it is, counted from 1.
    Position,
    Identity(IdentityField),
    /// A claim that the issuer forwards.
    Claim(String),
    /// That column of the last row of the page before; NULL for the first page.
    Page(String),
    Constant(Value),
}

impl Source {
    /// Whether there is a value for each item of a `for_each`.
    pub fn is_of_item(&self) -> bool {
        matches!(self, Self::Item(_) | Self::Position)
    }
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
