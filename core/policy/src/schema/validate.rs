//! `validate`: what parameters and bodies must look like.

use std::collections::BTreeMap;

use schemars::JsonSchema;

use super::AnyNumber;
use super::step::step;

step! {
    /// What parameters and the body must look like.
    struct Validate {
        query: Option<BTreeMap<String, Parameter>>,
        headers: Option<BTreeMap<String, Parameter>>,
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
    minimum: Option<f64>,
    maximum: Option<f64>,
    min_length: Option<u32>,
    max_length: Option<u32>,
    /// A regular expression, found anywhere in the value unless it has `^` and `$`.
    #[schemars(length(max = 1024))]
    pattern: Option<String>,
    #[schemars(rename = "enum")]
    one_of: Option<Vec<Word>>,
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
    /// Such as `64KiB`.
    #[schemars(regex(pattern = "^[0-9]+(B|KiB|MiB|GiB)$"))]
    max_size: Option<String>,
    /// Such as `application/json` or `image/*`.
    media_types: Option<AnyNumber<String>>,
    required: Option<bool>,
}
