//! CEL's string extension. Positions are code points, not bytes; where a text has only ASCII the two are one, so
//! that nothing is counted.

use std::borrow::Cow;

use super::arithmetic::bounded;
use crate::condition::functions::Function;
use crate::condition::{ErrorKind, Value};

pub fn apply<'f>(function: Function, arguments: &[Value<'f>]) -> Result<Value<'f>, ErrorKind> {
    match (function, arguments) {
        (Function::Join, [Value::List(list)]) => join(list.iter(), ""),
        (Function::Join, [Value::List(list), Value::String(separator)]) => join(list.iter(), separator),
        (function, [Value::String(text), rest @ ..]) => of_text(function, text, rest),
        _ => Err(ErrorKind::NoSuchOverload),
    }
}

fn of_text<'f>(function: Function, text: &Cow<'f, str>, rest: &[Value<'f>]) -> Result<Value<'f>, ErrorKind> {
    Ok(match (function, rest) {
        (Function::StartsWith, [Value::String(part)]) => Value::Bool(text.starts_with(part.as_ref())),
        (Function::EndsWith, [Value::String(part)]) => Value::Bool(text.ends_with(part.as_ref())),
        (Function::Contains, [Value::String(part)]) => Value::Bool(text.contains(part.as_ref())),
        (Function::LowerAscii, []) if text.bytes().any(|byte| byte.is_ascii_uppercase()) => {
            Value::String(Cow::Owned(text.to_ascii_lowercase()))
        }
        (Function::UpperAscii, []) if text.bytes().any(|byte| byte.is_ascii_lowercase()) => {
            Value::String(Cow::Owned(text.to_ascii_uppercase()))
        }
        (Function::LowerAscii | Function::UpperAscii, []) => Value::String(text.clone()),
        (Function::Trim, []) => Value::String(part(text, str::trim)),
        (Function::Reverse, []) => Value::String(text.chars().rev().collect()),
        (Function::CharAt, [Value::Int(position)]) => char_at(text, *position)?,
        (Function::IndexOf, [Value::String(wanted)]) => index_of(text, wanted, 0)?,
        (Function::IndexOf, [Value::String(wanted), Value::Int(from)]) => index_of(text, wanted, *from)?,
        (Function::LastIndexOf, [Value::String(wanted)]) => last_index_of(text, wanted, None)?,
        (Function::LastIndexOf, [Value::String(wanted), Value::Int(from)]) => {
            last_index_of(text, wanted, Some(*from))?
        }
        (Function::Substring, [Value::Int(start)]) => substring(text, *start, None)?,
        (Function::Substring, [Value::Int(start), Value::Int(end)]) => substring(text, *start, Some(*end))?,
        (Function::Replace, [Value::String(old), Value::String(new)]) => replace(text, old, new, -1)?,
        (Function::Replace, [Value::String(old), Value::String(new), Value::Int(limit)]) => {
            replace(text, old, new, *limit)?
        }
        (Function::Split, [Value::String(separator)]) => split(text, separator, -1),
        (Function::Split, [Value::String(separator), Value::Int(limit)]) => split(text, separator, *limit),
        _ => return Err(ErrorKind::NoSuchOverload),
    })
}

/// A part of a text, borrowed if the text is.
fn part<'f>(text: &Cow<'f, str>, take: impl for<'t> Fn(&'t str) -> &'t str) -> Cow<'f, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(take(text)),
        Cow::Owned(text) => Cow::Owned(take(text).to_owned()),
    }
}

/// The byte at which the code point of that position begins; the text's length is a position, too.
fn byte_at(text: &str, position: i64) -> Result<usize, ErrorKind> {
    let position = usize::try_from(position).map_err(|_| ErrorKind::OutOfRange)?;
    let mut starts = text.char_indices().map(|(byte, _)| byte).chain([text.len()]);
    starts.nth(position).ok_or(ErrorKind::OutOfRange)
}

fn position_of(text: &str, byte: usize) -> Result<Value<'static>, ErrorKind> {
    let position = text.get(..byte).ok_or(ErrorKind::OutOfRange)?.chars().count();
    i64::try_from(position).map(Value::Int).map_err(|_| ErrorKind::Overflow)
}

