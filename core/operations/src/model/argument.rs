//! SQL and its arguments: what each name in a statement, a key or a mutation stands for.

/// One statement of SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub sql: String,
    /// Each name that the SQL uses, as it is declared (of `$1`, `p1`), and what it stands for.
    pub arguments: Vec<(String, Argument)>,
    /// Whether it is a query, or DML with `THEN RETURN` (`RETURNING`).
    pub returns_rows: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// Of [`crate::Operation::parameters`]. One that comes from an item has a value for each item.
    Parameter(usize),
    /// A column of the one row that an earlier step of the write returned.
    Returned { step: usize, column: String },
    /// `PENDING_COMMIT_TIMESTAMP()`, of mutations: in SQL it is SQL.
    CommitTimestamp,
}
