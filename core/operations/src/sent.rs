//! A JSON value and its numbers as they were sent: the tree has them in binary, where digits may be lost already.

use spangate_document::{Node, Value as Json};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent<'t> {
    pub node: &'t Node,
    /// Of the value and all within it, in the order of the text; none where nobody sent a text, or needs it.
    numbers: Option<&'t [&'t str]>,
}

/// The numbers of a text of JSON, which has been read already.
pub(crate) fn numbers(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, begun)) =
        rest.find(|c: char| matches!(c, '"' | '-' | '0'..='9')).and_then(|at| rest.split_at_checked(at))
    {
        let is_text = begun.starts_with('"');
        let end = if is_text { end_of_text(begun) } else { begun.find(|c| !is_of_number(c)) };
        let (whole, after) = end.and_then(|end| begun.split_at_checked(end)).unwrap_or((begun, ""));
        if !is_text {
            found.push(whole);
        }
        rest = after;
    }
    found
}

fn is_of_number(c: char) -> bool {
    matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E')
}

/// Behind its second quote.
fn end_of_text(text: &str) -> Option<usize> {
    let mut escaped = false;
    let closes = |(_, c): &(usize, char)| {
        let closes = *c == '"' && !escaped;
        escaped = *c == '\\' && !escaped;
        closes
    };
    text.char_indices().skip(1).find(closes).map(|(at, quote)| at + quote.len_utf8())
}

impl<'t> Sent<'t> {
    pub fn new(node: &'t Node, numbers: Option<&'t [&'t str]>) -> Self {
        Self { node, numbers }
    }

    /// A value that the document's author wrote.
    pub fn written(node: &'t Node) -> Self {
        Self { node, numbers: None }
    }

    /// The member that `path` names, from the top. A member of what is no map is absent.
    pub fn member(self, path: &[String]) -> Option<Self> {
        path.iter().try_fold(self, |outer, name| {
            outer.members().find(|(known, _)| known == name).map(|(_, inner)| inner)
        })
    }

    /// Of a map.
    pub fn members(self) -> impl Iterator<Item = (&'t str, Self)> {
        let members = match &self.node.value {
            Json::Map(members) => members.as_slice(),
            _ => &[],
        };
        let mut rest = self.numbers;
        members.iter().map(move |(key, node)| (key.name.as_str(), split(node, &mut rest)))
    }

    /// Of a list.
    pub fn items(self) -> impl Iterator<Item = Self> {
        let items = match &self.node.value {
            Json::List(items) => items.as_slice(),
            _ => &[],
        };
        let mut rest = self.numbers;
        items.iter().map(move |node| split(node, &mut rest))
    }

    /// The value as JSON, with members in the order of their names.
    pub fn to_json(self) -> String {
        match (&self.node.value, self.numbers) {
            (Json::Integer(_) | Json::Float(_), Some([number])) => (*number).to_owned(),
            (Json::List(_), Some(_)) => {
                let items: Vec<_> = self.items().map(Self::to_json).collect();
                format!("[{}]", items.join(","))
            }
            (Json::Map(_), Some(_)) => {
                let mut members: Vec<_> = self.members().collect();
                members.sort_unstable_by_key(|(name, _)| *name);
                let member = |(name, sent): (&str, Self)| {
                    format!("{}:{}", serde_json::Value::from(name), sent.to_json())
                };
                format!("{{{}}}", members.into_iter().map(member).collect::<Vec<_>>().join(","))
            }
            _ => self.node.to_json().to_string(),
        }
    }
}

/// The next value within another, with its own numbers.
fn split<'t>(node: &'t Node, rest: &mut Option<&'t [&'t str]>) -> Sent<'t> {
    let (own, after) = rest.and_then(|rest| rest.split_at_checked(count(node))).unzip();
    *rest = after;
    Sent { node, numbers: own }
}

/// How many numbers there are in it.
fn count(node: &Node) -> usize {
    match &node.value {
        Json::Integer(_) | Json::Float(_) => 1,
        Json::List(items) => items.iter().map(count).sum(),
        Json::Map(members) => members.iter().map(|(_, node)| count(node)).sum(),
        Json::Null | Json::Bool(_) | Json::String(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_not_within_texts() {
        let text = r#"{"a1": [-1.50, 2e+10,"\"3\\", 4 ], "\\":5, "x": {"y": -0, "z": true}}"#;
        assert_eq!(numbers(text), ["-1.50", "2e+10", "4", "5", "-0"]);
        assert_eq!(numbers("7"), ["7"]);
        assert_eq!(numbers(r#""7"#), [""; 0]);
    }

    #[test]
    fn each_value_has_its_own_numbers() {
        let text = r#"{"b": [1.10, {"c": 2.20, "a": "9"}], "a": 3.141592653589793238462643, "é": null}"#;
        let (node, numbers) = (spangate_document::from_json(text).unwrap(), numbers(text));
        let sent = Sent::new(&node, Some(&numbers));
        assert_eq!(
            sent.to_json(),
            r#"{"a":3.141592653589793238462643,"b":[1.10,{"a":"9","c":2.20}],"é":null}"#
        );
        let member = |path: &[&str]| {
            let path: Vec<String> = path.iter().map(|name| (*name).to_owned()).collect();
            sent.member(&path).map(Sent::to_json)
        };
        assert_eq!(member(&["a"]).as_deref(), Some("3.141592653589793238462643"));
        assert_eq!(member(&["b"]).as_deref(), Some(r#"[1.10,{"a":"9","c":2.20}]"#));
        assert_eq!(member(&["b", "c"]), None);
        assert_eq!(Sent::written(&node).to_json(), node.to_json().to_string());
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            any::<i32>().prop_map(serde_json::Value::from),
            "[-0-9\"\\\\é{}:, ]{0,6}".prop_map(serde_json::Value::from),
            Just(serde_json::Value::Null),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::from),
                prop::collection::btree_map("[a-c0-9\"\\\\]{0,3}", inner, 0..5)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// Where nothing is lost in binary, text and tree say the same.
        #[test]
        fn text_and_tree_agree(value in json(), pretty: bool) {
            let text = if pretty { format!("{value:#}") } else { value.to_string() };
            let (node, numbers) = (spangate_document::from_json(&text).unwrap(), numbers(&text));
            prop_assert_eq!(Sent::new(&node, Some(&numbers)).to_json(), value.to_string());
        }
    }
}
