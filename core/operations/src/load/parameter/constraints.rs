//! What keeps a value out, as far as it means something for the parameter's type.

use regex_lite::Regex;
use spangate_document::{Diagnostics, Fields, Node};

use super::typed::of_type;
use crate::load::fault_at;
use crate::{Constraints, Nulls, Scalar, Type};

pub fn read(fields: &mut Fields<'_>, r#type: Option<&Type>, diagnostics: &mut Diagnostics) -> Constraints {
    let (minimum, maximum) = (fields.take("minimum"), fields.take("maximum"));
    let min_length = length(fields, "min_length", diagnostics);
    let max_length = length(fields, "max_length", diagnostics);
    let pattern = fields.string("pattern", diagnostics);
    let allowed = fields.list("enum", diagnostics);
    let Some(r#type) = r#type else { return Constraints::default() };
    let (element, scalar) = (r#type.element(), r#type.scalar());
    let mut bound = |node: Option<&Node>, name: &'static str| {
        let node = node?;
        if !scalar.is_some_and(Scalar::is_ordered) {
            fault_at(fields, name, format!("a {element} has no `{name}`"), diagnostics);
            return None;
        }
        of_type(node, name, element, Nulls::Refused, fields, diagnostics)
    };
    let (minimum, maximum) = (bound(minimum, "minimum"), bound(maximum, "maximum"));
    let has_length = r#type.is_array() || matches!(scalar, Some(Scalar::String | Scalar::Bytes));
    for (name, given) in [("min_length", min_length.is_some()), ("max_length", max_length.is_some())] {
        if given && !has_length {
            fault_at(fields, name, format!("a {type} has no `{name}`"), diagnostics);
        }
    }
    let pattern = pattern.and_then(|pattern| compile(pattern, element, fields, diagnostics));
    if scalar.is_none() && !allowed.is_empty() {
        fault_at(fields, "enum", format!("a {element} has no `enum`"), diagnostics);
    }
    let r#enum = allowed
        .into_iter()
        .filter_map(|(node, _)| of_type(node, "enum", element, Nulls::Refused, fields, diagnostics))
        .collect();
    Constraints { minimum, maximum, min_length, max_length, pattern, r#enum }
}

fn length(fields: &mut Fields<'_>, name: &'static str, diagnostics: &mut Diagnostics) -> Option<u64> {
    let number = fields.integer(name, diagnostics)?;
    let length = u64::try_from(number).ok();
    if length.is_none() {
        fault_at(fields, name, format!("`{number}` is no length"), diagnostics);
    }
    length
}

/// Linear in time, whatever the pattern: callers choose the text that it runs over.
fn compile(
    pattern: &str,
    element: &Type,
    fields: &Fields<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Regex> {
    if *element != Type::Scalar(Scalar::String) {
        fault_at(fields, "pattern", format!("a {element} has no `pattern`"), diagnostics);
        return None;
    }
    match Regex::new(pattern) {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            fault_at(fields, "pattern", format!("`{pattern}` is no pattern: {error}"), diagnostics);
            None
        }
    }
}
