//! What a statement of a write returned, all of it, within bounds: it is the answer that is kept for repeats.

use google_cloud_spanner::result::ResultSet;
use google_cloud_spanner::types::Type;
use google_cloud_spanner::value::{Kind, List, Value};

use super::script::Stopped;
use crate::refusal::{Reason, Refusal};

/// Longest that a write's answer is, in bytes: its row is written with it, and read back whole.
const MOST: usize = 1024 * 1024;

pub struct Returned {
    pub names: Vec<String>,
    pub types: Vec<Type>,
    pub rows: Vec<Vec<Value>>,
}

impl Returned {
    /// Reads to the end, and says how many rows the statement touched.
    pub async fn all_of(mut result: ResultSet) -> Result<(Self, i64), Stopped> {
        let metadata = result.metadata();
        let mut returned = Self {
            names: metadata.column_names().to_vec(),
            types: metadata.column_types().to_vec(),
            rows: Vec::new(),
        };
        let mut size = 0_usize;
        while let Some(row) = result.next().await {
            let row = row?.into_values();
            size = row.iter().map(weight).fold(size, usize::saturating_add);
            if size > MOST {
                let detail = "the operation answers with more than a write may; nothing was written";
                return Err(Stopped::Refused(Refusal::new(Reason::SchemaMismatch, detail)));
            }
            returned.rows.push(row);
        }
        let seen = i64::try_from(returned.rows.len()).unwrap_or(i64::MAX);
        let count = result.update_count().unwrap_or(seen);
        Ok((returned, count))
    }

    /// A column of the one row that was returned, for a later step.
    pub fn only(&self, column: &str) -> Result<(Type, Value), Refusal> {
        let row = match self.rows.as_slice() {
            [row] => row,
            [] => return Err(Refusal::new(Reason::NotFound, "there is no such row")),
            _ => {
                let detail =
                    "a step needs one row of an earlier one, which returned more; nothing was written";
                return Err(Refusal::new(Reason::SchemaMismatch, detail));
            }
        };
        let index = self.names.iter().position(|name| name == column);
        let found = index.and_then(|index| Some((self.types.get(index)?.clone(), row.get(index)?.clone())));
        found.ok_or_else(|| {
            Refusal::new(Reason::SchemaMismatch, "a step needs a column that no step returned")
        })
    }
}

/// About as much as the value takes.
fn weight(value: &Value) -> usize {
    match value.kind() {
        Kind::String => value.as_str().map_or(0, str::len),
        Kind::List => value.as_list().map_or(0, |list: &List| list.iter().map(weight).sum()),
        Kind::Null | Kind::Bool | Kind::Number | Kind::Unknown => 8,
    }
}
