//! Spanner's types as authors write them: the scalars of GoogleSQL and arrays of them.

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
    Json,
    Uuid,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    Scalar(Scalar),
    Array(Scalar),
}

impl Scalar {
    pub const ALL: [Self; 11] = [
        Self::Bool,
        Self::Int64,
        Self::Float32,
        Self::Float64,
        Self::String,
        Self::Bytes,
        Self::Date,
        Self::Timestamp,
        Self::Numeric,
        Self::Json,
        Self::Uuid,
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
            Self::Json => "JSON",
            Self::Uuid => "UUID",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scalar| scalar.name() == name)
    }

    /// Whether `minimum` and `maximum` mean something.
    pub fn is_ordered(self) -> bool {
        match self {
            Self::Int64 | Self::Float32 | Self::Float64 | Self::Numeric | Self::Date | Self::Timestamp => {
                true
            }
            Self::Bool | Self::String | Self::Bytes | Self::Json | Self::Uuid => false,
        }
    }
}

impl Type {
    /// `INT64`, `ARRAY<STRING>`; upper case, as in Spanner's own schemas.
    pub fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix("ARRAY<").and_then(|rest| rest.strip_suffix('>')) {
            Some(element) => Scalar::named(element).map(Self::Array),
            None => Scalar::named(text).map(Self::Scalar),
        }
    }

    /// The type itself, or that of an array's elements.
    pub fn scalar(self) -> Scalar {
        match self {
            Self::Scalar(scalar) | Self::Array(scalar) => scalar,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scalar(scalar) => f.write_str(scalar.name()),
            Self::Array(scalar) => write!(f, "ARRAY<{}>", scalar.name()),
        }
    }
}
