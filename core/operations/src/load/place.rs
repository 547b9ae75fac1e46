//! Where a value stands beside SQL, and which types Spanner takes there.

use crate::Type;

#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// Of a mutation.
    Columns,
    /// Of the one row that a mutation deletes.
    Key,
    /// Of rows that are read: an array gives a key for each of its elements.
    Keys,
    Limit,
}

impl Place {
    /// The member in which it is written.
    pub fn member(self) -> &'static str {
        match self {
            Self::Columns => "columns",
            Self::Key | Self::Keys => "key",
            Self::Limit => "limit",
        }
    }

    /// What is wrong with a value of that type.
    pub fn refusal(self, name: &str, r#type: &Type) -> Option<String> {
        let (fits, what) = match self {
            Self::Columns => (r#type.is_of_columns(), "no column"),
            Self::Key => (r#type.is_of_keys(), "no part of a key"),
            Self::Keys => (!r#type.is_struct() && r#type.key_parts().is_some(), "no part of a key"),
            Self::Limit => (true, ""),
        };
        (!fits).then(|| format!("`{name}` is {type}, and {what} of Spanner's is"))
    }
}
