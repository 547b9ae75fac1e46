//! A write: steps in one transaction, what must have come of each, and what the audit tells.

use super::{Argument, IdentityField, Statement};

#[derive(Clone, Debug)]
pub struct Write {
    pub steps: Vec<WriteStep>,
    pub idempotency: Idempotency,
}

#[derive(Clone, Debug)]
pub struct WriteStep {
    pub action: Action,
    pub for_each: Option<ForEach>,
    /// Of a `for_each` it concerns each item alone.
    pub expect: Option<Expectation>,
}

#[derive(Clone, Debug)]
pub enum Action {
    Sql(Statement),
    Mutate(Mutation),
}

/// Buffered, and applied when the transaction commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutation {
    pub kind: MutationKind,
    pub table: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MutationKind {
    /// Each column and its value.
    Insert(Vec<(String, Argument)>),
    Update(Vec<(String, Argument)>),
    InsertOrUpdate(Vec<(String, Argument)>),
    Replace(Vec<(String, Argument)>),
    /// The parts of the key, as of [`super::KeyRead::key`].
    Delete(Vec<Argument>),
}

impl Action {
    /// All that it uses: of SQL by its names, of a mutation what it sets or the parts of its key.
    pub fn arguments(&self) -> Box<dyn Iterator<Item = &Argument> + '_> {
        match self {
            Self::Sql(statement) => Box::new(statement.arguments.iter().map(|(_, argument)| argument)),
            Self::Mutate(Mutation { kind, table: _ }) => match kind {
                MutationKind::Insert(columns)
                | MutationKind::Update(columns)
                | MutationKind::InsertOrUpdate(columns)
                | MutationKind::Replace(columns) => Box::new(columns.iter().map(|(_, argument)| argument)),
                MutationKind::Delete(key) => Box::new(key.iter()),
            },
        }
    }
}

/// A list of the body: the step runs once for each item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForEach {
    /// Names of members from the top; empty when the body itself is the list.
    pub list: Vec<String>,
    pub min_items: usize,
    pub max_items: usize,
}

/// How many rows a statement must have touched; otherwise the transaction is rolled back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    pub rows: i64,
    pub status: u16,
    pub reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idempotency {
    /// A caller's key, or else the nonce that the filter drew.
    Allowed,
    /// The caller must send a key.
    Required,
}

/// Something of the call which the audit row keeps. Whole bodies, headers and claims are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditField {
    Path(String),
    Query(String),
    /// Names of members from the top, at least one.
    Body(Vec<String>),
    Identity(IdentityField),
}
