//! The names in an answer's `location`: each is a parameter, or a column that the answering step returns. One that is
//! neither would leave every answer without its location.

use spangate_document::{Diagnostics, Fields, suggestion};

use super::names::Names;
use crate::{Action, Location, Type, WriteStep, sql};

pub(super) fn check(
    location: &Location,
    answering: Option<&WriteStep>,
    names: &Names<'_>,
    fields: &Fields<'_>,
    diagnostics: &mut Diagnostics,
) {
    let returning = answering.and_then(|step| match &step.action {
        Action::Sql(statement) => Some(statement.sql.as_str()),
        Action::Mutate(_) => None,
    });
    let columns = returning.map(|sql| sql::returned_columns(sql, names.dialect)).unwrap_or_default();
    // What `*` stands for is known when the statement is planned.
    let more = returning.is_some_and(|sql| sql::returns_unnamed(sql, names.dialect));
    for name in location.names().filter(|name| !columns.iter().any(|column| column == name)) {
        let fault = |message| fields.fault("location", message);
        match names.parameter(name) {
            Some(parameter) => {
                let is_single = matches!(parameter.r#type, Type::Scalar(_)) && !parameter.source.is_of_item();
                if !is_single {
                    diagnostics.push(fault(format!("the location's `{{{name}}}` is no single value")));
                }
            }
            None if more || names.is_declared(name) => {}
            None => {
                let message = format!(
                    "the location's `{{{name}}}` is neither a parameter nor a column that the answering step returns"
                );
                let known = suggestion(name, names.declared().chain(columns.iter().map(String::as_str)));
                diagnostics.push(fault(message).help(match known {
                    Some(known) => format!("did you mean `{{{known}}}`?"),
                    None => "return it by `THEN RETURN` (`RETURNING`), or declare a parameter".to_owned(),
                }));
            }
        }
    }
}
