//! `validate`: what parameters and bodies must look like, in the words of JSON Schema.

use regex_lite::Regex;
use spangate_document::{Diagnostics, Fields, Value};

use super::super::owned;
use super::{Body, StepKindSource};
use crate::validate::{BodyRule, MediaRange, Number, ParameterRule, ParameterType, Place, Validation};

/// Longest `pattern`, in bytes.
const MAX_PATTERN: usize = 1024;

pub(super) fn read(body: Body<'_, '_>, diagnostics: &mut Diagnostics) -> Option<StepKindSource> {
    let mut fields = body.demand_map(diagnostics)?;
    let mut parameters = Vec::new();
    for (name, place) in [("query", Place::Query), ("headers", Place::Header), ("path", Place::Path)] {
        for (key, node, path) in fields.map(name, diagnostics) {
            if let Some(rule) = Fields::of(node, path, diagnostics) {
                let name = match place {
                    Place::Header => key.name.to_ascii_lowercase(),
                    Place::Query | Place::Path => key.name.clone(),
                };
                parameters.extend(parameter(place, name, rule, diagnostics));
            }
        }
    }
    let unknown = [("deny", true), ("allow", false)];
    let refuse_unknown = fields.word("unknown_query", &unknown, diagnostics).unwrap_or(false);
    let body = match fields.take("body") {
        Some(node) => Fields::of(node, fields.path().member("body"), diagnostics)
            .map(|rule| self::body(rule, diagnostics)),
        None => None,
    };
    fields.finish(diagnostics);
    Some(StepKindSource::Validate(Validation { parameters, refuse_unknown, body }))
}

fn parameter(
    place: Place,
    name: String,
    mut fields: Fields<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<ParameterRule> {
    let types = [
        ("string", ParameterType::String),
        ("integer", ParameterType::Integer),
        ("number", ParameterType::Number),
        ("boolean", ParameterType::Boolean),
    ];
    let word = fields.word("type", &types, diagnostics);
    // None where it says something else: then nobody knows what goes with it.
    let kind = if fields.node().member("type").is_some() { word } else { Some(ParameterType::String) };
    let [minimum, maximum] = ["minimum", "maximum"].map(|name| number(&mut fields, name, diagnostics));
    let [min_length, max_length] = ["min_length", "max_length"].map(|name| {
        fields
            .integer_in(name, 0..=i64::from(u32::MAX), diagnostics)
            .and_then(|length| usize::try_from(length).ok())
    });
    let pattern = fields.string("pattern", diagnostics).and_then(|pattern| {
        let fault = match Regex::new(pattern) {
            Ok(regex) if pattern.len() <= MAX_PATTERN => return Some(regex),
            Ok(_) => format!("a pattern has at most {MAX_PATTERN} bytes"),
            Err(fault) => format!("`{pattern}` is no pattern: {fault}"),
        };
        diagnostics.push(fields.fault("pattern", fault));
        None
    });
    let one_of = words(&mut fields, diagnostics);
    let required = fields.bool("required", diagnostics).unwrap_or(false);
    let is_numeric = matches!(kind, Some(ParameterType::Integer | ParameterType::Number));
    let is_text = kind == Some(ParameterType::String);
    let words = [
        ("minimum", is_numeric),
        ("maximum", is_numeric),
        ("min_length", is_text),
        ("max_length", is_text),
        ("pattern", is_text),
    ];
    for (name, fits) in words {
        if kind.is_some() && !fits && fields.node().member(name).is_some() {
            diagnostics.push(fields.fault(name, format!("`{name}` says nothing about this type")));
        }
    }
    fields.finish(diagnostics);
    Some(ParameterRule {
        place,
        name,
        kind: kind.unwrap_or(ParameterType::String),
        minimum,
        maximum,
        min_length,
        max_length,
        pattern,
        one_of,
        required,
    })
}

fn number(fields: &mut Fields<'_>, name: &'static str, diagnostics: &mut Diagnostics) -> Option<Number> {
    match fields.take(name)?.value {
        Value::Integer(integer) => Some(Number::Integer(integer)),
        Value::Float(float) => Some(Number::Float(float)),
        _ => {
            diagnostics.push(fields.fault(name, format!("`{name}` is a number")));
            None
        }
    }
}

/// The values of `enum`, as a request spells them.
fn words(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Vec<String> {
    let mut words = Vec::new();
    for (node, path) in fields.list("enum", diagnostics) {
        match &node.value {
            Value::String(text) => words.push(text.clone()),
            Value::Integer(_) | Value::Float(_) | Value::Bool(_) => words.push(node.to_json().to_string()),
            _ => diagnostics.error("wrong_type", &path, node, "expected a text or a number"),
        }
    }
    words
}

fn body(mut fields: Fields<'_>, diagnostics: &mut Diagnostics) -> BodyRule {
    let max_size = fields.size("max_size", diagnostics);
    let mut media_types = Vec::new();
    for range in owned(fields.strings("media_types", diagnostics)).unwrap_or_default() {
        match MediaRange::parse(&range) {
            Some(range) => media_types.push(range),
            None => {
                let message = format!("`{range}` is no media type (such as `application/json`, `image/*`)");
                diagnostics.push(fields.fault("media_types", message));
            }
        }
    }
    let required = fields.bool("required", diagnostics).unwrap_or(false);
    fields.finish(diagnostics);
    BodyRule { max_size, media_types, required }
}
