//! YAML 1.2 to nodes with places. Plain scalars follow the core schema, so `no` is a text and `0o17` an
//! integer; what YAML 1.1 readers take for something else is still a text here. Aliases stand for what they
//! name, within [`MAX_NODES`]; tags, several documents and keys that are no text are faults.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, StrInput};

use crate::{Diagnostic, Key, MAX_BYTES, MAX_DEPTH, MAX_NODES, Node, Path, Span, Value};

type Fault = Diagnostic;

/// Reads the one document of a YAML text.
pub fn from_yaml(text: &str) -> Result<Node, Diagnostic> {
    if text.len() > MAX_BYTES {
        return Err(fault("too_large", None, format!("the document has more than {MAX_BYTES} bytes")));
    }
    let mut reader = Reader { parser: Parser::new_from_str(text), anchors: HashMap::new(), left: MAX_NODES };
    let mut document = None;
    loop {
        match reader.next()? {
            (Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing, _) => {}
            (Event::StreamEnd, _) => break,
            (event, span) if document.is_none() => document = Some(reader.node(event, span, 0)?),
            (_, span) => {
                return Err(fault("syntax", Some(span), "only one document may stand in a file".to_owned()));
            }
        }
    }
    document.ok_or_else(|| fault("syntax", None, "the document is empty".to_owned()))
}

fn fault(code: &'static str, span: Option<Span>, message: String) -> Fault {
    Diagnostic::error(code, &Path::root(), message).at(span)
}

struct Reader<'i> {
    parser: Parser<'i, StrInput<'i>>,
    /// What each anchor names, with how many nodes that is.
    anchors: HashMap<usize, (Node, usize)>,
    left: usize,
}

impl<'i> Reader<'i> {
    fn next(&mut self) -> Result<(Event<'i>, Span), Fault> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, place(&span))),
            Some(Err(error)) => {
                let span = Span {
                    line: to_u32(error.marker().line()),
                    column: to_u32(error.marker().col().saturating_add(1)),
                    length: 1,
                };
                Err(fault("syntax", Some(span), error.info().to_owned()))
            }
            None => Ok((Event::StreamEnd, Span { line: 1, column: 1, length: 1 })),
        }
    }

    fn node(&mut self, event: Event<'i>, span: Span, depth: usize) -> Result<Node, Fault> {
        if depth > MAX_DEPTH {
            let message = format!("the document is nested deeper than {MAX_DEPTH}");
            return Err(fault("too_deep", Some(span), message));
        }
        let before = self.left;
        self.spend(1, span)?;
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.no_tag(tag.is_some(), span)?;
                let value =
                    if style == ScalarStyle::Plain { plain(&text) } else { Value::String(text.into_owned()) };
                (value, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                self.no_tag(tag.is_some(), span)?;
                (self.list(depth)?, anchor)
            }
            Event::MappingStart(anchor, tag) => {
                self.no_tag(tag.is_some(), span)?;
                (self.map(depth)?, anchor)
            }
            Event::Alias(anchor) => {
                let Some((node, size)) = self.anchors.get(&anchor).cloned() else {
                    return Err(fault("syntax", Some(span), "the alias names no earlier anchor".to_owned()));
                };
                self.spend(size, span)?;
                return Ok(node);
            }
            _ => return Err(fault("syntax", Some(span), "a value is missing".to_owned())),
        };
        let node = Node { value, span: Some(span) };
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), before.saturating_sub(self.left)));
        }
        Ok(node)
    }

    fn list(&mut self, depth: usize) -> Result<Value, Fault> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Value::List(items)),
                (event, span) => items.push(self.node(event, span, depth.saturating_add(1))?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Value, Fault> {
        let mut members: Vec<(Key, Node)> = Vec::new();
        let mut names = HashMap::new();
        loop {
            let (event, span) = match self.next()? {
                (Event::MappingEnd, _) => return Ok(Value::Map(members)),
                found => found,
            };
            let name = match event {
                Event::Scalar(text, _, 0, None) => text.into_owned(),
                _ => return Err(fault("syntax", Some(span), "a key must be a plain text".to_owned())),
            };
            if let Some(first) = names.insert(name.clone(), span.line) {
                let message = format!("the key `{name}` occurs twice, first on line {first}");
                return Err(fault("duplicate_key", Some(span), message));
            }
            let (event, value_span) = self.next()?;
            let node = self.node(event, value_span, depth.saturating_add(1))?;
            members.push((Key { name, span: Some(span) }, node));
        }
    }

    fn spend(&mut self, nodes: usize, span: Span) -> Result<(), Fault> {
        self.left = self.left.checked_sub(nodes).ok_or_else(|| {
            fault("too_large", Some(span), format!("the document has more than {MAX_NODES} values"))
        })?;
        Ok(())
    }

    fn no_tag(&self, tagged: bool, span: Span) -> Result<(), Fault> {
        if tagged {
            return Err(fault("syntax", Some(span), "tags (`!…`) are not supported".to_owned()));
        }
        Ok(())
    }
}

