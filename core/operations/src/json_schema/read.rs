//! `read`: a query or rows by their keys, and how fresh.

use schemars::JsonSchema;
use spangate_document::schema::{Duration, OneOrMore};

use super::ValueName;

/// `sql` or `keys`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("oneOf" = [{"required": ["sql"]}, {"required": ["keys"]}]))]
pub struct Read {
    /// One query. Values are never part of the text: they are parameters.
    sql: Option<String>,
    /// Rows by their keys, without SQL.
    keys: Option<Keys>,
    staleness: Option<Staleness>,
}

/// Spanner's read API.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Keys {
    /// As the database's schema calls it.
    table: String,
    /// A secondary index, which has the columns.
    index: Option<String>,
    /// In the order of the answer.
    columns: OneOrMore<String>,
    /// A name for each part of the key. One that is an ARRAY gives a key for each of its elements.
    key: OneOrMore<ValueName>,
    /// Whether the parts are the beginning of a key, so that all rows which begin so are read; they are a whole key
    /// where nothing is said.
    prefix: Option<bool>,
    /// Most rows: the name of a parameter of type INT64.
    limit: Option<String>,
}

/// How old the data may be; `strong` where nothing is said.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Staleness {
    Word(Strong),
    Bound(StalenessBound),
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum Strong {
    /// Whatever was committed before the read.
    Strong,
}

/// Exactly one of these.
#[derive(JsonSchema)]
#[schemars(
    deny_unknown_fields,
    extend("oneOf" = [{"required": ["exact"]}, {"required": ["max"]}, {"required": ["min_read_timestamp"]}])
)]
struct StalenessBound {
    /// Exactly that old.
    exact: Option<Duration>,
    /// At most that old; Spanner chooses.
    max: Option<Duration>,
    /// No older than that instant (RFC 3339); Spanner chooses.
    min_read_timestamp: Option<String>,
}
