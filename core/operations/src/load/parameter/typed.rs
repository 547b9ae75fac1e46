//! A parameter's type in its database, and values of it that the author wrote.

use spangate_document::{Diagnostics, Fields, Node};

use crate::load::fault_at;
use crate::{Dialect, Misfit, Nulls, Type, TypeFault, Value};

pub fn read(fields: &mut Fields<'_>, dialect: Dialect, diagnostics: &mut Diagnostics) -> Option<Type> {
    let text = fields.demand_string("type", diagnostics)?;
    match Type::parse(text).and_then(|found| found.in_dialect(dialect)) {
        Ok(found) => Some(found),
        Err(TypeFault { message, help }) => {
            diagnostics.push(fields.fault("type", message).help(help));
            None
        }
    }
}

/// A value that the author wrote.
pub fn of_type(
    node: &Node,
    name: &str,
    r#type: &Type,
    nulls: Nulls,
    fields: &Fields<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Value> {
    match Value::from_json(r#type, node, nulls) {
        Ok(value) => Some(value),
        Err(Misfit { path, message }) => {
            let place = if path.is_empty() { String::new() } else { format!("`{path}` ") };
            fault_at(fields, name, format!("{place}{message}, as a value of {type}"), diagnostics);
            None
        }
    }
}
