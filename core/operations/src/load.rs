//! From the document's tree to the model. Every fault is found in one reading, with its place; what a later
//! version will understand is refused by name, never skipped.

mod operation;
mod parameter;
mod statement;

use std::collections::BTreeMap;

use spangate_document::{Diagnostic, Diagnostics, Duration, Fields, Node, Path};

use crate::{Database, Dialect, Operations, Priority};

/// Reads a document; the warnings of one that is otherwise fine come beside it.
pub fn load(document: &Node) -> Result<(Operations, Diagnostics), Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    let operations = read(document, &mut diagnostics);
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
}

/// What one reads while reading an operation.
struct Context<'c> {
    databases: &'c BTreeMap<String, Database>,
    defaults: &'c Defaults,
}

const DEADLINE: Duration = Duration::from_secs(5);

fn read(document: &Node, diagnostics: &mut Diagnostics) -> Option<Operations> {
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
    unsupported(&mut fields, &["freshness", "pages", "permits", "audit", "region"], diagnostics);

    fields.demand("databases", diagnostics);
    let mut databases = BTreeMap::new();
    for (key, node, path) in fields.map("databases", diagnostics) {
        if let Some(database) = database(node, path, diagnostics) {
            databases.insert(key.name.clone(), database);
        }
    }
    let defaults = defaults(fields.take("defaults"), diagnostics);
    let context = Context { databases: &databases, defaults: &defaults };

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

fn database(node: &Node, path: Path, diagnostics: &mut Diagnostics) -> Option<Database> {
    let mut fields = Fields::of(node, path, diagnostics)?;
    let name = fields.demand_string("name", diagnostics).map(str::to_owned);
    if let Some(name) = &name
        && !is_database(name)
    {
        let path = fields.path().member("name");
        let fault = Diagnostic::error("invalid_value", &path, format!("`{name}` names no database"));
        let span = node.member("name").and_then(|node| node.span);
        diagnostics
            .push(fault.at(span).help("write `projects/PROJECT/instances/INSTANCE/databases/DATABASE`"));
    }
    let max_in_flight = count(&mut fields, "max_in_flight", 100_000, diagnostics).unwrap_or(400);
    let max_channels = count(&mut fields, "max_channels", 256, diagnostics).unwrap_or(4);
    unsupported(&mut fields, &["dialect", "directed_reads", "credentials", "regions"], diagnostics);
    fields.finish(diagnostics);
    Some(Database {
        name: name?,
        dialect: Dialect::GoogleSql,
        max_in_flight,
        max_channels,
        classes: BTreeMap::new(),
        roles: BTreeMap::new(),
        regions: BTreeMap::new(),
        queue: None,
        directed_reads: None,
    })
}

fn defaults(node: Option<&Node>, diagnostics: &mut Diagnostics) -> Defaults {
    let mut defaults =
        Defaults { database: None, database_role: None, deadline: DEADLINE, priority: Priority::Medium };
    let Some(mut fields) =
        node.and_then(|node| Fields::of(node, Path::root().member("defaults"), diagnostics))
    else {
        return defaults;
    };
    defaults.database = fields.string("database", diagnostics).map(str::to_owned);
    defaults.database_role = fields.string("database_role", diagnostics).map(str::to_owned);
    defaults.deadline = fields.duration("deadline", diagnostics).unwrap_or(DEADLINE);
    defaults.priority = priority(&mut fields, diagnostics).unwrap_or(Priority::Medium);
    fields.finish(diagnostics);
    defaults
}

fn priority(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Option<Priority> {
    choice(
        fields,
        "priority",
        &[("low", Priority::Low), ("medium", Priority::Medium), ("high", Priority::High)],
        diagnostics,
    )
}

/// One of a few words.
fn choice<T: Copy>(
    fields: &mut Fields<'_>,
    name: &'static str,
    choices: &[(&str, T)],
    diagnostics: &mut Diagnostics,
) -> Option<T> {
    let text = fields.string(name, diagnostics)?;
    let found = choices.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
    if found.is_none() {
        let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
        let fault =
            Diagnostic::error("invalid_value", &fields.path().member(name), format!("unknown `{text}`"));
        let span = fields.node().member(name).and_then(|node| node.span);
        diagnostics.push(fault.at(span).help(format!("choose one of `{}`", words.join("`, `"))));
    }
    found
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
    let span = fields.node().member(name).unwrap_or(fields.node()).span;
    diagnostics.push(Diagnostic::error("invalid_value", &fields.path().member(name), message).at(span));
}

/// Keys that the reference knows and this version does not: an error each, so that nothing is half obeyed.
fn unsupported(fields: &mut Fields<'_>, names: &[&'static str], diagnostics: &mut Diagnostics) {
    for name in names {
        if let Some(node) = fields.take(name) {
            let message = format!("`{name}` is not supported yet");
            diagnostics.push(
                Diagnostic::error("not_supported_yet", &fields.path().member(name), message).at(node.span),
            );
        }
    }
}

/// Of an operation, a parameter or a column.
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.len() <= 128
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn is_database(name: &str) -> bool {
    let parts: Vec<_> = name.split('/').collect();
    matches!(parts.as_slice(), ["projects", project, "instances", instance, "databases", database]
    if [project, instance, database].iter().all(|part| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
    }))
}

#[cfg(test)]
mod tests;
