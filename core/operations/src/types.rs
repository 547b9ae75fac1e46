//! Spanner's types as authors write them: scalars, arrays, and structs, which only GoogleSQL has.

mod dialect;
mod parse;
mod standing;

use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    Bool,
    Int64,
    Float32,
    Float64,
    String,
    Bytes,
    Date,
    Timestamp,
    Numeric,
    Interval,
    Json,
    Uuid,
    PgNumeric,
    PgJsonb,
    PgOid,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    Scalar(Scalar),
    /// Of anything but arrays: Spanner has no array of arrays.
    Array(Box<Type>),
    /// At least one field.
    Struct(Vec<Field>),
}

/// A field of a STRUCT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub name: String,
    pub r#type: Type,
}

/// Why a text is no type, or a type is not to be had: for the author of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeFault {
    pub message: String,
    pub help: String,
}

impl Scalar {
    pub const ALL: [Self; 15] = [
        Self::Bool,
        Self::Int64,
        Self::Float32,
        Self::Float64,
        Self::String,
        Self::Bytes,
        Self::Date,
        Self::Timestamp,
        Self::Numeric,
        Self::Interval,
        Self::Json,
        Self::Uuid,
        Self::PgNumeric,
        Self::PgJsonb,
        Self::PgOid,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Bool => "BOOL",
            Self::Int64 => "INT64",
            Self::Float32 => "FLOAT32",
            Self::Float64 => "FLOAT64",
            Self::String => "STRING",
            Self::Bytes => "BYTES",
            Self::Date => "DATE",
            Self::Timestamp => "TIMESTAMP",
            Self::Numeric => "NUMERIC",
            Self::Interval => "INTERVAL",
            Self::Json => "JSON",
            Self::Uuid => "UUID",
            Self::PgNumeric => "PG.NUMERIC",
            Self::PgJsonb => "PG.JSONB",
            Self::PgOid => "PG.OID",
        }
    }

    /// Whether `minimum` and `maximum` mean something.
    pub fn is_ordered(self) -> bool {
        match self {
            Self::Int64
            | Self::Float32
            | Self::Float64
            | Self::Numeric
            | Self::Date
            | Self::Timestamp
            | Self::Interval
            | Self::PgNumeric
            | Self::PgOid => true,
            Self::Bool | Self::String | Self::Bytes | Self::Json | Self::Uuid | Self::PgJsonb => false,
        }
    }

    /// Whether any JSON is one of its values.
    pub fn is_json(self) -> bool {
        matches!(self, Self::Json | Self::PgJsonb)
    }
}

impl Type {
    pub fn array_of(element: Self) -> Self {
        Self::Array(Box::new(element))
    }

    /// An array's element; of all else the type itself.
    pub fn element(&self) -> &Self {
        match self {
            Self::Array(element) => element,
            Self::Scalar(_) | Self::Struct(_) => self,
        }
    }

    /// The scalar that the type is, or that its elements are.
    pub fn scalar(&self) -> Option<Scalar> {
        match self.element() {
            Self::Scalar(scalar) => Some(*scalar),
            Self::Array(_) | Self::Struct(_) => None,
        }
    }

    pub fn is_array(&self) -> bool {
        matches!(self, Self::Array(_))
    }

    /// Whether any JSON is one of its values, or of a value within one.
    pub(crate) fn holds_json(&self) -> bool {
        match self {
            Self::Scalar(scalar) => scalar.is_json(),
            Self::Array(element) => element.holds_json(),
            Self::Struct(fields) => fields.iter().any(|field| field.r#type.holds_json()),
        }
    }

    pub fn is_struct(&self) -> bool {
        matches!(self, Self::Struct(_))
    }
}

impl From<Scalar> for Type {
    fn from(scalar: Scalar) -> Self {
        Self::Scalar(scalar)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scalar(scalar) => f.write_str(scalar.name()),
            Self::Array(element) => write!(f, "ARRAY<{element}>"),
            Self::Struct(fields) => {
                f.write_str("STRUCT<")?;
                for (index, Field { name, r#type }) in fields.iter().enumerate() {
                    write!(f, "{}{name} {type}", if index > 0 { ", " } else { "" })?;
                }
                f.write_str(">")
            }
        }
    }
}

#[cfg(test)]
mod tests;
