//! The types that the checker knows. They exist at configuration only: what runs carries its own values.

use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    Null,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Timestamp,
    Duration,
    Ip,
    Cidr,
    /// The type of a type: what `type(x)` yields.
    Type,
    List(Box<Type>),
    Map(Box<Type>, Box<Type>),
    /// Known only when it is evaluated: a claim, an element of a mixed list.
    Dyn,
}

impl Type {
    pub(super) fn list(element: Type) -> Self {
        Self::List(Box::new(element))
    }

    pub(super) fn map(key: Type, value: Type) -> Self {
        Self::Map(Box::new(key), Box::new(value))
    }

    pub(super) fn is_numeric(&self) -> bool {
        matches!(self, Self::Int | Self::Uint | Self::Double)
    }

    /// Whether a value of the one type may turn out to be of the other.
    pub(super) fn accepts(&self, other: &Type) -> bool {
        match (self, other) {
            (Self::Dyn, _) | (_, Self::Dyn) => true,
            (Self::List(one), Self::List(other)) => one.accepts(other),
            (Self::Map(key, value), Self::Map(other_key, other_value)) => {
                key.accepts(other_key) && value.accepts(other_value)
            }
            (one, other) => one == other,
        }
    }

    /// Whether `==` between the two can ever hold: numbers compare across their types.
    pub(super) fn comparable(&self, other: &Type) -> bool {
        match (self, other) {
            (Self::Null, _) | (_, Self::Null) => true,
            (Self::List(one), Self::List(other)) => one.comparable(other),
            (Self::Map(key, value), Self::Map(other_key, other_value)) => {
                key.comparable(other_key) && value.comparable(other_value)
            }
            (one, other) => one.is_numeric() && other.is_numeric() || one.accepts(other),
        }
    }

    /// The type that holds values of both.
    pub(super) fn join(self, other: Type) -> Type {
        match (self, other) {
            (one, other) if one == other => one,
            (Self::List(one), Self::List(other)) => Self::list(one.join(*other)),
            (Self::Map(key, value), Self::Map(other_key, other_value)) => {
                Self::map(key.join(*other_key), value.join(*other_value))
            }
            _ => Self::Dyn,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Uint => "uint",
            Self::Double => "double",
            Self::String => "string",
            Self::Bytes => "bytes",
            Self::Timestamp => "timestamp",
            Self::Duration => "duration",
            Self::Ip => "ip",
            Self::Cidr => "cidr",
            Self::Type => "type",
            Self::Dyn => "dyn",
            Self::List(element) => return write!(f, "list({element})"),
            Self::Map(key, value) => return write!(f, "map({key}, {value})"),
        })
    }
}
