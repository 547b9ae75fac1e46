//! YAML 1.2 to nodes with places. Plain scalars follow the core schema, so `no` is a text; what other readers take
//! for something else is told. Aliases stand for what they name, within bounds; tags, merge keys, several
//! documents and keys that are no text are faults.

mod print;
mod scalar;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use saphyr_parser::{Event, Parser, ScalarStyle, StrInput};

use crate::{
    Diagnostic, Diagnostics, Key, MAX_BYTES, MAX_DEPTH, MAX_NODES, Node, Path, Severity, Span, Value,
};

pub use print::to_yaml;

/// Reads the one document of a YAML text, or tells its first fault.
pub fn from_yaml(text: &str) -> Result<Node, Diagnostic> {
    let mut findings = Diagnostics::default();
    let node = read_yaml(text, &mut findings);
    match findings.into_iter().find(|finding| finding.severity == Severity::Error) {
        Some(fault) => Err(fault),
        None => node.ok_or_else(|| fault("syntax", None, "the document is empty")),
    }
}

/// Reads the one document of a YAML text as far as it goes: a fault that leaves the rest readable is told, and the
/// rest is read. So what comes back may be used to look for more faults, and for nothing else if there are any.
pub fn read_yaml(text: &str, findings: &mut Diagnostics) -> Option<Node> {
    if text.len() > MAX_BYTES {
        findings.push(*too_large(None, MAX_BYTES, "bytes"));
        return None;
    }
    let left = Size { nodes: MAX_NODES, bytes: MAX_BYTES };
    let mut reader = Reader { parser: Parser::new_from_str(text), anchors: HashMap::new(), left, findings };
    reader.document().map_err(|fault| findings.push(*fault)).ok()
}

fn fault(code: &'static str, span: Option<Span>, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(code, &Path::root(), message).at(span)
}

/// The fault after which nothing can be read.
type Fatal = Box<Diagnostic>;

struct Reader<'i, 'd> {
    parser: Parser<'i, StrInput<'i>>,
    /// What each anchor names, and how large that is.
    anchors: HashMap<usize, (Node, Size)>,
    /// What the document may still take, once its aliases stand for what they name.
    left: Size,
    findings: &'d mut Diagnostics,
}

#[derive(Clone, Copy)]
struct Size {
    nodes: usize,
    /// Of its texts and its keys.
    bytes: usize,
}

