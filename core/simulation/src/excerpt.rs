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
        document.at(path).map(|node| Self::read(node, kind)).unwrap_or_default()
    }

    fn read(step: &Node, kind: &str) -> Self {
        let line = step.span.map(|span| span.line);
        if !matches!(step.value, Value::Map(_)) {
            return Self { line, when: None, does: text(step) };
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
        Self { line, when, does: does.collect::<Vec<_>>().join(", ") }
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
