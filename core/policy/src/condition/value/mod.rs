//! What an expression yields. Values borrow from the call and from the program wherever they can; only what an
//! expression makes itself (a joined text, a mapped list) is owned.

mod equality;
mod json;
mod key;
mod typed;

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

pub use super::network::Cidr;
pub use super::time::Span;
use crate::facts::Timestamp;

#[derive(Clone, Debug)]
pub enum Value<'f> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    String(Cow<'f, str>),
    Bytes(Cow<'f, [u8]>),
    Timestamp(Timestamp),
    Duration(Span),
    Ip(IpAddr),
    Cidr(Cidr),
    /// A type as a value, by its name.
    Type(&'static str),
    List(List<'f>),
    Map(Map<'f>),
}

/// A list, where it lies: nothing is copied to make one of the call's own.
#[derive(Clone, Debug)]
pub enum List<'f> {
    Strings(&'f [String]),
    Json(&'f [serde_json::Value]),
    Borrowed(&'f [Value<'f>]),
    Owned(Arc<Vec<Value<'f>>>),
}

/// A map, where it lies. The entries of one that an expression made are few and searched in order.
#[derive(Clone, Debug)]
pub enum Map<'f> {
    Json(&'f serde_json::Map<String, serde_json::Value>),
    Borrowed(&'f [Entry<'f>]),
    Owned(Arc<Vec<Entry<'f>>>),
}

pub type Entry<'f> = (Value<'f>, Value<'f>);

impl<'f> Value<'f> {
    pub fn text(text: &'f str) -> Self {
        Self::String(Cow::Borrowed(text))
    }

    pub fn list(elements: Vec<Value<'f>>) -> Self {
        Self::List(List::Owned(Arc::new(elements)))
    }

    pub fn map(entries: Vec<Entry<'f>>) -> Self {
        Self::Map(Map::Owned(Arc::new(entries)))
    }

    /// CEL's name of the value's type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null_type",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint",
            Self::Double(_) => "double",
            Self::String(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::Timestamp(_) => "google.protobuf.Timestamp",
            Self::Duration(_) => "google.protobuf.Duration",
            Self::Ip(_) => "net.IP",
            Self::Cidr(_) => "net.CIDR",
            Self::Type(_) => "type",
            Self::List(_) => "list",
            Self::Map(_) => "map",
        }
    }

    /// The same value, borrowing from this one: free of allocation.
    pub(super) fn borrow(&self) -> Value<'_> {
        match self {
            Self::String(text) => Value::String(Cow::Borrowed(text)),
            Self::Bytes(bytes) => Value::Bytes(Cow::Borrowed(bytes)),
            Self::List(List::Owned(elements)) => Value::List(List::Borrowed(elements)),
            Self::Map(Map::Owned(entries)) => Value::Map(Map::Borrowed(entries)),
            other => other.clone(),
        }
    }

    /// The same value, borrowing from nothing.
    pub fn into_static(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(bool) => Value::Bool(bool),
            Self::Int(int) => Value::Int(int),
            Self::Uint(uint) => Value::Uint(uint),
            Self::Double(double) => Value::Double(double),
            Self::String(text) => Value::String(Cow::Owned(text.into_owned())),
            Self::Bytes(bytes) => Value::Bytes(Cow::Owned(bytes.into_owned())),
            Self::Timestamp(at) => Value::Timestamp(at),
            Self::Duration(span) => Value::Duration(span),
            Self::Ip(address) => Value::Ip(address),
            Self::Cidr(network) => Value::Cidr(network),
            Self::Type(name) => Value::Type(name),
            Self::List(list) => Value::list(list.iter().map(Value::into_static).collect()),
            Self::Map(map) => {
                Value::map(map.iter().map(|(key, value)| (key.into_static(), value.into_static())).collect())
            }
        }
    }
}

impl<'f> List<'f> {
    pub fn len(&self) -> usize {
        match self {
            Self::Strings(strings) => strings.len(),
            Self::Json(elements) => elements.len(),
            Self::Borrowed(elements) => elements.len(),
            Self::Owned(elements) => elements.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn element(&self, index: usize) -> Option<Value<'f>> {
        match self {
            Self::Strings(strings) => strings.get(index).map(|text| Value::text(text)),
            Self::Json(elements) => elements.get(index).map(Value::from_json),
            Self::Borrowed(elements) => elements.get(index).map(Value::borrow),
            Self::Owned(elements) => elements.get(index).cloned(),
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = Value<'f>> + '_ {
        (0..self.len()).filter_map(|index| self.element(index))
    }

    pub(super) fn contains(&self, wanted: &Value<'_>) -> bool {
        match (self, wanted) {
            (Self::Strings(strings), Value::String(wanted)) => strings.iter().any(|text| text == wanted),
            (Self::Strings(_), _) => false,
            (Self::Borrowed(elements), wanted) => elements.iter().any(|element| element.equals(wanted)),
            (Self::Owned(elements), wanted) => elements.iter().any(|element| element.equals(wanted)),
            (Self::Json(_), wanted) => self.iter().any(|element| element.equals(wanted)),
        }
    }
}

impl<'f> Map<'f> {
    pub fn len(&self) -> usize {
        match self {
            Self::Json(members) => members.len(),
            Self::Borrowed(entries) => entries.len(),
            Self::Owned(entries) => entries.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Numeric keys are found across the numeric types.
    pub fn entry(&self, key: &Value<'_>) -> Option<Value<'f>> {
        match self {
            Self::Json(members) => match key {
                Value::String(name) => members.get(name.as_ref()).map(Value::from_json),
                _ => None,
            },
            Self::Borrowed(entries) => {
                entries.iter().find(|(name, _)| name.equals(key)).map(|(_, value)| value.borrow())
            }
            Self::Owned(entries) => {
                entries.iter().find(|(name, _)| name.equals(key)).map(|(_, value)| value.clone())
            }
        }
    }

    pub fn iter(&self) -> Box<dyn Iterator<Item = Entry<'f>> + '_> {
        match self {
            Self::Json(members) => {
                Box::new(members.iter().map(|(name, value)| (Value::text(name), Value::from_json(value))))
            }
            Self::Borrowed(entries) => {
                Box::new(entries.iter().map(|(name, value)| (name.borrow(), value.borrow())))
            }
            Self::Owned(entries) => Box::new(entries.iter().cloned()),
        }
    }
}