impl<'i> Reader<'i, '_> {
    fn document(&mut self) -> Result<Node, Fatal> {
        let mut document = None;
        loop {
            match self.next()? {
                (Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing, _) => {}
                (Event::StreamEnd, _) => break,
                (event, span) if document.is_none() => document = Some(self.node(event, span, 0)?),
                (_, span) => {
                    let fault = fault("syntax", Some(span), "only one document may stand in a file");
                    return Err(fault.help("keep each document in a file of its own").into());
                }
            }
        }
        document.ok_or_else(|| fault("syntax", None, "the document is empty").into())
    }

    fn next(&mut self) -> Result<(Event<'i>, Span), Fatal> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, place(&span))),
            Some(Err(error)) => {
                let (line, column) = (error.marker().line(), error.marker().col().saturating_add(1));
                let span = Span { line: to_u32(line), column: to_u32(column), length: 1 };
                let fault = fault("syntax", Some(span), error.info());
                let of_tabs = error.info().split(' ').any(|word| matches!(word, "tab" | "tabs"));
                Err(if of_tabs { fault.help("indent with spaces") } else { fault }.into())
            }
            None => Ok((Event::StreamEnd, Span { line: 1, column: 1, length: 1 })),
        }
    }

    fn node(&mut self, event: Event<'i>, span: Span, depth: usize) -> Result<Node, Fatal> {
        let before = self.left;
        self.spend(Size { nodes: 1, bytes: 0 }, span)?;
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_tag(tag.is_some(), span);
                self.spend(Size { nodes: 0, bytes: text.len() }, span)?;
                let is_plain = style == ScalarStyle::Plain;
                (if is_plain { self.plain(&text, span) } else { Value::String(text.into_owned()) }, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse_tag(tag.is_some(), span);
                (self.list(span, depth)?, anchor)
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_tag(tag.is_some(), span);
                (self.map(span, depth)?, anchor)
            }
            Event::Alias(anchor) => return self.alias(anchor, span, depth),
            _ => return Err(fault("syntax", Some(span), "a value is missing").into()),
        };
        let node = Node { value, span: Some(span) };
        if anchor > 0 {
            let size = before.less(self.left);
            // The copy that its aliases are made from takes room, too.
            self.spend(size, span)?;
            self.anchors.insert(anchor, (node.clone(), size));
        }
        Ok(node)
    }

    fn list(&mut self, span: Span, depth: usize) -> Result<Value, Fatal> {
        let depth = within_depth(depth.saturating_add(1), span)?;
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Value::List(items)),
                (event, span) => items.push(self.node(event, span, depth)?),
            }
        }
    }

    fn map(&mut self, span: Span, depth: usize) -> Result<Value, Fatal> {
        let depth = within_depth(depth.saturating_add(1), span)?;
        let mut members: Vec<(Key, Node)> = Vec::new();
        let mut lines = HashMap::new();
        loop {
            let (event, span) = match self.next()? {
                (Event::MappingEnd, _) => return Ok(Value::Map(members)),
                found => found,
            };
            let name = self.key(event, span)?;
            let (event, value_span) = self.next()?;
            let node = self.node(event, value_span, depth)?;
            // A key that is no good has been told of.
            let Some(name) = name else { continue };
            match lines.entry(name.clone()) {
                Entry::Vacant(line) => {
                    line.insert(span.line);
                    members.push((Key { name, span: Some(span) }, node));
                }
                Entry::Occupied(first) => {
                    let message = format!("the key `{name}` occurs twice, first on line {}", first.get());
                    self.findings.push(fault("duplicate_key", Some(span), message));
                }
            }
        }
    }

    /// A key as text. What stands in place of one, if it is a list or a map, makes the rest unreadable.
    fn key(&mut self, event: Event<'i>, span: Span) -> Result<Option<String>, Fatal> {
        let Event::Scalar(text, style, anchor, tag) = event else {
            return Err(fault("invalid_key", Some(span), "a key is a text").into());
        };
        self.spend(Size { nodes: 0, bytes: text.len() }, span)?;
        self.refuse_tag(tag.is_some(), span);
        let fault = |message: &str| fault("invalid_key", Some(span), message);
        if anchor > 0 {
            return Err(fault("a key has no anchor").help("give one to what the key stands for").into());
        }
        if style != ScalarStyle::Plain {
            return Ok(Some(text.into_owned()));
        }
        if text == "<<" {
            let help = "write the members out, or give a name to the whole by an anchor";
            self.findings.push(fault("merge keys (`<<`) are not supported").help(help));
            return Ok(None);
        }
        match self.plain(&text, span) {
            Value::String(_) => Ok(Some(text.into_owned())),
            other => {
                let message =
                    format!("a key is a text, `{text}` is {}", Node { value: other, span: None }.kind());
                self.findings.push(fault(&message).help("put it in quotation marks"));
                Ok(None)
            }
        }
    }

    /// What a scalar without quotation marks stands for. One that is refused counts as the text it is.
    fn plain(&mut self, text: &str, span: Span) -> Value {
        match scalar::value(text) {
            Ok(value) => {
                if let Some(other) = scalar::elsewhere(text) {
                    let message = format!("`{text}` is a text here, and {other} to readers of YAML 1.1");
                    self.findings.push(
                        Diagnostic::warning("ambiguous_value", &Path::root(), message)
                            .at(Some(span))
                            .help("put it in quotation marks"),
                    );
                }
                value
            }
            Err(refused) => {
                self.findings.push(fault("ambiguous_value", Some(span), refused.message).help(refused.help));
                Value::String(text.to_owned())
            }
        }
    }

    fn alias(&mut self, anchor: usize, span: Span, depth: usize) -> Result<Node, Fatal> {
        let Some((node, size)) = self.anchors.get(&anchor) else {
            // The parser itself refuses an alias whose anchor stands nowhere further up.
            return Err(fault("syntax", Some(span), "the alias stands inside of what it names").into());
        };
        let (node, size) = (node.clone(), *size);
        within_depth(depth.saturating_add(node.depth()), span)?;
        self.spend(size, span)?;
        Ok(node)
    }

    fn spend(&mut self, size: Size, span: Span) -> Result<(), Fatal> {
        let too_large = |most, what| too_large(Some(span), most, what);
        self.left = Size {
            nodes: self.left.nodes.checked_sub(size.nodes).ok_or_else(|| too_large(MAX_NODES, "values"))?,
            bytes: self.left.bytes.checked_sub(size.bytes).ok_or_else(|| too_large(MAX_BYTES, "bytes"))?,
        };
        Ok(())
    }

    fn refuse_tag(&mut self, tagged: bool, span: Span) {
        if tagged {
            let fault = fault("tag", Some(span), "tags (`!…`) are not supported");
            self.findings.push(fault.help("quotation marks make a text of any value"));
        }
    }
}

impl Size {
    fn less(self, later: Self) -> Self {
        Self { nodes: self.nodes.saturating_sub(later.nodes), bytes: self.bytes.saturating_sub(later.bytes) }
    }
}

/// A list or a map that deep, unless that is too deep.
fn within_depth(depth: usize, span: Span) -> Result<usize, Fatal> {
    if depth <= MAX_DEPTH {
        return Ok(depth);
    }
    Err(fault("too_deep", Some(span), format!("the document is nested deeper than {MAX_DEPTH}")).into())
}

fn too_large(span: Option<Span>, most: usize, what: &str) -> Fatal {
    fault("too_large", span, format!("the document has more than {most} {what}")).into()
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
