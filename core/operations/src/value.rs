//! Typed values, and the one way from text or JSON to them. A value is either exactly what was sent or it is
//! refused: nothing is rounded, wrapped, cut or guessed.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use spangate_document::{Node, Value as Json};

use crate::{Scalar, Type};

/// A value of some [`Type`], ready to be bound.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    Int64(i64),
    /// FLOAT64 and FLOAT32.
    Float(f64),
    Numeric(Numeric),
    /// STRING, and the canonical text of BYTES (base64), DATE, TIMESTAMP (UTC, nine digits), JSON and UUID.
    Text(String),
    Array(Vec<Value>),
}

/// A NUMERIC: 29 digits before the point and 9 behind it, as an integer of billionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Numeric {
    billionths: i128,
}

impl Value {
    /// Text, as a path, a query or a constant has it.
    pub fn from_text(scalar: Scalar, text: &str) -> Result<Self, &'static str> {
        match scalar {
            Scalar::Bool => match text {
                "true" => Ok(Self::Bool(true)),
                "false" => Ok(Self::Bool(false)),
                _ => Err("must be `true` or `false`"),
            },
            Scalar::Int64 => integer(text).map(Self::Int64).ok_or("must be an integer of 64 bits"),
            Scalar::Float64 => float(text).map(Self::Float).ok_or("must be a number"),
            Scalar::Float32 => float(text).and_then(single).map(Self::Float).ok_or(SINGLE),
            Scalar::Numeric => Numeric::parse(text).map(Self::Numeric).ok_or(NUMERIC),
            Scalar::String => Ok(Self::Text(text.to_owned())),
            Scalar::Bytes => match STANDARD.decode(text) {
                Ok(_) => Ok(Self::Text(text.to_owned())),
                Err(_) => Err("must be base64 with padding"),
            },
            Scalar::Date => {
                date(text).map(|_| Self::Text(text.to_owned())).ok_or("must be a date such as `2026-11-23`")
            }
            Scalar::Timestamp => timestamp(text)
                .map(Self::Text)
                .ok_or("must be an RFC 3339 timestamp such as `2026-11-23T12:00:00Z`"),
            Scalar::Json => match spangate_document::from_json(text) {
                Ok(_) => Ok(Self::Text(text.to_owned())),
                Err(_) => Err("must be JSON"),
            },
            Scalar::Uuid => uuid(text).map(Self::Text).ok_or("must be a UUID"),
        }
    }

    /// A JSON value, as a body or a claim has it. Whether null is allowed is the caller's matter.
    pub fn from_json(r#type: Type, node: &Node) -> Result<Self, &'static str> {
        match (r#type, &node.value) {
            (Type::Array(scalar), Json::List(items)) => items
                .iter()
                .map(|item| scalar_from_json(scalar, item))
                .collect::<Result<_, _>>()
                .map(Self::Array),
            (Type::Array(_), _) => Err("must be a list"),
            (Type::Scalar(scalar), _) => scalar_from_json(scalar, node),
        }
    }

    /// The value as text, as a location has it; arrays and NULL have none.
    pub fn to_text(&self) -> Option<String> {
        match self {
            Self::Null | Self::Array(_) => None,
            Self::Bool(value) => Some(value.to_string()),
            Self::Int64(value) => Some(value.to_string()),
            Self::Float(value) => Some(value.to_string()),
            Self::Numeric(value) => Some(value.to_string()),
            Self::Text(text) => Some(text.clone()),
        }
    }
}

const SINGLE: &str = "must be a number within FLOAT32";
const NUMERIC: &str = "must have at most 29 digits before the point and 9 behind it";

fn scalar_from_json(scalar: Scalar, node: &Node) -> Result<Value, &'static str> {
    match (scalar, &node.value) {
        (Scalar::Json, _) => Ok(Value::Text(node.to_json().to_string())),
        (_, Json::Null) => Err("must not be null"),
        (Scalar::Bool, Json::Bool(value)) => Ok(Value::Bool(*value)),
        (Scalar::Bool, _) => Err("must be true or false"),
        (Scalar::Int64, Json::Integer(value)) => Ok(Value::Int64(*value)),
        (Scalar::Float64, Json::Integer(_) | Json::Float(_)) => {
            number(node).map(Value::Float).ok_or("must be a number")
        }
        (Scalar::Float32, Json::Integer(_) | Json::Float(_)) => {
            number(node).and_then(single).map(Value::Float).ok_or(SINGLE)
        }
        (Scalar::Numeric, Json::Integer(value)) => Value::from_text(scalar, &value.to_string()),
        // By now the digits have gone through a binary float: the caller's own may be lost already.
        (Scalar::Numeric, Json::Float(_)) => Err("must be sent as a text, so that no digit is lost"),
        (_, Json::String(text)) => Value::from_text(scalar, text),
        (Scalar::Int64, _) => Err("must be an integer"),
        (Scalar::Float64 | Scalar::Float32 | Scalar::Numeric, _) => Err("must be a number"),
        (Scalar::String | Scalar::Bytes | Scalar::Date | Scalar::Timestamp | Scalar::Uuid, _) => {
            Err("must be a text")
        }
    }
}