fn char_at<'f>(text: &Cow<'f, str>, position: i64) -> Result<Value<'f>, ErrorKind> {
    let byte = byte_at(text, position)?;
    Ok(Value::String(part(text, |text| {
        let rest = text.get(byte..).unwrap_or_default();
        let length = rest.chars().next().map_or(0, char::len_utf8);
        rest.get(..length).unwrap_or_default()
    })))
}

fn index_of<'f>(text: &str, wanted: &str, from: i64) -> Result<Value<'f>, ErrorKind> {
    let from = byte_at(text, from)?;
    match text.get(from..).and_then(|rest| rest.find(wanted)) {
        Some(found) => position_of(text, from + found),
        None => Ok(Value::Int(-1)),
    }
}

/// The last occurrence that begins at `from` or before.
fn last_index_of<'f>(text: &str, wanted: &str, from: Option<i64>) -> Result<Value<'f>, ErrorKind> {
    let end = match from {
        Some(from) => byte_at(text, from)?.saturating_add(wanted.len()).min(text.len()),
        None => text.len(),
    };
    // The cut may fall within a code point; what begins at `from` or before ends there at the latest.
    let end = (0..=end).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    match text.get(..end).and_then(|head| head.rfind(wanted)) {
        Some(found) => position_of(text, found),
        None => Ok(Value::Int(-1)),
    }
}

fn substring<'f>(text: &Cow<'f, str>, start: i64, end: Option<i64>) -> Result<Value<'f>, ErrorKind> {
    let start = byte_at(text, start)?;
    let end = end.map_or(Ok(text.len()), |end| byte_at(text, end))?;
    if start > end {
        return Err(ErrorKind::OutOfRange);
    }
    Ok(Value::String(part(text, |text| text.get(start..end).unwrap_or_default())))
}

/// A negative limit is none.
fn replace<'f>(text: &Cow<'f, str>, old: &str, new: &str, limit: i64) -> Result<Value<'f>, ErrorKind> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let found = text.matches(old).count().min(limit);
    if found == 0 {
        return Ok(Value::String(text.clone()));
    }
    bounded(text.len().saturating_add(found.saturating_mul(new.len())))?;
    Ok(Value::String(Cow::Owned(text.replacen(old, new, limit))))
}

/// An empty separator splits into code points; a limit of 0 is no element, of -1 no limit.
fn split<'f>(text: &Cow<'f, str>, separator: &str, limit: i64) -> Value<'f> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    match text {
        Cow::Borrowed(text) => Value::list(split_at(text, separator, limit).map(Value::text).collect()),
        Cow::Owned(text) => {
            let owned = |part: &str| Value::String(Cow::Owned(part.to_owned()));
            Value::list(split_at(text, separator, limit).map(owned).collect())
        }
    }
}

fn split_at<'t>(text: &'t str, separator: &str, limit: usize) -> Box<dyn Iterator<Item = &'t str> + 't> {
    if limit == 0 {
        return Box::new(std::iter::empty());
    }
    if separator.is_empty() {
        let starts: Vec<usize> = text.char_indices().map(|(byte, _)| byte).take(limit).collect();
        let ends: Vec<usize> = starts.iter().skip(1).copied().chain([text.len()]).collect();
        let parts = starts.into_iter().zip(ends);
        return Box::new(parts.filter_map(move |(start, end)| text.get(start..end)));
    }
    let parts: Vec<&str> = text.splitn(limit, separator).collect();
    Box::new(parts.into_iter())
}

fn join<'f>(parts: impl Iterator<Item = Value<'f>>, separator: &str) -> Result<Value<'f>, ErrorKind> {
    let mut joined = String::new();
    for (index, part) in parts.enumerate() {
        let Value::String(part) = part else { return Err(ErrorKind::NoSuchOverload) };
        if index > 0 {
            joined.push_str(separator);
        }
        joined.push_str(&part);
        bounded(joined.len())?;
    }
    Ok(Value::String(Cow::Owned(joined)))
}
