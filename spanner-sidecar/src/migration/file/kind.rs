//! What a file holds: Spanner runs DDL, DML and partitioned DML each in a way of its own, so that no two of them can
//! be one step.

use spangate_operations::{Dialect, sql};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One batch: applied statement by statement, and resumed where it stopped.
    Ddl,
    /// One transaction, the row of the history within it: all, once, or nothing.
    Dml,
    /// Statement by statement, at least once: each must bear being run again.
    Partitioned,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::Ddl, Self::Dml, Self::Partitioned];

    pub fn name(self) -> &'static str {
        match self {
            Self::Ddl => "ddl",
            Self::Dml => "dml",
            Self::Partitioned => "partitioned",
        }
    }

    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// By the end of a file's name without `.sql`; and what stands before it.
    pub(super) fn of_suffix(stem: &str) -> (&str, Self) {
        match stem.rsplit_once('.') {
            Some((words, "dml")) => (words, Self::Dml),
            Some((words, "partitioned")) => (words, Self::Partitioned),
            _ => (stem, Self::Ddl),
        }
    }

    /// Why a statement has no place in such a file.
    pub(super) fn refuses(self, statement: &str, dialect: Dialect) -> Option<String> {
        let verb = sql::verb(statement, dialect).unwrap_or_default().to_ascii_uppercase();
        match (self, Needs::of(&verb)) {
            (Self::Ddl, Needs::Ddl)
            | (Self::Dml, Needs::Dml | Needs::AnyDml)
            | (Self::Partitioned, Needs::AnyDml) => None,
            (Self::Ddl, Needs::Dml | Needs::AnyDml) => {
                Some(format!("`{verb}` is DML: give it a file of its own that ends in `.dml.sql`"))
            }
            (Self::Dml | Self::Partitioned, Needs::Ddl) => {
                Some(format!("`{verb}` is DDL: give it a file of its own that ends in `.sql` alone"))
            }
            (Self::Partitioned, Needs::Dml) => {
                Some(format!("`{verb}` cannot be partitioned, only `UPDATE` and `DELETE` can"))
            }
            (_, Needs::Nothing) => Some("this is neither DDL nor DML".to_owned()),
        }
    }
}

/// What a statement's first word asks for.
enum Needs {
    Ddl,
    /// A transaction.
    Dml,
    /// A transaction or partitions.
    AnyDml,
    Nothing,
}

impl Needs {
    fn of(verb: &str) -> Self {
        match verb {
            "CREATE" | "ALTER" | "DROP" | "RENAME" | "GRANT" | "REVOKE" | "ANALYZE" | "COMMENT" => Self::Ddl,
            "INSERT" => Self::Dml,
            "UPDATE" | "DELETE" => Self::AnyDml,
            _ => Self::Nothing,
        }
    }
}
