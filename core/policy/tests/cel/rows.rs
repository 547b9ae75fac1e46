//! The tables beside this file, line by line. Any crate may take this file in by its path: it needs nothing.
//!
//! A line is `EXPRESSION ⇒ EXPECTED`. What is expected is an expression of the same type and value, `error KIND`
//! (it ran, and erred) or `fault CODE` (it is refused when it is compiled). Lines that begin with `#` tell the
//! section of the CEL specification (doc/langdef.md of google/cel-spec) or of an extension. Tables 12 and 13 read a
//! call: that of `condition/tests/call.rs`.

/// In the order of the specification.
const TABLES: &[(&str, &str)] = &[
    ("01_syntax", include_str!("01_syntax.txt")),
    ("02_names", include_str!("02_names.txt")),
    ("03_aggregates", include_str!("03_aggregates.txt")),
    ("04_logic", include_str!("04_logic.txt")),
    ("05_macros", include_str!("05_macros.txt")),
    ("06_equality_and_order", include_str!("06_equality_and_order.txt")),
    ("07_arithmetic", include_str!("07_arithmetic.txt")),
    ("08_conversions", include_str!("08_conversions.txt")),
    ("09_times", include_str!("09_times.txt")),
    ("10_texts", include_str!("10_texts.txt")),
    ("11_networks", include_str!("11_networks.txt")),
    ("12_calls", include_str!("12_calls.txt")),
    ("13_answers", include_str!("13_answers.txt")),
];

#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub table: &'static str,
    /// From 1.
    pub line: usize,
    pub section: &'static str,
    pub source: &'static str,
    pub expected: Expected,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// That of this expression.
    Value(&'static str),
    Error(&'static str),
    Fault(&'static str),
}

impl Row {
    /// Whether it needs a call to look at, or the names that a policy declares.
    pub fn reads_a_call(&self) -> bool {
        ["request", "source.", "connection.", "auth.", "api.", "response."]
            .iter()
            .any(|object| self.source.contains(object))
    }
}

pub fn rows() -> Vec<Row> {
    TABLES.iter().flat_map(|(table, text)| rows_of(table, text)).collect()
}

fn rows_of(table: &'static str, text: &'static str) -> Vec<Row> {
    let mut section = "";
    let mut rows = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if let Some(title) = line.strip_prefix("# ") {
            section = title;
        } else if !line.is_empty() {
            let (source, expected) = line
                .split_once(" ⇒ ")
                .unwrap_or_else(|| panic!("{table}:{}: `{line}` says not what is expected", index + 1));
            let expected = match expected.split_once(' ') {
                Some(("error", kind)) => Expected::Error(kind),
                Some(("fault", code)) => Expected::Fault(code),
                _ => Expected::Value(expected),
            };
            rows.push(Row { table, line: index + 1, section, source, expected });
        }
    }
    rows
}
