//! The one row of `spangate_migration_lock`: a lease, measured by Spanner's clock at both ends.

use std::time::Duration;

use google_cloud_spanner::key::KeySet;
use google_cloud_spanner::mutation::Mutation;
use google_cloud_spanner::result::Row;
use google_cloud_wkt::Timestamp;

use super::super::own_tables::LOCK;

/// The same words in both dialects.
pub const SELECT: &str = "SELECT owner, lease_seconds, renewed_at, CURRENT_TIMESTAMP AS asked_at \
    FROM spangate_migration_lock WHERE name = 'migrate'";
const NAME: &str = "migrate";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Of this process alone.
    pub owner: String,
    pub lease: Duration,
}

/// What stands in the row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locked {
    pub owner: String,
    /// Zero when it has run out.
    pub left: Duration,
}

pub fn read(row: &Row) -> google_cloud_spanner::Result<Locked> {
    let owner = row.get("owner")?;
    let lease: i64 = row.get("lease_seconds")?;
    let renewed: Timestamp = row.get("renewed_at")?;
    let asked: Timestamp = row.get("asked_at")?;
    let left = lease.saturating_sub(asked.seconds().saturating_sub(renewed.seconds()));
    Ok(Locked { owner, left: Duration::from_secs(u64::try_from(left).unwrap_or(0)) })
}

pub fn renewed(holder: &Holder) -> Mutation {
    Mutation::new_insert_or_update_builder(LOCK)
        .set("name")
        .to(NAME)
        .set("owner")
        .to(&holder.owner)
        .set("lease_seconds")
        .to(i64::try_from(holder.lease.as_secs().max(1)).unwrap_or(i64::MAX))
        .set("renewed_at")
        .to(super::rows::COMMIT_TIMESTAMP)
        .build()
}

pub fn released() -> Mutation {
    Mutation::delete(LOCK, KeySet::all())
}
