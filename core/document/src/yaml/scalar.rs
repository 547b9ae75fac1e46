//! Plain scalars by YAML 1.2's core schema. What it reads differently from what an author may have meant, or from
//! what other tools make of the same text, is refused or told: a policy has one meaning wherever it is read.

use crate::Value;

/// Why a plain scalar is refused, and what to write in its place.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused {
    pub message: String,
    pub help: String,
}

/// What a plain scalar stands for.
pub fn value(text: &str) -> Result<Value, Refused> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(text).transpose()?.unwrap_or_else(|| Value::String(text.to_owned())),
    })
}

/// What readers of YAML 1.1 (kubectl, Helm, Envoy) make of a text of ours, if it is something else.
pub fn elsewhere(text: &str) -> Option<&'static str> {
    match text.to_ascii_lowercase().as_str() {
        "y" | "yes" | "on" => return Some("true"),
        "n" | "no" | "off" => return Some("false"),
        _ => {}
    }
    let digits = unsigned(text);
    let binary =
        digits.strip_prefix("0b").is_some_and(|digits| only(digits, |c| matches!(c, '0' | '1' | '_')));
    let grouped = starts_with_digit(digits)
        && digits.contains('_')
        && only(digits, |c| c.is_ascii_digit() || matches!(c, '_' | '.'));
    let base_60 = digits.contains(':')
        && digits.split(':').all(|part| part.len() <= 2 && only(part, |c| c.is_ascii_digit()));
    (binary || grouped || base_60).then_some("a number")
}

fn number(text: &str) -> Option<Result<Value, Refused>> {
    for (prefix, radix) in [("0o", 8), ("0x", 16)] {
        let digits = text.strip_prefix(prefix).filter(|digits| only(digits, |c| c.is_digit(radix)));
        if let Some(digits) = digits {
            return Some(integer(text, i64::from_str_radix(digits, radix).ok()));
        }
    }
    let digits = unsigned(text);
    if matches!(digits, ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN") {
        return Some(Err(Refused {
            message: format!("`{text}` is no finite number"),
            help: "write a number, or put it in quotation marks if it is a text".to_owned(),
        }));
    }
    // Rust reads `inf` and `nan` as floats, too; in YAML those words are texts.
    if !starts_with_digit(digits.strip_prefix('.').unwrap_or(digits)) {
        return None;
    }
    let whole = only(digits, |c| c.is_ascii_digit());
    if !whole && text.parse::<f64>().is_err() {
        return None;
    }
    if digits.strip_prefix('0').is_some_and(starts_with_digit) {
        return Some(Err(Refused {
            message: format!("`{text}` begins with a zero, which some readers take for octal"),
            help: "leave the zero out, or put it in quotation marks if it is a text".to_owned(),
        }));
    }
    Some(if whole { integer(text, text.parse().ok()) } else { float(text) })
}

fn integer(text: &str, value: Option<i64>) -> Result<Value, Refused> {
    match value {
        // As JSON has it, where an integer knows no negative zero.
        Some(0) if text.starts_with('-') => Ok(Value::Float(-0.0)),
        Some(value) => Ok(Value::Integer(value)),
        None => Err(out_of_range(text)),
    }
}

fn float(text: &str) -> Result<Value, Refused> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Value::Float(value)),
        _ => Err(out_of_range(text)),
    }
}

fn out_of_range(text: &str) -> Refused {
    Refused {
        message: format!("the number `{text}` is out of range"),
        help: "put it in quotation marks if it is a text".to_owned(),
    }
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['-', '+']).unwrap_or(text)
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

fn only(text: &str, fits: impl Fn(char) -> bool) -> bool {
    !text.is_empty() && text.chars().all(fits)
}
