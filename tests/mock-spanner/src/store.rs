//! Committed rows in all their versions, so that a read sees the database as of its timestamp, and a commit knows
//! whether what it read has changed since. Commit timestamps only grow.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{SystemTime, UNIX_EPOCH};

use tonic::Status;

use crate::information_schema;
use crate::schema::{Schema, Table};
use crate::value::Value;

pub type Key = Vec<Value>;
pub type Row = Vec<Value>;
/// Microseconds since 1970, as finely as Spanner tells them.
pub type Timestamp = i64;

/// What a row was after each commit that touched it, oldest first.
type Versions = Vec<(Timestamp, Option<Row>)>;

/// What stands in a commit-timestamp column until its transaction commits.
pub const PENDING: &str = "spanner.commit_timestamp()";

#[derive(Default)]
pub struct Store {
    pub schema: Schema,
    tables: HashMap<String, BTreeMap<Key, Versions>>,
    last: Timestamp,
}

/// What a transaction will change: `None` deletes.
pub type Changes = BTreeMap<(String, Key), Option<Row>>;

/// What a transaction has seen, by table: single keys, or all of it.
#[derive(Debug, Default)]
pub struct Seen {
    pub keys: BTreeSet<(String, Key)>,
    pub tables: BTreeSet<String>,
}

impl Store {
    pub fn apply(&mut self, ddl: &str) -> Result<(), Status> {
        self.schema.apply(information_schema::DDL)?;
        self.schema.apply(ddl)?;
        self.tables
            .retain(|name, _| !information_schema::is_here(name) && self.schema.tables.contains_key(name));
        for (name, row) in information_schema::rows(&self.schema) {
            let key = key_of(self.schema.table(name)?, &row);
            self.tables.entry(name.to_owned()).or_default().insert(key, vec![(self.last, Some(row))]);
        }
        Ok(())
    }

    pub fn last_commit(&self) -> Timestamp {
        self.last
    }

    /// Now, and never before the last commit.
    pub fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX).max(self.last)
    }

    pub fn row(&self, table: &str, key: &Key, at: Timestamp) -> Option<&Row> {
        visible(self.tables.get(table)?.get(key)?, at)
    }

    /// All rows of a table as of `at`, in the order of their keys.
    pub fn rows(&self, table: &str, at: Timestamp) -> impl Iterator<Item = (&Key, &Row)> {
        let rows = self.tables.get(table).into_iter().flatten();
        rows.filter_map(move |(key, versions)| Some((key, visible(versions, at)?)))
    }

    /// Applies all or nothing: refused as ABORTED when something that was seen has changed since `started`.
    pub fn commit(&mut self, started: Timestamp, seen: &Seen, changes: Changes) -> Result<Timestamp, Status> {
        let aborted = || Status::aborted("Transaction was aborted: what it read has changed.");
        let changed = |versions: &Versions| versions.last().is_some_and(|(at, _)| *at > started);
        for (table, key) in &seen.keys {
            if self.tables.get(table).and_then(|rows| rows.get(key)).is_some_and(changed) {
                return Err(aborted());
            }
        }
        for table in &seen.tables {
            if self.tables.get(table).is_some_and(|rows| rows.values().any(changed)) {
                return Err(aborted());
            }
        }
        let at = self.now().max(self.last + 1);
        for ((table, key), row) in changes {
            let key = key.into_iter().map(|value| filled(value, at)).collect();
            let row = row.map(|row| row.into_iter().map(|value| filled(value, at)).collect());
            self.tables.entry(table).or_default().entry(key).or_default().push((at, row));
        }
        self.last = at;
        Ok(at)
    }
}

fn visible(versions: &[(Timestamp, Option<Row>)], at: Timestamp) -> Option<&Row> {
    versions.iter().rev().find(|(version, _)| *version <= at).and_then(|(_, row)| row.as_ref())
}

fn filled(value: Value, at: Timestamp) -> Value {
    if value == Value::Text(PENDING.to_owned()) { Value::Text(rfc3339(at)) } else { value }
}

pub fn key_of(table: &Table, row: &Row) -> Key {
    table.key.iter().filter_map(|index| row.get(*index).cloned()).collect()
}

/// RFC 3339 in UTC, by the days of the civil calendar (Hinnant's algorithm).
pub fn rfc3339(at: Timestamp) -> String {
    let (seconds, micros) = (at.div_euclid(1_000_000), at.rem_euclid(1_000_000));
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_written_as_spanner_writes_them() {
        assert_eq!(rfc3339(1_795_478_400_123_456), "2026-11-24T00:00:00.123456Z");
        assert_eq!(rfc3339(951_782_400_000_000), "2000-02-29T00:00:00.000000Z");
    }
}
