//! Rows of `spangate_migrations`.

use anyhow::Context;
use google_cloud_spanner::mutation::Mutation;
use google_cloud_spanner::result;
use google_cloud_wkt::Timestamp;

use super::super::file::Kind;
use super::super::history::{Row, State};
use super::super::own_tables::MIGRATIONS;

pub const SELECT: &str = "SELECT version, name, kind, state, statements, checksum, attempt, applied_by, committed_at \
    FROM spangate_migrations ORDER BY version";
/// Spanner puts the transaction's own in its place.
pub const COMMIT_TIMESTAMP: &str = "spanner.commit_timestamp()";

/// The outer error is the client's, the inner one a row that no version of this program has written.
pub fn read(row: &result::Row) -> google_cloud_spanner::Result<anyhow::Result<Row>> {
    let version: i64 = row.get("version")?;
    let kind: String = row.get("kind")?;
    let state: String = row.get("state")?;
    let statements: i64 = row.get("statements")?;
    let attempt: i64 = row.get("attempt")?;
    let committed_at: Timestamp = row.get("committed_at")?;
    let name: String = row.get("name")?;
    let checksum = row.get("checksum")?;
    let applied_by = row.get("applied_by")?;
    let foreign = format!("the history's row of version {version} is not one of this program's");
    let read = || {
        Some(Row {
            version: u32::try_from(version).ok()?,
            name,
            kind: Kind::of_name(&kind)?,
            state: State::of_name(&state)?,
            statements: usize::try_from(statements).ok()?,
            checksum,
            attempt: u32::try_from(attempt).ok()?,
            applied_by,
            committed_at: String::from(committed_at),
        })
    };
    Ok(read().context(foreign))
}

pub fn written(row: &Row) -> Mutation {
    let Row { version, name, kind, state, statements, checksum, attempt, applied_by, committed_at: _ } = row;
    Mutation::new_insert_or_update_builder(MIGRATIONS)
        .set("version")
        .to(i64::from(*version))
        .set("name")
        .to(name)
        .set("kind")
        .to(kind.name())
        .set("state")
        .to(state.name())
        .set("statements")
        .to(i64::try_from(*statements).unwrap_or(i64::MAX))
        .set("checksum")
        .to(checksum)
        .set("attempt")
        .to(i64::from(*attempt))
        .set("applied_by")
        .to(applied_by)
        .set("committed_at")
        .to(COMMIT_TIMESTAMP)
        .build()
}
