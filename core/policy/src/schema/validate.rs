//! `validate`: what parameters and bodies must look like.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use spangate_document::schema::{AnyNumber, Size};

use super::step::step;

step! {
    /// What parameters and the body must look like.
    struct Validate {
        /// Parameters of the query, by name.
        query: Option<BTreeMap<String, Parameter>>,
        /// Headers of the request, by name.
        headers: Option<BTreeMap<String, Parameter>>,
        /// Parameters of the route, by name.
        path: Option<BTreeMap<String, Parameter>>,
        /// Whether query parameters that are not named here are refused; they are allowed where nothing is said.
        unknown_query: Option<UnknownQuery>,
        body: Option<Body>,
    }
}

/// In the words of JSON Schema.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Parameter {
    #[schemars(rename = "type")]
    kind: Option<ParameterType>,
    /// Of a number.
    minimum: Option<f64>,
    /// Of a number.
    maximum: Option<f64>,
    /// In characters.
    min_length: Option<u32>,
    /// In characters.
    max_length: Option<u32>,
    /// A regular expression, found anywhere in the value unless it has `^` and `$`.
    #[schemars(length(max = 1024))]
    pattern: Option<String>,
    #[schemars(rename = "enum")]
    /// The only values that are taken.
    one_of: Option<Vec<Word>>,
    /// Whether a call without it is refused; it is not where nothing is said.
    required: Option<bool>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum ParameterType {
    String,
    Integer,
    Number,
    Boolean,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
enum Word {
    Text(String),
    Number(f64),
    Boolean(bool),
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum UnknownQuery {
    Deny,
    Allow,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Body {
    max_size: Option<Size>,
    /// Such as `application/json` or `image/*`.
    media_types: Option<AnyNumber<String>>,
    /// Whether a call without a body is refused; it is not where nothing is said.
    required: Option<bool>,
}
