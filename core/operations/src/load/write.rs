//! What a write writes: its steps in their order, each DML or a mutation, perhaps for each item of a list, with what is
//! expected of it.

use spangate_document::{Diagnostic, Diagnostics, Fields, Node, Path, Value as Json};

use super::names::Names;
use super::place::Place;
use super::{body_path, fault_at, is_name, one_statement};
use crate::{
    Action, Dialect, Expectation, ForEach, Idempotency, Mutation, MutationKind, Write, WriteStep, sql,
};

/// Items of a list when the author sets no other bounds.
const MAX_ITEMS: i64 = 1000;
const MOST_ITEMS: i64 = 10_000;

/// Each word for a mutation that sets columns.
const SETTING: [&str; 4] = ["insert", "update", "insert_or_update", "replace"];

pub(super) fn write(
    node: &Node,
    path: &Path,
    names: &mut Names<'_>,
    idempotency: Idempotency,
    diagnostics: &mut Diagnostics,
) -> Option<Write> {
    let Json::List(items) = &node.value else {
        let fault = Diagnostic::error("wrong_type", path, format!("expected a list, found {}", node.kind()));
        diagnostics.push(fault.at(node.span).help("write `- sql: …`"));
        return None;
    };
    let mut steps: Vec<WriteStep> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = path.index(index);
        let Some(mut fields) = Fields::of(item, path.clone(), diagnostics) else { continue };
        if let Some(node) = fields.take("expect") {
            let expected = expectation(node, path.member("expect"), diagnostics);
            let follows = steps.last_mut().filter(|step| {
                step.expect.is_none() && matches!(step.action, Action::Sql(_)) && fields_count(item) == 1
            });
            match follows {
                Some(step) => step.expect = expected,
                None => {
                    let message = "`expect` follows the statement that it concerns, once";
                    diagnostics.error("invalid_value", &path, item, message);
                }
            }
        } else if let Some(step) = step(&mut fields, names, diagnostics) {
            names.step_returns(returned(&step.action, names.dialect));
            steps.push(step);
        }
        fields.finish(diagnostics);
    }
    if items.is_empty() {
        diagnostics.error("invalid_value", path, node, "a write needs a statement");
    }
    one_list(&steps, node, path, diagnostics);
    (!steps.is_empty()).then_some(Write { steps, idempotency })
}

fn fields_count(node: &Node) -> usize {
    match &node.value {
        Json::Map(members) => members.len(),
        _ => 0,
    }
}

fn step(fields: &mut Fields<'_>, names: &Names<'_>, diagnostics: &mut Diagnostics) -> Option<WriteStep> {
    let for_each = fields.take("for_each");
    let for_each = for_each.map(|node| list(node, fields.path().member("for_each"), diagnostics));
    let text = fields.string("sql", diagnostics);
    let mutation = mutation(fields, names, diagnostics);
    let action = match (text, mutation) {
        (Some(text), None) => {
            let verbs = ["INSERT", "UPDATE", "DELETE"];
            one_statement(text, names.dialect, fields, &verbs, "a write", diagnostics);
            Action::Sql(names.statement(text, fields, diagnostics))
        }
        (None, Some(mutation)) => Action::Mutate(mutation?),
        (Some(_), Some(_)) | (None, None) => {
            let message = "exactly one of `sql`, `insert`, `update`, `insert_or_update`, `replace`, `delete` and `expect` is needed";
            diagnostics.error("invalid_value", fields.path(), fields.node(), message);
            return None;
        }
    };
    let of_item = names.parameters(action.arguments()).any(|parameter| parameter.source.is_of_item());
    match &for_each {
        Some(_) if !of_item => {
            let message = "the step runs for each item and uses none of its members: declare parameters `from: item.MEMBER`";
            diagnostics.error("invalid_value", fields.path(), fields.node(), message);
        }
        Some(_) if matches!(&action, Action::Sql(statement) if statement.returns_rows) => {
            let message = "a step that runs for each item returns nothing: leave `THEN RETURN` out";
            diagnostics.error("invalid_value", fields.path(), fields.node(), message);
        }
        None if of_item => {
            let message = "the step uses a member of an item, and runs once: say `for_each: body.LIST`";
            diagnostics.error("invalid_value", fields.path(), fields.node(), message);
        }
        _ => {}
    }
    let for_each = match for_each {
        Some(list) => Some(list?),
        None => None,
    };
    Some(WriteStep { action, for_each, expect: None })
}

