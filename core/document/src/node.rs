//! The tree that a document becomes.

/// Where something stands in the text: 1-based, counted in characters. JSON as the filter reads it has no
/// places; there the path alone tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    pub line: u32,
    pub column: u32,
    /// How many characters of that line it takes, at least one.
    pub length: u32,
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub value: Value,
    pub span: Option<Span>,
}

/// A member's name and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub name: String,
    pub span: Option<Span>,
}

/// What a node holds. Members keep the order of the text; a repeated name is a fault found while reading.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    String(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

impl Value {
    /// What kind of value this is, in the words of a fault's message.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "a boolean",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a number",
            Self::String(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }
}

impl Node {
    /// What kind of value this is, in the words of a fault's message.
    pub fn kind(&self) -> &'static str {
        self.value.kind()
    }

    /// The member `name` of a map.
    pub fn member(&self, name: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(members) => members.iter().find(|(key, _)| key.name == name).map(|(_, node)| node),
            _ => None,
        }
    }

    /// What stands at a [`Path`](crate::Path), such as `apis.orders.steps[0]`, if no name in it has a dot.
    pub fn at(&self, path: &str) -> Option<&Node> {
        let mut parts = path.split(['.', '[']).filter(|part| !part.is_empty());
        parts.try_fold(self, |node, part| match (&node.value, part.strip_suffix(']')) {
            (Value::List(items), Some(index)) => items.get(index.parse::<usize>().ok()?),
            _ => node.member(part),
        })
    }

    /// How deep lists and maps stand inside of each other here; a scalar has none.
    pub fn depth(&self) -> usize {
        let inner = match &self.value {
            Value::List(items) => items.iter().map(Node::depth).max(),
            Value::Map(members) => members.iter().map(|(_, node)| node.depth()).max(),
            _ => return 0,
        };
        inner.map_or(0, |inner| inner.saturating_add(1))
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The same value as JSON, without places. A float that JSON cannot hold becomes null; readers refuse those.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Integer(value) => (*value).into(),
            Value::Float(value) => (*value).into(),
            Value::String(text) => text.as_str().into(),
            Value::List(items) => items.iter().map(Node::to_json).collect(),
            Value::Map(members) => serde_json::Value::Object(
                members.iter().map(|(key, node)| (key.name.clone(), node.to_json())).collect(),
            ),
        }
    }
}
