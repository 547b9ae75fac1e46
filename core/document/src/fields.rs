//! Reading a map member by member: what is taken is known, what is left over is a fault with a suggestion.

use std::fmt;
use std::ops::RangeInclusive;

use crate::{
    Diagnostic, Diagnostics, Duration, Key, Node, Quota, Rate, Value, parse_duration, parse_quota,
    parse_rate, parse_size,
};

/// Where in the document, as names and indices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path(String);

impl Path {
    pub fn root() -> Self {
        Self::default()
    }

    pub fn member(&self, name: &str) -> Self {
        if self.0.is_empty() { Self(name.to_owned()) } else { Self(format!("{}.{name}", self.0)) }
    }

    pub fn index(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The members of one map while they are read. Every reading method takes the member; a value of the wrong
/// kind is reported and counts as absent, so that reading goes on to the next fault.
pub struct Fields<'n> {
    path: Path,
    node: &'n Node,
    members: &'n [(Key, Node)],
    /// Names asked for so far: they are what a suggestion may propose.
    known: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    /// The members of `node`, or a fault if it is no map.
    pub fn of(node: &'n Node, path: Path, diagnostics: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Map(members) => Some(Self { path, node, members, known: Vec::new() }),
            _ => {
                diagnostics.error(
                    "wrong_type",
                    &path,
                    node,
                    format!("expected a map, found {}", node.kind()),
                );
                None
            }
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The map itself, for faults that concern it as a whole.
    pub fn node(&self) -> &'n Node {
        self.node
    }

    /// The member, whatever it is. A null counts as absent.
    pub fn take(&mut self, name: &'static str) -> Option<&'n Node> {
        if !self.known.contains(&name) {
            self.known.push(name);
        }
        let (_, node) = self.members.iter().find(|(key, _)| key.name == name)?;
        (node.value != Value::Null).then_some(node)
    }

    /// The member, or a fault if it is absent.
    pub fn demand(&mut self, name: &'static str, diagnostics: &mut Diagnostics) -> Option<&'n Node> {
        let found = self.take(name);
        if found.is_none() {
            diagnostics.push(
                Diagnostic::error("missing_key", &self.path, format!("`{name}` is missing"))
                    .at(self.node.span),
            );
        }
        found
    }

    pub fn string(&mut self, name: &'static str, diagnostics: &mut Diagnostics) -> Option<&'n str> {
        let node = self.take(name)?;
        string(node, &self.path.member(name), diagnostics)
    }

    pub fn demand_string(&mut self, name: &'static str, diagnostics: &mut Diagnostics) -> Option<&'n str> {
        let node = self.demand(name, diagnostics)?;
        string(node, &self.path.member(name), diagnostics)
    }

    pub fn bool(&mut self, name: &'static str, diagnostics: &mut Diagnostics) -> Option<bool> {
        let node = self.take(name)?;
        match node.value {
            Value::Bool(value) => Some(value),
            _ => self.wrong(name, node, "true or false", meant_bool(node), diagnostics),
        }
    }

    pub fn integer(&mut self, name: &'static str, diagnostics: &mut Diagnostics) -> Option<i64> {
        let node = self.take(name)?;
        match node.value {
            Value::Integer(value) => Some(value),
            _ => {
                let meant = meant_integer(node).map(|value| value.to_string());
                self.wrong(name, node, "an integer", meant.as_deref(), diagnostics)
            }
        }
    }

    /// An integer in that range.
    pub fn integer_in(
        &mut self,
        name: &'static str,
        range: RangeInclusive<i64>,
        diagnostics: &mut Diagnostics,
    ) -> Option<i64> {
        let value = self.integer(name, diagnostics)?;
        if range.contains(&value) {
            return Some(value);
        }
        let message = format!("`{name}` is a number from {} to {}", range.start(), range.end());
        diagnostics.push(self.fault(name, message));
        None
    }

    /// One of a few words, each with what it stands for.
    pub fn word<T: Copy>(
        &mut self,
        name: &'static str,
        words: &[(&str, T)],
        diagnostics: &mut Diagnostics,
    ) -> Option<T> {
        let word = self.string(name, diagnostics)?;
        let found = words.iter().find(|(known, _)| *known == word);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(known, _)| *known).collect();
            let fault = self.fault(name, format!("`{word}` is no value of `{name}`"));
            diagnostics.push(fault.help(hint("known", word, &known)));
        }
        found.map(|(_, value)| *value)
    }

    /// A fault of the member `name`, for what its own kind does not tell.
    pub fn fault(&self, name: &str, message: impl Into<String>) -> Diagnostic {
        let span = self.node.member(name).map_or(self.node.span, |node| node.span);
        Diagnostic::error("invalid_value", &self.path.member(name), message).at(span)
    }

    /// A list of texts; a single text stands for a list of one.
    pub fn strings(&mut self, name: &'static str, diagnostics: &mut Diagnostics) -> Option<Vec<&'n str>> {
        let node = self.take(name)?;
        let path = self.path.member(name);
        match &node.value {
            Value::String(text) => Some(vec![text]),
            Value::List(items) => Some(
                items
                    .iter()
                    .enumerate()
                    .filter_map(|(index, item)| string(item, &path.index(index), diagnostics))
                    .collect(),
            ),
            _ => self.wrong(name, node, "a list of texts", None, diagnostics),
        }
    }

    /// The members of the map `name`, each with its own path.
    pub fn map(
        &mut self,
        name: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Vec<(&'n Key, &'n Node, Path)> {
        let path = self.path.member(name);
        match self.take(name) {
            None => Vec::new(),
            Some(Node { value: Value::Map(members), .. }) => {
                members.iter().map(|(key, node)| (key, node, path.member(&key.name))).collect()
            }
            Some(node) => {
                self.wrong::<()>(name, node, "a map", None, diagnostics);
                Vec::new()
            }
        }
    }

    /// The items of the list `name`, each with its own path.
    pub fn list(&mut self, name: &'static str, diagnostics: &mut Diagnostics) -> Vec<(&'n Node, Path)> {
        let path = self.path.member(name);
        match self.take(name) {
            None => Vec::new(),
            Some(Node { value: Value::List(items), .. }) => {
                items.iter().enumerate().map(|(index, node)| (node, path.index(index))).collect()
            }
            Some(node) => {
                self.wrong::<()>(name, node, "a list", None, diagnostics);
                Vec::new()
            }
        }
    }

    pub fn duration(&mut self, name: &'static str, diagnostics: &mut Diagnostics) -> Option<Duration> {
        self.unit(name, parse_duration, diagnostics)
    }

    pub fn rate(&mut self, name: &'static str, diagnostics: &mut Diagnostics) -> Option<Rate> {
        self.unit(name, parse_rate, diagnostics)
    }

    pub fn quota(&mut self, name: &'static str, diagnostics: &mut Diagnostics) -> Option<Quota> {
        self.unit(name, parse_quota, diagnostics)
    }

    /// Bytes, such as `64KiB`.
    pub fn size(&mut self, name: &'static str, diagnostics: &mut Diagnostics) -> Option<u64> {
        self.unit(name, parse_size, diagnostics)
    }

    /// Reports every member that nobody asked for. Reading a map ends with this.
    pub fn finish(self, diagnostics: &mut Diagnostics) {
        for (key, _) in self.members {
            if !self.known.contains(&key.name.as_str()) {
                let mut fault =
                    Diagnostic::error("unknown_key", &self.path, format!("unknown key `{}`", key.name))
                        .at(key.span);
                fault.help = Some(hint("known keys", &key.name, &self.known));
                diagnostics.push(fault);
            }
        }
    }

    fn unit<T>(
        &mut self,
        name: &'static str,
        parse: fn(&str) -> Result<T, String>,
        diagnostics: &mut Diagnostics,
    ) -> Option<T> {
        let node = self.take(name)?;
        let path = self.path.member(name);
        match parse(string(node, &path, diagnostics)?) {
            Ok(value) => Some(value),
            Err(message) => {
                diagnostics.error("invalid_value", &path, node, message);
                None
            }
        }
    }

    fn wrong<T>(
        &self,
        name: &'static str,
        node: &Node,
        expected: &str,
        meant: Option<&str>,
        diagnostics: &mut Diagnostics,
    ) -> Option<T> {
        let message = format!("expected {expected}, found {}", node.kind());
        let mut fault = Diagnostic::error("wrong_type", &self.path.member(name), message).at(node.span);
        fault.help = meant.map(|meant| format!("write `{meant}`"));
        diagnostics.push(fault);
        None
    }
}

/// What an author meant who wrote `no`, or put quotation marks around a boolean.
fn meant_bool(node: &Node) -> Option<&'static str> {
    match node.as_str()?.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "y" => Some("true"),
        "false" | "no" | "off" | "n" => Some("false"),
        _ => None,
    }
}

/// What an author meant who wrote `1_000`, `1e3`, or put quotation marks around an integer.
fn meant_integer(node: &Node) -> Option<i64> {
    match &node.value {
        Value::String(text) => text.replace(['_', ','], "").parse().ok(),
        // A float has every integer up to 2^53.
        Value::Float(value) if value.fract() == 0.0 && value.abs() < 9e15 => Some(*value as i64),
        _ => None,
    }
}

fn string<'n>(node: &'n Node, path: &Path, diagnostics: &mut Diagnostics) -> Option<&'n str> {
    match &node.value {
        Value::String(text) => Some(text),
        Value::Integer(_) | Value::Float(_) | Value::Bool(_) => {
            let message = format!("expected a text, found {}", node.kind());
            diagnostics.push(
                Diagnostic::error("wrong_type", path, message)
                    .at(node.span)
                    .help("put it in quotation marks"),
            );
            None
        }
        _ => {
            diagnostics.error("wrong_type", path, node, format!("expected a text, found {}", node.kind()));
            None
        }
    }
}

/// How to mend a word that is none of `known`: by the one that was most likely meant, else by any of them. `what` names
/// them all.
pub fn hint(what: &str, word: &str, known: &[&str]) -> String {
    match suggestion(word, known.iter().copied()) {
        Some(close) => format!("did you mean `{close}`?"),
        None => format!("{what} are `{}`", known.join("`, `")),
    }
}

/// The candidate that `name` was most likely meant to be.
pub fn suggestion<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len().max(name.len()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::from_json;

    fn check(source: &str, expected: Expect) {
        let mut diagnostics = Diagnostics::default();
        let node = from_json(source).unwrap();
        if let Some(mut fields) = Fields::of(&node, Path::root(), &mut diagnostics) {
            fields.demand_string("name", &mut diagnostics);
            fields.integer("limit", &mut diagnostics);
            fields.duration("deadline", &mut diagnostics);
            fields.strings("roles", &mut diagnostics);
            fields.bool("public", &mut diagnostics);
            fields.finish(&mut diagnostics);
        }
        expected.assert_eq(&diagnostics.to_string());
    }

    #[test]
    fn every_fault_is_reported_at_once() {
        check(
            r#"{"limt": 3, "limit": "3", "deadline": "5 parsecs", "roles": ["a", 1], "zebra": null}"#,
            expect![[r#"
                error[missing_key]: `name` is missing
                error[wrong_type]: limit: expected an integer, found a text (help: write `3`)
                error[invalid_value]: deadline: `5 parsecs` is no duration (such as `30s`, `5m`, `1h`, `1d`)
                error[wrong_type]: roles[1]: expected a text, found an integer (help: put it in quotation marks)
                error[unknown_key]: unknown key `limt` (help: did you mean `limit`?)
                error[unknown_key]: unknown key `zebra` (help: known keys are `name`, `limit`, `deadline`, `roles`, `public`)"#]],
        );
        check("[]", expect!["error[wrong_type]: expected a map, found a list"]);
        check(r#"{"name": "x"}"#, expect![""]);
    }

    #[test]
    fn what_an_author_most_likely_meant() {
        check(
            r#"{"name": "x", "public": "no"}"#,
            expect!["error[wrong_type]: public: expected true or false, found a text (help: write `false`)"],
        );
        check(
            r#"{"name": "x", "public": "maybe"}"#,
            expect!["error[wrong_type]: public: expected true or false, found a text"],
        );
        check(
            r#"{"name": "x", "limit": "1_000"}"#,
            expect!["error[wrong_type]: limit: expected an integer, found a text (help: write `1000`)"],
        );
        check(
            r#"{"name": "x", "limit": 1e3}"#,
            expect!["error[wrong_type]: limit: expected an integer, found a number (help: write `1000`)"],
        );
        check(
            r#"{"name": "x", "limit": 1.5}"#,
            expect!["error[wrong_type]: limit: expected an integer, found a number"],
        );
        check(
            r#"{"name": false}"#,
            expect![
                "error[wrong_type]: name: expected a text, found a boolean (help: put it in quotation marks)"
            ],
        );
    }
    #[test]
    fn a_path_leads_back_to_its_node() {
        let node = from_json(r#"{"apis": {"a": {"steps": [{"x": 1}, [2, 3]]}}}"#).unwrap();
        let steps = Path::root().member("apis").member("a").member("steps");
        for (path, expected) in [
            (steps.index(0).member("x"), Some("1")),
            (steps.index(1).index(1), Some("3")),
            (steps.index(2), None),
            (steps.member("x"), None),
        ] {
            let found = node.at(path.as_str()).map(|node| node.to_json().to_string());
            assert_eq!(found.as_deref(), expected, "{path}");
        }
    }
}
