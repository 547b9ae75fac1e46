//! What the schemas of policies and operations have in common, as types that a JSON Schema is derived from. They are
//! described and never made; the readers work on nodes with places.

#![allow(dead_code, reason = "the types are described and never made")]

use schemars::JsonSchema;

/// The version of a document's language.
#[derive(JsonSchema)]
pub enum ApiVersion {
    #[schemars(rename = "spangate/v1")]
    V1,
}

/// Such as `250ms`, `30s`, `5m`, `1h`, `1d`.
#[derive(JsonSchema)]
pub struct Duration(#[schemars(regex(pattern = r"^[0-9]+(ms|s|m|h|d)$"))] String);

/// Such as `512B`, `64KiB`, `1MiB`.
#[derive(JsonSchema)]
pub struct Size(#[schemars(regex(pattern = r"^[0-9]+(B|KiB|MiB|GiB)$"))] String);

/// Several, or one alone.
#[derive(JsonSchema)]
#[schemars(inline, untagged)]
pub enum OneOrMore<T> {
    One(T),
    More(#[schemars(length(min = 1))] Vec<T>),
}

/// Several, one alone, or none.
#[derive(JsonSchema)]
#[schemars(inline, untagged)]
pub enum AnyNumber<T> {
    One(T),
    Any(Vec<T>),
}
