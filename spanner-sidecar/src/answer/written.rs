//! The answer of a write. It is made before the commit, since the row that repeats are answered from is committed with
//! it.

use spangate_operations::{Body, Operation, Value};

use super::text;
use crate::idempotency::Answer;
use crate::json::Columns;
use crate::refusal::{Reason, Refusal};
use crate::spanner::Returned;

/// What the rows of the answering step make of it; refused, nothing is committed.
pub fn answer(
    operation: &Operation,
    values: &[Value],
    returned: Option<&Returned>,
) -> Result<Answer, Refusal> {
    let body = match (operation.answer.body, returned) {
        (Body::None, _) | (_, None) => None,
        (Body::Rows, Some(returned)) => Some(rows(operation, returned)),
        (Body::One, Some(returned)) => Some(one(operation, returned)?),
    };
    let location = location(operation, values, returned);
    Ok(Answer { status: operation.answer.status, location, body })
}

fn rows(operation: &Operation, returned: &Returned) -> String {
    let columns = Columns::new(&returned.names, &returned.types, operation.numbers);
    let mut text = String::from("{\"rows\":[");
    for (index, row) in returned.rows.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        columns.write_row(row, &mut text);
    }
    text.push_str("]}");
    text
}

fn one(operation: &Operation, returned: &Returned) -> Result<String, Refusal> {
    match returned.rows.as_slice() {
        [row] => {
            let mut text = String::new();
            Columns::new(&returned.names, &returned.types, operation.numbers).write_row(row, &mut text);
            Ok(text)
        }
        [] => Err(Refusal::new(Reason::NotFound, "there is no such row")),
        _ => {
            let detail = "the operation answers with one row and touched more; nothing was written";
            Err(Refusal::new(Reason::SchemaMismatch, detail))
        }
    }
}

/// Where the new thing is to be found. A NULL has no place in it: then there is none.
fn location(operation: &Operation, values: &[Value], returned: Option<&Returned>) -> Option<String> {
    let location = operation.answer.location.as_ref()?;
    let column = |name: &str| {
        let returned = returned?;
        let index = returned.names.iter().position(|column| column == name)?;
        text(returned.rows.first()?.get(index)?)
    };
    let parameter = |name: &str| values.get(operation.parameter_index(name)?)?.to_text();
    match location.fill(|name| column(name).or_else(|| parameter(name))) {
        Ok(location) => Some(location),
        Err(name) => {
            tracing::error!(event = "location_incomplete", operation = operation.name, name);
            None
        }
    }
}
