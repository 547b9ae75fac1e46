//! What a step says, in one line for a person: its condition and what it does, as the author wrote them.

use std::fmt;

use spangate_document::{Node, Value};
use spangate_policy::Step;

/// Members that stand elsewhere in a line, or are lines of their own.
const APART: [&str; 5] = ["name", "mode", "when", "steps", "otherwise"];

/// A step's `when`, and the rest of it. Both may stand inside or beside the member that names the kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Excerpt {
    pub line: Option<u32>,
    pub when: Option<String>,
    pub does: String,
    /// What it names and the document defines elsewhere: `conditions.NAME`, `roles.NAME`.
    pub defined: Vec<(String, String)>,
}

impl Excerpt {
    /// Of a step of the policy that `document` is.
    pub fn of(document: &Node, step: &Step) -> Self {
        Self::at(document, &step.path, step.kind_name())
    }

    /// Of whatever stands at `path`; empty where nothing does.
    pub fn at(document: &Node, path: &str, kind: &str) -> Self {
        if path.is_empty() {
            return Self::default();
        }
        let Some(node) = document.at(path) else { return Self::default() };
        let excerpt = Self::read(node, kind);
        let named = match kind {
            "roles" => role_names(node).map(|name| format!("roles.{name}")).collect(),
            _ => conditions_in(&excerpt.to_string()),
        };
        Self { defined: definitions(document, named), ..excerpt }
    }

    fn read(step: &Node, kind: &str) -> Self {
        let line = step.span.map(|span| span.line);
        if !matches!(step.value, Value::Map(_)) {
            return Self { line, does: text(step), ..Self::default() };
        }
        let body = step.member(kind);
        let when = [body.and_then(|body| body.member("when")), step.member("when")];
        let when = when.into_iter().flatten().find_map(Node::as_str).map(str::to_owned);
        let beside = members(step).filter(|(name, _)| *name != kind);
        let inside = body.map(|body| match &body.value {
            Value::Map(_) => members(body).map(member).collect::<Vec<_>>(),
            _ => vec![text(body)],
        });
        let does = inside.unwrap_or_default().into_iter().chain(beside.map(member));
        Self { line, when, does: does.collect::<Vec<_>>().join(", "), defined: Vec::new() }
    }
}

/// Such as `when request.host == "a": key: auth.subject, rate: 3/1h`; empty where there is nothing to tell.
impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.when, self.does.as_str()) {
            (None, does) => f.write_str(does),
            (Some(when), "") => write!(f, "when {when}"),
            (Some(when), does) => write!(f, "when {when}: {does}"),
        }
    }
}

/// One name stands for a list of one.
fn role_names(roles: &Node) -> impl Iterator<Item = &str> {
    let items = match &roles.value {
        Value::List(items) => items.as_slice(),
        _ => std::slice::from_ref(roles),
    };
    items.iter().filter_map(Node::as_str)
}

/// Every `conditions.NAME` of an expression.
fn conditions_in(expression: &str) -> Vec<String> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let after = expression.split("conditions.").skip(1);
    let names = after.map(|rest| rest.split(|c| !is_of_name(c)).next().unwrap_or_default());
    names.map(|name| format!("conditions.{name}")).collect()
}

/// What these paths stand for, and what that names in turn.
fn definitions(document: &Node, mut paths: Vec<String>) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    paths.reverse();
    while let Some(path) = paths.pop() {
        let is_new = found.iter().all(|(known, _)| *known != path);
        if let Some(definition) = document.at(&path).and_then(Node::as_str).filter(|_| is_new) {
            paths.extend(conditions_in(definition).into_iter().rev());
            found.push((path, definition.to_owned()));
        }
    }
    found
}

fn members(map: &Node) -> impl Iterator<Item = (&str, &Node)> {
    let members = match &map.value {
        Value::Map(members) => members.as_slice(),
        _ => &[],
    };
    members.iter().map(|(key, node)| (key.name.as_str(), node)).filter(|(name, _)| !APART.contains(name))
}

fn member((name, node): (&str, &Node)) -> String {
    format!("{name}: {}", text(node))
}

/// As YAML writes it in one line, without quotation marks.
fn text(node: &Node) -> String {
    match &node.value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::List(items) => format!("[{}]", items.iter().map(text).collect::<Vec<_>>().join(", ")),
        Value::Map(members) => {
            let members = members.iter().map(|(key, node)| member((&key.name, node)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        Value::Bool(_) | Value::Integer(_) | Value::Float(_) => node.to_json().to_string(),
    }
}
