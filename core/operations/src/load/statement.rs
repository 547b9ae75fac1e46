//! What an operation runs: a query, or one DML statement with what is expected of it.

use spangate_document::{Diagnostic, Diagnostics, Fields, Node, Path, Value as Json};

use super::{fault_at, is_name, unsupported};
use crate::{
    Action, Expectation, Idempotency, Read, ReadSource, Scalar, Staleness, Statement, Value, Write,
    WriteStep, sql,
};

pub(super) fn read(node: &Node, path: Path, diagnostics: &mut Diagnostics) -> Option<Read> {
    let mut fields = Fields::of(node, path, diagnostics)?;
    unsupported(&mut fields, &["keys", "table", "columns", "index"], diagnostics);
    let sql = fields.demand_string("sql", diagnostics).map(str::to_owned);
    if let Some(sql) = &sql {
        one_statement(sql, &fields, &["SELECT", "WITH", "FROM", "GRAPH"], "a read", diagnostics);
    }
    let staleness = fields.take("staleness").map_or(Some(Staleness::Strong), |node| {
        staleness(node, fields.path().member("staleness"), diagnostics)
    });
    fields.finish(diagnostics);
    let statement = Statement { sql: sql?, arguments: Vec::new(), returns_rows: true };
    Some(Read { source: ReadSource::Sql(statement), staleness: staleness? })
}

fn staleness(node: &Node, path: Path, diagnostics: &mut Diagnostics) -> Option<Staleness> {
    if let Json::String(text) = &node.value {
        if text == "strong" {
            return Some(Staleness::Strong);
        }
        let fault =
            Diagnostic::error("invalid_value", &path, format!("unknown staleness `{text}`")).at(node.span);
        diagnostics
            .push(fault.help("write `strong`, `{exact: 10s}`, `{max: 10s}` or `{min_read_timestamp: …}`"));
        return None;
    }
    let mut fields = Fields::of(node, path, diagnostics)?;
    let exact = fields.duration("exact", diagnostics).map(Staleness::Exact);
    let max = fields.duration("max", diagnostics).map(Staleness::Max);
    let least = fields.string("min_read_timestamp", diagnostics).and_then(|text| {
        match Value::from_text(Scalar::Timestamp, text) {
            Ok(value) => value.to_text().map(Staleness::MinReadTimestamp),
            Err(message) => {
                fault_at(&fields, "min_read_timestamp", format!("`{text}` {message}"), diagnostics);
                None
            }
        }
    });
    let mut found = [exact, max, least].into_iter().flatten();
    let (first, second) = (found.next(), found.next());
    if second.is_some() || (first.is_none() && !diagnostics.has_errors()) {
        let message = "exactly one of `exact`, `max` and `min_read_timestamp` is needed";
        diagnostics.error("invalid_value", fields.path(), node, message);
    }
    fields.finish(diagnostics);
    first
}

pub(super) fn write(
    node: &Node,
    path: Path,
    idempotency: Idempotency,
    diagnostics: &mut Diagnostics,
) -> Option<Write> {
    let Json::List(items) = &node.value else {
        let fault = Diagnostic::error("wrong_type", &path, format!("expected a list, found {}", node.kind()));
        diagnostics.push(fault.at(node.span).help("write `- sql: …`"));
        return None;
    };
    let mut statement = None;
    let mut expect = None;
    for (index, item) in items.iter().enumerate() {
        let path = path.index(index);
        let Some(mut fields) = Fields::of(item, path.clone(), diagnostics) else { continue };
        unsupported(
            &mut fields,
            &["for_each", "insert", "update", "delete", "replace", "if", "as"],
            diagnostics,
        );
        let text = fields.string("sql", diagnostics);
        let expected = fields.take("expect");
        match (text, expected) {
            (Some(_), None) if statement.is_some() => {
                diagnostics.error(
                    "not_supported_yet",
                    &path,
                    item,
                    "a second statement is not supported yet",
                );
            }
            (Some(text), None) => {
                one_statement(text, &fields, &["INSERT", "UPDATE", "DELETE"], "a write", diagnostics);
                statement = Some(text.to_owned());
            }
            (None, Some(_)) if statement.is_none() || expect.is_some() => {
                let message = "`expect` follows the statement that it concerns, once";
                diagnostics.error("invalid_value", &path, item, message);
            }
            (None, Some(node)) => expect = expectation(node, path.member("expect"), diagnostics),
            (Some(_), Some(_)) | (None, None) => {
                diagnostics.error(
                    "invalid_value",
                    &path,
                    item,
                    "exactly one of `sql` and `expect` is needed",
                );
            }
        }
        fields.finish(diagnostics);
    }
    if items.is_empty() {
        diagnostics.error("invalid_value", &path, node, "a write needs a statement");
    }
    let sql: String = statement?;
    let statement = Statement { returns_rows: sql::returns_rows(&sql), sql, arguments: Vec::new() };
    let step = WriteStep { action: Action::Sql(statement), for_each: None, expect };
    Some(Write { steps: vec![step], idempotency })
}

fn expectation(node: &Node, path: Path, diagnostics: &mut Diagnostics) -> Option<Expectation> {
    let mut fields = Fields::of(node, path, diagnostics)?;
    fields.demand("rows", diagnostics);
    let rows = fields.integer("rows", diagnostics);
    if let Some(rows) = rows
        && rows < 0
    {
        fault_at(&fields, "rows", format!("`{rows}` is no number of rows"), diagnostics);
    }
    let otherwise = fields.demand("otherwise", diagnostics);
    let path = fields.path().member("otherwise");
    fields.finish(diagnostics);

    let mut fields = Fields::of(otherwise?, path, diagnostics)?;
    fields.demand("status", diagnostics);
    let status = fields.integer("status", diagnostics);
    if let Some(status) = status
        && !(400..=499).contains(&status)
    {
        fault_at(&fields, "status", format!("`{status}` is not between 400 and 499"), diagnostics);
    }
    let reason = fields.demand_string("reason", diagnostics);
    if let Some(reason) = reason
        && !(is_name(reason) && reason.bytes().all(|byte| !byte.is_ascii_uppercase()))
    {
        fault_at(&fields, "reason", format!("`{reason}` is not snake_case"), diagnostics);
    }
    fields.finish(diagnostics);
    Some(Expectation { rows: rows?, status: u16::try_from(status?).ok()?, reason: reason?.to_owned() })
}

/// That the text is one statement of the kind that its place demands.
fn one_statement(
    text: &str,
    fields: &Fields<'_>,
    verbs: &[&str],
    place: &str,
    diagnostics: &mut Diagnostics,
) {
    match sql::statements(text).len() {
        1 => {}
        0 => fault_at(fields, "sql", "there is no statement".to_owned(), diagnostics),
        _ => fault_at(fields, "sql", "only one statement may stand here".to_owned(), diagnostics),
    }
    // A statement may begin with a hint, `@{…}`: then Spanner judges alone.
    let hinted = text.trim_start().starts_with("@{");
    if let Some(verb) = sql::verb(text)
        && !hinted
        && !verbs.iter().any(|known| known.eq_ignore_ascii_case(verb))
    {
        let message = format!("{place} begins with `{}`, not with `{verb}`", verbs.join("`, `"));
        fault_at(fields, "sql", message, diagnostics);
    }
}
