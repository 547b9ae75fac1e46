//! JSON values as YAML that every reader takes alike: whatever is not plainly a word stands in quotation marks.

use serde_json::Value;

use super::scalar;

/// In blocks, two spaces a level, with a line's end at the end.
pub fn to_yaml(value: &Value) -> String {
    let mut out = String::new();
    block(value, 0, &mut out);
    out
}

/// The lines of a value, each from its indentation on.
fn block(value: &Value, level: usize, out: &mut String) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (index, (name, value)) in members.iter().enumerate() {
                indent(if index == 0 { 0 } else { level }, out);
                out.push_str(&text(name));
                out.push(':');
                match value {
                    Value::Object(inner) if !inner.is_empty() => below(value, level.saturating_add(1), out),
                    Value::Array(inner) if !inner.is_empty() => below(value, level.saturating_add(1), out),
                    _ => beside(value, out),
                }
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                indent(if index == 0 { 0 } else { level }, out);
                out.push_str("- ");
                block(item, level.saturating_add(1), out);
            }
        }
        scalar => {
            out.push_str(&inline(scalar));
            out.push('\n');
        }
    }
}

fn below(value: &Value, level: usize, out: &mut String) {
    out.push('\n');
    indent(level, out);
    block(value, level, out);
}

fn beside(value: &Value, out: &mut String) {
    out.push(' ');
    out.push_str(&inline(value));
    out.push('\n');
}

fn indent(level: usize, out: &mut String) {
    for _ in 0..level {
        out.push_str("  ");
    }
}

/// What takes no line of its own: scalars, and lists and maps without members.
fn inline(value: &Value) -> String {
    match value {
        Value::String(string) => text(string),
        other => other.to_string(),
    }
}

fn text(text: &str) -> String {
    let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/'))
        && matches!(scalar::value(text), Ok(crate::Value::String(_)))
        && scalar::elsewhere(text).is_none();
    if is_word { text.to_owned() } else { quoted(text) }
}

/// Between single quotation marks where those of the text would need escapes; else as JSON has it, with what YAML does
/// not print as it stands written as an escape.
fn quoted(text: &str) -> String {
    let unprintable = |c: char| matches!(c, '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}');
    if text.contains(['"', '\\']) && !text.contains(unprintable) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut out = String::new();
    for c in Value::from(text).to_string().chars() {
        if unprintable(c) {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}
