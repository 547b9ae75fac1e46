//! A query in a single-use transaction, at the operation's staleness, row by row.

use google_cloud_spanner::result::ResultSet;
use google_cloud_spanner::transaction::TimestampBound;
use google_cloud_spanner::value::Value;
use spangate_operations::{Bound, Operation, Read, Staleness};
use tokio::time::{Instant, timeout_at};

use super::connection::Session;
use super::database::Database;
use super::failure::{self, Phase};
use super::statement::statement;
use crate::json::Columns;
use crate::refusal::{Reason, Refusal};

/// A result whose first row, or end, has been seen.
pub struct Rows {
    result: ResultSet,
    pub columns: Columns,
    first: Option<Vec<Value>>,
    deadline: Instant,
}

impl Rows {
    pub async fn next(&mut self) -> Result<Option<Vec<Value>>, Refusal> {
        match self.first.take() {
            Some(row) => Ok(Some(row)),
            None => next(&mut self.result, self.deadline).await.map_err(|failure| failure.into_refusal()),
        }
    }
}

/// Runs the query as far as its first row; a lost session is renewed and the query run again, once.
pub async fn read(
    database: &Database,
    operation: &Operation,
    read: &Read,
    bound: &[Bound<'_>],
    deadline: Instant,
) -> Result<Rows, Refusal> {
    let role = operation.database_role.as_deref();
    let session = database.session(role, deadline).await?;
    match begin(&session, operation, read, bound, deadline).await {
        Ok(rows) => Ok(rows),
        Err(Failure::LostSession) => {
            let session = database.renew(role, &session, deadline).await?;
            begin(&session, operation, read, bound, deadline).await.map_err(Failure::into_refusal)
        }
        Err(Failure::Refused(refusal)) => Err(refusal),
    }
}

enum Failure {
    LostSession,
    Refused(Refusal),
}

impl Failure {
    fn of(error: &google_cloud_spanner::Error) -> Self {
        if failure::is_lost_session(error) {
            Self::LostSession
        } else {
            Self::Refused(failure::refusal(error, Phase::Read))
        }
    }

    fn late() -> Self {
        Self::Refused(Refusal::new(Reason::DeadlineExceeded, "the database did not answer in time"))
    }

    fn into_refusal(self) -> Refusal {
        match self {
            Self::LostSession => Refusal::new(Reason::DatabaseUnavailable, "the database cannot be reached"),
            Self::Refused(refusal) => refusal,
        }
    }
}

async fn begin(
    session: &Session,
    operation: &Operation,
    read: &Read,
    bound: &[Bound<'_>],
    deadline: Instant,
) -> Result<Rows, Failure> {
    let transaction = session.client.single_use().set_timestamp_bound(bound_of(&read.staleness)?).build();
    let query = transaction.execute_query(statement(operation, bound, deadline));
    let mut result = match timeout_at(deadline, query).await {
        Ok(result) => result.map_err(|error| Failure::of(&error))?,
        Err(_) => return Err(Failure::late()),
    };
    let first = next(&mut result, deadline).await?;
    let metadata = result.metadata();
    let columns = Columns::new(metadata.column_names(), metadata.column_types(), operation.numbers);
    Ok(Rows { result, columns, first, deadline })
}

async fn next(result: &mut ResultSet, deadline: Instant) -> Result<Option<Vec<Value>>, Failure> {
    match timeout_at(deadline, result.next()).await {
        Ok(Some(Ok(row))) => Ok(Some(row.into_values())),
        Ok(Some(Err(error))) => Err(Failure::of(&error)),
        Ok(None) => Ok(None),
        Err(_) => Err(Failure::late()),
    }
}

fn bound_of(staleness: &Staleness) -> Result<TimestampBound, Failure> {
    let duration =
        |duration: &spangate_document::Duration| std::time::Duration::from_millis(duration.milliseconds);
    match staleness {
        Staleness::Strong => Ok(TimestampBound::strong()),
        Staleness::Exact(age) => Ok(TimestampBound::exact_staleness(duration(age))),
        Staleness::Max(age) => Ok(TimestampBound::max_staleness(duration(age))),
        Staleness::MinReadTimestamp(instant) => TimestampBound::try_min_read_timestamp(instant.as_str())
            .map_err(|_| {
                Failure::Refused(Refusal::new(Reason::SchemaMismatch, "the staleness is no timestamp"))
            }),
    }
}
