//! Typed values, and the one way from text or JSON to them. A value is either exactly what was sent or it is
//! refused: nothing is rounded (but to the binary number that a FLOAT64 is), wrapped, cut or guessed.

mod decimal;
mod interval;
mod json;
mod time;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use spangate_document::Node;

pub use decimal::Decimal;
pub use interval::Interval;
pub use json::Misfit;

use crate::sent::Sent;
use crate::{Scalar, Type};

/// A value of some [`Type`], ready to be bound.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    /// INT64 and PG.OID.
    Int64(i64),
    /// FLOAT64 and FLOAT32.
    Float(f64),
    /// NUMERIC and PG.NUMERIC.
    Numeric(Decimal),
    Interval(Interval),
    /// STRING, and the canonical text of BYTES (base64), DATE, TIMESTAMP (UTC, nine digits), JSON, PG.JSONB and UUID;
    /// a PG.NUMERIC that is not a number.
    Text(String),
    Array(Vec<Value>),
    /// Of each field, in the order of the type.
    Struct(Vec<Value>),
}

/// Whether JSON's null is a value within another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nulls {
    Refused,
    /// It is NULL, and so is a field that is left out.
    Taken,
}

impl Value {
    /// Text, as a path, a query or a constant has it.
    pub fn from_text(scalar: Scalar, text: &str) -> Result<Self, &'static str> {
        let own = |text: &str| Self::Text(text.to_owned());
        match scalar {
            Scalar::Bool => match text {
                "true" => Ok(Self::Bool(true)),
                "false" => Ok(Self::Bool(false)),
                _ => Err("must be `true` or `false`"),
            },
            Scalar::Int64 => integer(text).map(Self::Int64).ok_or("must be an integer of 64 bits"),
            Scalar::PgOid => {
                let fits = integer(text).filter(|number| u32::try_from(*number).is_ok());
                fits.map(Self::Int64).ok_or("must be an integer from 0 to 4294967295")
            }
            Scalar::Float64 => float(text).map(Self::Float).ok_or("must be a number"),
            Scalar::Float32 => float(text).and_then(single).map(Self::Float).ok_or(SINGLE),
            Scalar::Numeric => Decimal::numeric(text)
                .map(Self::Numeric)
                .ok_or("must have at most 29 digits before the point and 9 behind it"),
            Scalar::PgNumeric if text == "NaN" => Ok(own(text)),
            Scalar::PgNumeric => {
                Decimal::pg_numeric(text).map(Self::Numeric).ok_or("must be a decimal number")
            }
            Scalar::String => Ok(own(text)),
            Scalar::Bytes => STANDARD.decode(text).map(|_| own(text)).or(Err("must be base64 with padding")),
            Scalar::Date => time::date(text).map(|_| own(text)).ok_or("must be a date such as `2026-11-23`"),
            Scalar::Timestamp => time::timestamp(text)
                .map(Self::Text)
                .ok_or("must be an RFC 3339 timestamp such as `2026-11-23T12:00:00Z`"),
            Scalar::Interval => Interval::parse(text)
                .map(Self::Interval)
                .ok_or("must be an ISO 8601 duration within 10000 years, such as `P1Y2M3DT4H5M6.5S`"),
            Scalar::Json | Scalar::PgJsonb => {
                spangate_document::from_json(text).map(|_| own(text)).or(Err("must be JSON"))
            }
            Scalar::Uuid => uuid(text).map(Self::Text).ok_or("must be a UUID"),
        }
    }

    /// A JSON value that the document's author wrote.
    pub fn from_json(r#type: &Type, node: &Node, nulls: Nulls) -> Result<Self, Misfit> {
        json::read(r#type, Sent::written(node), nulls)
    }

    /// A JSON value, as a body or a claim has it.
    pub(crate) fn from_sent(r#type: &Type, sent: Sent<'_>, nulls: Nulls) -> Result<Self, Misfit> {
        json::read(r#type, sent, nulls)
    }

    /// The value as text, as a location has it; arrays, structs and NULL have none.
    pub fn to_text(&self) -> Option<String> {
        match self {
            Self::Null | Self::Array(_) | Self::Struct(_) => None,
            Self::Bool(value) => Some(value.to_string()),
            Self::Int64(value) => Some(value.to_string()),
            Self::Float(value) => Some(value.to_string()),
            Self::Numeric(value) => Some(value.to_string()),
            Self::Interval(value) => Some(value.to_string()),
            Self::Text(text) => Some(text.clone()),
        }
    }
}

const SINGLE: &str = "must be a number within FLOAT32";

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

fn uuid(text: &str) -> Option<String> {
    let lengths = text.split('-').map(str::len);
    (lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit()))
        .then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests;