/// Integers beyond 2⁵³ would not arrive as they were sent.
fn number(node: &Node) -> Option<f64> {
    match node.value {
        Json::Float(value) => Some(value),
        Json::Integer(value) if value.unsigned_abs() <= 1 << 53 => value.to_string().parse().ok(),
        _ => None,
    }
}

fn integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

fn float(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        // Rust would take `inf`, `nan` and `+1` too.
        _ if text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.' | b'e' | b'E' | b'+'))
            && !text.starts_with('+') =>
        {
            text.parse().ok().filter(|value: &f64| value.is_finite())
        }
        _ => None,
    }
}

fn single(value: f64) -> Option<f64> {
    (!value.is_finite() || (value as f32).is_finite()).then_some(value)
}

impl Numeric {
    /// `-12.5`: digits on both sides of the point, no exponent, no plus.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let (whole_digits, fraction_digits) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        if !is_number(whole) || !is_number(fraction) || whole_digits.len() > 29 || fraction_digits.len() > 9 {
            return None;
        }
        // 38 digits: below 1.7 × 10³⁸.
        let billionths: i128 = format!("{whole_digits}{fraction_digits:0<9}").parse().ok()?;
        Some(Self { billionths: if negative { billionths.checked_neg()? } else { billionths } })
    }
}

impl fmt::Display for Numeric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const BILLION: u128 = 1_000_000_000;
        let size = self.billionths.unsigned_abs();
        let (whole, fraction) = (size / BILLION, size % BILLION);
        let sign = if self.billionths < 0 { "-" } else { "" };
        write!(f, "{sign}{whole}")?;
        if fraction > 0 {
            write!(f, ".{}", format!("{fraction:09}").trim_end_matches('0'))?;
        }
        Ok(())
    }
}

/// Days since 0000-03-01 of a day of the calendar (H. Hinnant, "chrono-compatible low-level date algorithms").
fn date(text: &str) -> Option<i64> {
    let (year, rest) = text.split_at_checked(4)?;
    let (month, day) = rest.strip_prefix('-')?.split_once('-')?;
    let (year, month, day) = (fixed(year, 4)?, fixed(month, 2)?, fixed(day, 2)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if year == 0 || day == 0 || day > days {
        return None;
    }
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    Some(365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1)
}

/// The inverse of [`date`].
fn calendar(days: i64) -> (i64, i64, i64) {
    let era = days.div_euclid(146_097);
    let day = days.rem_euclid(146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let year = year + era * 400;
    if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
}

fn fixed(digits: &str, length: usize) -> Option<i64> {
    (digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| digits.parse().ok())?
}

/// RFC 3339, upper case, in UTC with nine digits behind the point: Spanner demands `Z`, and texts of one form
/// compare as the instants do. A leap second is refused, since Spanner has none.
fn timestamp(text: &str) -> Option<String> {
    let (day, rest) = text.split_once('T')?;
    let (clock, offset) = rest.split_at_checked(rest.find(['Z', '+', '-'])?)?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    if fraction.is_empty() || fraction.len() > 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, rest) = clock.split_once(':')?;
    let (minutes, seconds) = rest.split_once(':')?;
    let (hours, minutes, seconds) = (fixed(hours, 2)?, fixed(minutes, 2)?, fixed(seconds, 2)?);
    if hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let total = date(day)? * 86_400 + hours * 3600 + minutes * 60 + seconds - offset_seconds(offset)?;
    let (year, month, day) = calendar(total.div_euclid(86_400));
    if !(1..=9999).contains(&year) {
        return None;
    }
    let clock = total.rem_euclid(86_400);
    let (hours, minutes, seconds) = (clock / 3600, clock / 60 % 60, clock % 60);
    Some(format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{fraction:0<9}Z"))
}

fn offset_seconds(offset: &str) -> Option<i64> {
    let sign = match offset.chars().next()? {
        'Z' => return (offset.len() == 1).then_some(0),
        '+' => 1,
        _ => -1,
    };
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    let (hours, minutes) = (fixed(hours, 2)?, fixed(minutes, 2)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn uuid(text: &str) -> Option<String> {
    let lengths = text.split('-').map(str::len);
    (lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit()))
        .then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests;