fn to_u32(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn place(span: &saphyr_parser::Span) -> Span {
    let length = if span.start.line() == span.end.line() {
        span.end.col().saturating_sub(span.start.col())
    } else {
        1
    };
    Span {
        line: to_u32(span.start.line()),
        column: to_u32(span.start.col().saturating_add(1)),
        length: to_u32(length.max(1)),
    }
}

/// A plain scalar by YAML 1.2's core schema.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(text).unwrap_or_else(|| Value::String(text.to_owned())),
    }
}

fn number(text: &str) -> Option<Value> {
    let radix = |prefix, radix| {
        let digits = text.strip_prefix(prefix)?;
        digits.chars().all(|c| c.is_digit(radix)).then(|| i64::from_str_radix(digits, radix).ok())?
    };
    if let Some(integer) = radix("0o", 8).or_else(|| radix("0x", 16)) {
        return Some(Value::Integer(integer));
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    // Rust reads `inf` and `nan` as floats; in YAML those words are texts.
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    if digits.chars().all(|c| c.is_ascii_digit()) {
        return text.parse().ok().map(Value::Integer);
    }
    digits
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '-' | '+'))
        .then(|| text.parse().ok().map(Value::Float))?
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(text: &str, expected: Expect) {
        let actual = match from_yaml(text) {
            Ok(node) => node.to_json().to_string(),
            Err(fault) => fault.to_string(),
        };
        expected.assert_eq(&actual);
    }

    #[test]
    fn scalars_follow_the_core_schema() {
        check(
            "[no, NO, on, ~, null, 12, 0o17, 0x1F, 017, 1e3, 1.5, -4, 2027-06-30, 100/1m, '5', \"x\", .inf, nan, 1_000]",
            expect![[
                r#"["no","NO","on",null,null,12,15,31,17,1000.0,1.5,-4,"2027-06-30","100/1m","5","x",".inf","nan","1_000"]"#
            ]],
        );
    }

    #[test]
    fn json_is_yaml() {
        check(r#"{"a": {"b": [1, "two", null]}}"#, expect![[r#"{"a":{"b":[1,"two",null]}}"#]]);
    }

    #[test]
    fn places_are_those_of_the_text() {
        let node = from_yaml("a: 1\nsteps:\n  - deny: x\n").unwrap();
        let steps = node.member("steps").unwrap();
        let Value::List(items) = &steps.value else { panic!() };
        let deny = items[0].member("deny").unwrap();
        assert_eq!(deny.span, Some(Span { line: 3, column: 11, length: 1 }));
    }

    #[test]
    fn aliases_are_bounded() {
        check("a: &x [1]\nb: *x\n", expect![[r#"{"a":[1],"b":[1]}"#]]);
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..9 {
            let inner = vec![format!("*a{}", level - 1); 10].join(", ");
            bomb.push_str(&format!("a{level}: &a{level} [{inner}]\n"));
        }
        let fault = from_yaml(&bomb).unwrap_err();
        assert_eq!(fault.code, "too_large");
    }

    #[test]
    fn faults() {
        check(
            "a: 1\na: 2\n",
            expect!["2:1: error[duplicate_key]: the key `a` occurs twice, first on line 1"],
        );
        check("", expect!["error[syntax]: the document is empty"]);
        check("a: !x 1\n", expect!["1:4: error[syntax]: tags (`!…`) are not supported"]);
        check("a\n---\nb\n", expect!["3:1: error[syntax]: only one document may stand in a file"]);
        check("? [a]\n: 1\n", expect!["1:3: error[syntax]: a key must be a plain text"]);
        assert_eq!(from_yaml("a: [1\n").unwrap_err().code, "syntax");
    }
}