/// `body.items`, or that with bounds.
fn list(node: &Node, path: Path, diagnostics: &mut Diagnostics) -> Option<ForEach> {
    let (text, min_items, max_items) = match &node.value {
        Json::Map(_) => {
            let mut fields = Fields::of(node, path.clone(), diagnostics)?;
            let list = fields.demand_string("list", diagnostics);
            let min = fields.integer_in("min_items", 0..=MOST_ITEMS, diagnostics).unwrap_or(1);
            let max = fields.integer_in("max_items", 1..=MOST_ITEMS, diagnostics).unwrap_or(MAX_ITEMS);
            if min > max {
                fault_at(
                    &fields,
                    "min_items",
                    format!("`{min}` is more than `max_items`, {max}"),
                    diagnostics,
                );
            }
            fields.finish(diagnostics);
            (list?, min, max)
        }
        Json::String(text) => (text.as_str(), 1, MAX_ITEMS),
        _ => {
            let fault =
                Diagnostic::error("wrong_type", &path, format!("expected a text, found {}", node.kind()));
            diagnostics.push(fault.at(node.span).help("write `for_each: body.items`"));
            return None;
        }
    };
    let Some(list) = body_path(text) else {
        let message = format!("`{text}` is no list of the body");
        let fault = Diagnostic::error("invalid_value", &path, message).at(node.span);
        diagnostics.push(fault.help("write `body`, or `body.MEMBER`"));
        return None;
    };
    let bound = |count| usize::try_from(count).unwrap_or_default();
    Some(ForEach { list, min_items: bound(min_items), max_items: bound(max_items) })
}

/// An item is of the one list that the operation goes through.
fn one_list(steps: &[WriteStep], node: &Node, path: &Path, diagnostics: &mut Diagnostics) {
    let mut lists = steps.iter().filter_map(|step| step.for_each.as_ref());
    if let Some(first) = lists.next()
        && lists.any(|other| other != first)
    {
        let message = "every `for_each` of an operation goes through the same list, with the same bounds";
        diagnostics.error("invalid_value", path, node, message);
    }
}

/// Absent when the step has none; `Some(None)` when it has faults.
fn mutation(
    fields: &mut Fields<'_>,
    names: &Names<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Option<Mutation>> {
    let mut found = None;
    for word in SETTING.into_iter().chain(["delete"]) {
        let Some(node) = fields.take(word) else { continue };
        let path = fields.path().member(word);
        if found.is_some() {
            diagnostics.error("invalid_value", &path, node, "a step is one mutation");
        }
        found = Some(if word == "delete" {
            deletion(node, path, names, diagnostics)
        } else {
            setting(word, node, path, names, diagnostics)
        });
    }
    found
}

fn setting(
    word: &str,
    node: &Node,
    path: Path,
    names: &Names<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Mutation> {
    let mut fields = Fields::of(node, path, diagnostics)?;
    let table = fields.demand_string("table", diagnostics).map(str::to_owned);
    fields.demand("columns", diagnostics);
    let mut columns = Vec::new();
    for (key, node, path) in fields.map("columns", diagnostics) {
        let Json::String(name) = &node.value else {
            let message = format!("expected the name of a parameter, found {}", node.kind());
            diagnostics.push(Diagnostic::error("wrong_type", &path, message).at(node.span));
            continue;
        };
        let argument = names.value(name, Place::Columns, &fields, diagnostics);
        columns.extend(argument.map(|argument| (key.name.clone(), argument)));
    }
    fields.finish(diagnostics);
    let kind = match word {
        "insert" => MutationKind::Insert(columns),
        "update" => MutationKind::Update(columns),
        "replace" => MutationKind::Replace(columns),
        _ => MutationKind::InsertOrUpdate(columns),
    };
    Some(Mutation { kind, table: table? })
}

fn deletion(node: &Node, path: Path, names: &Names<'_>, diagnostics: &mut Diagnostics) -> Option<Mutation> {
    let mut fields = Fields::of(node, path, diagnostics)?;
    let table = fields.demand_string("table", diagnostics).map(str::to_owned);
    fields.demand("key", diagnostics);
    let key = fields.strings("key", diagnostics).unwrap_or_default();
    let key =
        key.into_iter().filter_map(|name| names.value(name, Place::Key, &fields, diagnostics)).collect();
    fields.finish(diagnostics);
    Some(Mutation { kind: MutationKind::Delete(key), table: table? })
}

fn returned(action: &Action, dialect: Dialect) -> Vec<String> {
    match action {
        Action::Sql(statement) => sql::returned_columns(&statement.sql, dialect),
        Action::Mutate(_) => Vec::new(),
    }
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
