//! `parameters`: type, source, and what keeps a value out.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;
use spangate_document::schema::Size;

use crate::Scalar;

/// Where a value comes from, and what it must be. Bounds are in JSON Schema's words.
#[derive(JsonSchema)]
#[schemars(
    deny_unknown_fields,
    extend("if" = {"required": ["from"], "properties": {"from": {"const": "constant"}}}),
    extend("then" = {"required": ["value"]}),
    extend("else" = {"properties": {"value": {"const": null}}})
)]
pub struct Parameter {
    r#type: Type,
    from: Source,
    /// Of `from: constant`.
    value: Option<Value>,
    /// What is bound where the caller leaves it out; without one, leaving it out is refused.
    default: Option<Value>,
    /// `false`: NULL where the caller leaves it out.
    required: Option<bool>,
    /// Of a member of the body: whether it may be null; it may not where nothing is said.
    nullable: Option<bool>,
    /// Least value; of an array, of each element.
    minimum: Option<Bound>,
    /// Greatest value; of an array, of each element.
    maximum: Option<Bound>,
    /// Fewest characters; of BYTES bytes, of an array elements.
    min_length: Option<u64>,
    /// Most characters; of BYTES bytes, of an array elements.
    max_length: Option<u64>,
    /// Of a STRING: a regular expression, found anywhere in the value unless it has `^` and `$`.
    pattern: Option<String>,
    /// The only values that are taken; any where the list is empty.
    r#enum: Option<Vec<Value>>,
    /// Of the body, a member or an item: a file of JSON Schema (draft 2020-12) beside this one.
    schema: Option<String>,
    /// Longest body, at most `16MiB`; `64KiB` where nothing is said.
    max_size: Option<Size>,
}

/// Dates, timestamps and numbers beyond 2⁵³ as texts.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Bound {
    Number(f64),
    Text(String),
}

/// A type of Spanner by GoogleSQL's name, in both dialects; `ARRAY<…>` and `STRUCT<NAME TYPE, …>` of them.
struct Type;

impl JsonSchema for Type {
    fn schema_name() -> Cow<'static, str> {
        "Type".into()
    }

    /// The scalars are a list, so that editors offer them.
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description":
                "A type of Spanner by GoogleSQL's name, in both dialects; `ARRAY<…>` or `STRUCT<NAME TYPE, …>` of them.",
            "anyOf": [
                {"type": "string", "enum": Scalar::ALL.map(Scalar::name)},
                {"type": "string", "pattern": "^(ARRAY|STRUCT)<.+>$"},
            ],
        })
    }
}

#[derive(JsonSchema)]
#[schemars(untagged)]
enum Source {
    Word(SourceWord),
    Named(NamedSource),
}

/// Sources that are a word.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum SourceWord {
    /// The route's parameter of the same name; `path NAME` where it has another.
    Path,
    /// The query's parameter of the same name; `query NAME` where it has another.
    Query,
    /// The whole body, a JSON; `body.MEMBER` for a part of it.
    Body,
    /// The whole item of a `for_each`; `item.MEMBER` for a part of it.
    Item,
    /// Which item of a `for_each` it is, counted from 1: an INT64.
    Position,
    /// Who issued the caller's token.
    #[schemars(rename = "identity.issuer")]
    Issuer,
    #[schemars(rename = "identity.subject")]
    Subject,
    #[schemars(rename = "identity.tenant")]
    Tenant,
    /// An ARRAY<STRING>.
    #[schemars(rename = "identity.roles")]
    Roles,
    /// An ARRAY<STRING>.
    #[schemars(rename = "identity.scopes")]
    Scopes,
    /// What `value` says.
    Constant,
}

/// `path NAME`, `query NAME`, `header NAME`, `body.MEMBER`, `item.MEMBER`, `page.COLUMN` (of the last row of the page
/// before) or `claim.NAME` (of the issuer's `claims.forward`).
#[derive(JsonSchema)]
struct NamedSource(
    #[schemars(regex(
        pattern = r"^((path|query|header) .+|header|(body|item)(\.[^.]+)+|(page|claim)\..+)$"
    ))]
    String,
);
