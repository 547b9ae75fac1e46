//! `write`: steps in one transaction.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use spangate_document::schema::OneOrMore;

use super::ValueName;

/// One statement of DML, one mutation, or what is expected of the statement before.
#[derive(JsonSchema)]
#[schemars(
    deny_unknown_fields,
    extend("oneOf" = [
        {"required": ["sql"]}, {"required": ["insert"]}, {"required": ["update"]},
        {"required": ["insert_or_update"]}, {"required": ["replace"]}, {"required": ["delete"]},
        {"required": ["expect"]},
    ]),
    extend("dependentSchemas" = {"expect": {"maxProperties": 1}})
)]
pub struct Step {
    /// One statement of DML. It may use what an earlier step returned by `THEN RETURN` (`RETURNING`), by the column's
    /// name.
    sql: Option<String>,
    /// A row that must not be there yet; applied at the commit, as every mutation is.
    insert: Option<Mutation>,
    /// Columns of a row that must be there.
    update: Option<Mutation>,
    /// A row, or columns of one that is there.
    insert_or_update: Option<Mutation>,
    /// A row; of one that is there, columns which are not named become NULL.
    replace: Option<Mutation>,
    /// The row with that key.
    delete: Option<Deletion>,
    /// The step runs for each item of a list of the body, in one batch. One list for an operation.
    for_each: Option<ForEach>,
    /// Of the statement before, or of each item that it ran for.
    expect: Option<Expectation>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Mutation {
    /// As the database's schema calls it.
    table: String,
    /// Each column and the name of its value.
    columns: BTreeMap<String, ValueName>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Deletion {
    /// As the database's schema calls it.
    table: String,
    /// The parts of one key.
    key: OneOrMore<ValueName>,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
enum ForEach {
    List(BodyList),
    Bounded(BoundedList),
}

/// `body.MEMBER`, or `body` where the body itself is the list; 1 to 1000 items.
#[derive(JsonSchema)]
struct BodyList(#[schemars(regex(pattern = r"^body(\.[^.]+)*$"))] String);

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct BoundedList {
    list: BodyList,
    /// Fewest items, 0 to 10000; 1 where nothing is said.
    #[schemars(range(min = 0, max = 10_000))]
    min_items: Option<u32>,
    /// Most items, 1 to 10000; 1000 where nothing is said.
    #[schemars(range(min = 1, max = 10_000))]
    max_items: Option<u32>,
}

/// How many rows a statement must have touched; otherwise nothing is written.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Expectation {
    /// Exactly so many.
    #[schemars(range(min = 0))]
    rows: i64,
    otherwise: Otherwise,
}

/// What the caller is refused with.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Otherwise {
    /// 400 to 499.
    #[schemars(range(min = 400, max = 499))]
    status: u16,
    /// In the author's own words, in snake_case.
    #[schemars(regex(pattern = "^[a-z_][a-z0-9_]{0,127}$"))]
    reason: String,
}
