//! JSON (RFC 8259) to nodes. A repeated member is a fault, where most readers silently keep the last.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::{Diagnostic, Key, MAX_BYTES, MAX_DEPTH, MAX_NODES, Node, Path, Span, Value};

/// Reads a JSON text. Nodes have no places of their own, since the filter, which reads JSON, has no use for
/// them; a fault of syntax has one.
pub fn from_json(text: &str) -> Result<Node, Diagnostic> {
    if text.len() > MAX_BYTES {
        let message = format!("the document has more than {MAX_BYTES} bytes");
        return Err(Diagnostic::error("too_large", &Path::root(), message));
    }
    let (left, code) = (Cell::new(MAX_NODES), Cell::new("syntax"));
    let mut deserializer = serde_json::Deserializer::from_str(text);
    Reader { left: &left, code: &code, depth: MAX_DEPTH }
        .deserialize(&mut deserializer)
        .and_then(|node| deserializer.end().map(|()| node))
        .map_err(|error| {
            let to_u32 = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
            let span = Span { line: to_u32(error.line()), column: to_u32(error.column()).max(1), length: 1 };
            let message = error.to_string();
            // serde_json ends every message with the place, which the span tells already.
            let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(text, _)| text);
            Diagnostic::error(code.get(), &Path::root(), message).at((span.line > 0).then_some(span))
        })
}

#[derive(Clone, Copy)]
struct Reader<'a> {
    left: &'a Cell<usize>,
    /// Of the fault that ends the reading: serde's errors carry no more than a message.
    code: &'a Cell<&'static str>,
    depth: usize,
}

impl Reader<'_> {
    fn count<E: Error>(self) -> Result<(), E> {
        match self.left.get().checked_sub(1) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => self.fault("too_large", format_args!("the document has more than {MAX_NODES} values")),
        }
    }

    fn deeper<E: Error>(self) -> Result<Self, E> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Self { depth, ..self }),
            None => self.fault("too_deep", format_args!("the document is nested deeper than {MAX_DEPTH}")),
        }
    }

    fn fault<T, E: Error>(self, code: &'static str, message: fmt::Arguments<'_>) -> Result<T, E> {
        self.code.set(code);
        Err(E::custom(message))
    }
}

fn node(value: Value) -> Node {
    Node { value, span: None }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        self.count()?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(node(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(node(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(node(Value::Integer(value)))
    }

    /// Above `i64::MAX` it is a float, as serde_json makes of what does not fit 64 bits at all: who wants an integer is
    /// told so at its place, and a text that holds one is JSON all the same.
    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(node(i64::try_from(value).map_or(Value::Float(value as f64), Value::Integer)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(node(Value::Float(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(node(Value::String(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let inner = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(node(Value::List(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let inner = self.deeper()?;
        let mut names = std::collections::BTreeSet::new();
        let mut members = Vec::new();
        while let Some(name) = access.next_key::<String>()? {
            if !names.insert(name.clone()) {
                return self.fault("duplicate_key", format_args!("the key `{name}` occurs twice"));
            }
            members.push((Key { name, span: None }, access.next_value_seed(inner)?));
        }
        Ok(node(Value::Map(members)))
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(text: &str, expected: Expect) {
        let actual = match from_json(text) {
            Ok(node) => node.to_json().to_string(),
            Err(fault) => fault.to_string(),
        };
        expected.assert_eq(&actual);
    }

    #[test]
    fn values() {
        check(r#" {"a": [1, -2.5, "x", true, null]} "#, expect![[r#"{"a":[1,-2.5,"x",true,null]}"#]]);
    }

    /// Whether or not 64 bits without a sign would hold them.
    #[test]
    fn integers_that_do_not_fit_are_floats() {
        check(
            "[9223372036854775807, 9223372036854775808, 18446744073709551615, 18446744073709551616]",
            expect![
                "[9223372036854775807,9.223372036854776e+18,1.8446744073709552e+19,1.8446744073709552e+19]"
            ],
        );
        check("1e999", expect![[r#"1:5: error[syntax]: number out of range"#]]);
    }

    #[test]
    fn faults() {
        check(r#"{"a": 1, "a": 2}"#, expect!["1:12: error[duplicate_key]: the key `a` occurs twice"]);
        check("{", expect!["1:1: error[syntax]: EOF while parsing an object"]);
        check("[007]", expect!["1:3: error[syntax]: invalid number"]);
        check("\u{feff}{}", expect!["1:1: error[syntax]: expected value"]);
        check("1 2", expect!["1:3: error[syntax]: trailing characters"]);
        check(&"[".repeat(70), expect!["1:65: error[too_deep]: the document is nested deeper than 64"]);
    }
}
