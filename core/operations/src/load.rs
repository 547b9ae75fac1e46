//! From the document's tree to the model. Every fault is found in one reading, with its place.

mod audit;
mod database;
mod location;
mod names;
mod operation;
mod parameter;
mod place;
mod read;
mod write;

use std::collections::BTreeMap;

use spangate_document::{Diagnostic, Diagnostics, Duration, Fields, Node, Path};

use crate::{Class, Database, Dialect, Numbers, Operations, Priority, sql};

/// The text of a schema's file, named as in the document; or why it cannot be had.
pub type Schemas<'s> = &'s dyn Fn(&str) -> Result<String, String>;

/// Reads a document that names no further files; the warnings of one that is otherwise fine come beside it.
pub fn load(document: &Node) -> Result<(Operations, Diagnostics), Diagnostics> {
    load_with(document, &|_| Err("cannot be read: there are no files here".to_owned()))
}

/// The same with the files that it names.
pub fn load_with(document: &Node, schemas: Schemas<'_>) -> Result<(Operations, Diagnostics), Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    let operations = read(document, schemas, &mut diagnostics);
    match operations {
        Some(operations) if !diagnostics.has_errors() => Ok((operations, diagnostics.sorted())),
        _ => Err(diagnostics.sorted()),
    }
}

/// What operations inherit.
struct Defaults {
    database: Option<String>,
    database_role: Option<String>,
    deadline: Duration,
    priority: Priority,
    numbers: Numbers,
}

/// What one reads while reading an operation.
struct Context<'c> {
    databases: &'c BTreeMap<String, Database>,
    defaults: &'c Defaults,
    schemas: Schemas<'c>,
}

const CLASSES: [(&str, Class); 3] = [("point", Class::Point), ("scan", Class::Scan), ("write", Class::Write)];

const DEADLINE: Duration = Duration::from_secs(5);

fn read(document: &Node, schemas: Schemas<'_>, diagnostics: &mut Diagnostics) -> Option<Operations> {
    let mut fields = Fields::of(document, Path::root(), diagnostics)?;
    if let Some(version) = fields.demand_string("apiVersion", diagnostics)
        && version != "spangate/v1"
    {
        let fault = Diagnostic::error(
            "unknown_version",
            &Path::root().member("apiVersion"),
            format!("unknown version `{version}`"),
        );
        diagnostics.push(
            fault.at(document.member("apiVersion").and_then(|node| node.span)).help("use `spangate/v1`"),
        );
    }

    fields.demand("databases", diagnostics);
    let mut databases = BTreeMap::new();
    for (key, node, path) in fields.map("databases", diagnostics) {
        if let Some(database) = database::read(node, path, diagnostics) {
            databases.insert(key.name.clone(), database);
        }
    }
    let defaults = defaults(fields.take("defaults"), diagnostics);
    let context = Context { databases: &databases, defaults: &defaults, schemas };

    fields.demand("operations", diagnostics);
    let mut operations = BTreeMap::new();
    for (key, node, path) in fields.map("operations", diagnostics) {
        if !is_name(&key.name) {
            let message = format!("`{}` is no name of an operation", key.name);
            let fault = Diagnostic::error("invalid_name", &path, message).at(key.span);
            diagnostics.push(fault.help("use letters, digits and `_`, a letter first, such as `ListOrders`"));
        }
        if let Some(operation) = operation::read(&key.name, node, path, &context, diagnostics) {
            operations.insert(key.name.clone(), operation);
        }
    }
    fields.finish(diagnostics);
    Some(Operations { databases, operations })
}

fn defaults(node: Option<&Node>, diagnostics: &mut Diagnostics) -> Defaults {
    let mut defaults = Defaults {
        database: None,
        database_role: None,
        deadline: DEADLINE,
        priority: Priority::Medium,
        numbers: Numbers::Text,
    };
    let Some(mut fields) =
        node.and_then(|node| Fields::of(node, Path::root().member("defaults"), diagnostics))
    else {
        return defaults;
    };
    defaults.database = fields.string("database", diagnostics).map(str::to_owned);
    defaults.database_role = fields.string("database_role", diagnostics).map(str::to_owned);
    defaults.deadline = fields.duration("deadline", diagnostics).unwrap_or(DEADLINE);
    defaults.priority = priority(&mut fields, diagnostics).unwrap_or(Priority::Medium);
    defaults.numbers = numbers(&mut fields, diagnostics).unwrap_or(Numbers::Text);
    fields.finish(diagnostics);
    defaults
}

fn priority(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Option<Priority> {
    let words = [("low", Priority::Low), ("medium", Priority::Medium), ("high", Priority::High)];
    fields.word("priority", &words, diagnostics)
}

fn numbers(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Option<Numbers> {
    fields.word("numbers", &[("text", Numbers::Text), ("native", Numbers::Native)], diagnostics)
}

/// A whole number from 1 to `most`.
fn count(
    fields: &mut Fields<'_>,
    name: &'static str,
    most: u32,
    diagnostics: &mut Diagnostics,
) -> Option<u32> {
    let number = fields.integer(name, diagnostics)?;
    let count = u32::try_from(number).ok().filter(|count| (1..=most).contains(count));
    if count.is_none() {
        fault_at(fields, name, format!("`{number}` is not between 1 and {most}"), diagnostics);
    }
    count
}

/// An `invalid_value` at the member `name`.
fn fault_at(fields: &Fields<'_>, name: &str, message: String, diagnostics: &mut Diagnostics) {
    diagnostics.push(fields.fault(name, message));
}

/// Names of members from the top of the body; none when the body itself is meant.
fn body_path(text: &str) -> Option<Vec<String>> {
    if text == "body" {
        return Some(Vec::new());
    }
    let path: Vec<_> = text.strip_prefix("body.")?.split('.').map(str::to_owned).collect();
    path.iter().all(|name| !name.is_empty()).then_some(path)
}

/// That the text is one statement of the kind that its place demands.
fn one_statement(
    text: &str,
    dialect: Dialect,
    fields: &Fields<'_>,
    verbs: &[&str],
    place: &str,
    diagnostics: &mut Diagnostics,
) {
    match sql::statements(text, dialect).len() {
        1 => {}
        0 => fault_at(fields, "sql", "there is no statement".to_owned(), diagnostics),
        _ => fault_at(fields, "sql", "only one statement may stand here".to_owned(), diagnostics),
    }
    if let Some(verb) = sql::verb(text, dialect)
        && !verbs.iter().any(|known| known.eq_ignore_ascii_case(verb))
    {
        let message = format!("{place} begins with `{}`, not with `{verb}`", verbs.join("`, `"));
        fault_at(fields, "sql", message, diagnostics);
    }
}

/// Of an operation, a parameter or a column.
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.len() <= 128
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests;
