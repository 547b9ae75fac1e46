//! A read: by a query or by keys, how fresh, and in which pages.

use spangate_document::Duration;

use super::{Argument, Statement};

#[derive(Clone, Debug)]
pub struct Read {
    pub source: ReadSource,
    pub staleness: Staleness,
}

#[derive(Clone, Debug)]
pub enum ReadSource {
    Sql(Statement),
    Keys(KeyRead),
}

/// A read without SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRead {
    pub table: String,
    pub index: Option<String>,
    pub columns: Vec<String>,
    /// The key's parts. At most one is an array: then there is a key for each of its elements, and an element that
    /// is a STRUCT gives as many parts as it has fields.
    pub key: Vec<Argument>,
    /// Whether the parts are the beginning of a key, so that all rows which begin so are read.
    pub prefix: bool,
    /// Most rows: an INT64.
    pub limit: Option<Argument>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Staleness {
    Strong,
    Exact(Duration),
    Max(Duration),
    /// RFC 3339, in UTC.
    MinReadTimestamp(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// As the operation's staleness says.
    Operation,
    /// A caller may send `Read-Min-Timestamp`.
    Caller,
}

/// Keyset pages: the SQL asks for what comes after the last row of the page before, whose columns are the
/// parameters `from: page.COLUMN`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pages {
    /// The parameter that is the SQL's `LIMIT`: an INT64 with a maximum.
    pub size: String,
    /// Under which name the query carries the token.
    pub token: String,
}
