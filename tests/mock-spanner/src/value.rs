//! Values as the mock keeps them, and their way to and from the wire, where INT64 is a text and only the type tells it
//! from one.

use std::cmp::Ordering;

use googleapis_tonic_google_spanner_v1::google::spanner::v1::{Type, TypeCode};
use prost_types::{ListValue, Value as Wire, value::Kind};

/// What a column or a parameter holds. Everything without arithmetic of its own (NUMERIC, DATE, TIMESTAMP, BYTES, JSON)
/// is the text that travels.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Value>),
}

impl Value {
    pub fn from_wire(wire: &Wire, r#type: Option<&Type>) -> Self {
        match &wire.kind {
            None | Some(Kind::NullValue(_)) => Self::Null,
            Some(Kind::BoolValue(value)) => Self::Bool(*value),
            Some(Kind::NumberValue(value)) => Self::Float(*value),
            Some(Kind::StringValue(text)) => match text.parse() {
                Ok(number) if r#type.is_some_and(|r#type| r#type.code() == TypeCode::Int64) => {
                    Self::Int(number)
                }
                _ => Self::Text(text.clone()),
            },
            Some(Kind::ListValue(ListValue { values })) => {
                let element = r#type.and_then(|r#type| r#type.array_element_type.as_deref());
                Self::List(values.iter().map(|value| Self::from_wire(value, element)).collect())
            }
            Some(Kind::StructValue(_)) => Self::Null,
        }
    }

    pub fn to_wire(&self) -> Wire {
        let kind = match self {
            Self::Null => Kind::NullValue(0),
            Self::Bool(value) => Kind::BoolValue(*value),
            Self::Int(value) => Kind::StringValue(value.to_string()),
            Self::Float(value) => Kind::NumberValue(*value),
            Self::Text(text) => Kind::StringValue(text.clone()),
            Self::List(values) => {
                Kind::ListValue(ListValue { values: values.iter().map(Self::to_wire).collect() })
            }
        };
        Wire { kind: Some(kind) }
    }

    /// As the wire has it; NULL as `NULL`.
    pub fn text(&self) -> String {
        match self {
            Self::Null => "NULL".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Float(value) => value.to_string(),
            Self::Text(text) => text.clone(),
            Self::List(values) => {
                format!("[{}]", values.iter().map(Self::text).collect::<Vec<_>>().join(","))
            }
        }
    }

    /// SQL's comparison: NULL compares with nothing.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Null, _) | (_, Self::Null) => None,
            _ => Some(self.cmp(other)),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Int(_) | Self::Float(_) => 2,
            Self::Text(_) => 3,
            Self::List(_) => 4,
        }
    }
}

impl Eq for Value {}

/// The order of keys: NULL first.
impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(one), Self::Bool(other)) => one.cmp(other),
            (Self::Int(one), Self::Int(other)) => one.cmp(other),
            (Self::Float(one), Self::Float(other)) => one.total_cmp(other),
            (Self::Int(one), Self::Float(other)) => (*one as f64).total_cmp(other),
            (Self::Float(one), Self::Int(other)) => one.total_cmp(&(*other as f64)),
            (Self::Text(one), Self::Text(other)) => one.cmp(other),
            (Self::List(one), Self::List(other)) => one.cmp(other),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

pub fn scalar(code: TypeCode) -> Type {
    Type { code: code.into(), ..Type::default() }
}
