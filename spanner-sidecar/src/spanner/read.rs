//! A read, by a query or by keys, as fresh as is asked, row by row. Dropped, it ends the query.

pub(super) mod by_keys;

use google_cloud_spanner::Error;
use google_cloud_spanner::read::ReadRequest;
use google_cloud_spanner::result::ResultSet;
use google_cloud_spanner::statement::Statement;
use google_cloud_spanner::transaction::{
    MultiUseReadOnlyTransaction, SingleUseReadOnlyTransaction, TimestampBound,
};
use google_cloud_spanner::types::Type;
use google_cloud_spanner::value::Value;
use google_cloud_wkt::Timestamp;
use spangate_operations::{Body, Bound, Operation, ReadSource};
use tokio::time::{Instant, timeout_at};

use super::connection::Session;
use super::database::Database;
use super::failure::{self, Phase};
use super::statement::{Given, of_call, statement};
use super::value::{spanner_type, to_spanner};
use super::{backoff_policy, remaining, retry_policy};
use crate::freshness::At;
use crate::refusal::{Reason, Refusal};

/// A result whose first row, or end, has been seen.
pub struct Rows {
    result: ResultSet,
    first: Option<Vec<Value>>,
    deadline: Instant,
    /// As of when the rows are; of [`At::OrLater`] the earliest it may be.
    pub read_timestamp: Option<Timestamp>,
}

impl Rows {
    pub fn column_names(&self) -> &[String] {
        self.result.metadata().column_names()
    }

    pub fn column_types(&self) -> &[Type] {
        self.result.metadata().column_types()
    }

    pub async fn next(&mut self) -> Result<Option<Vec<Value>>, Refusal> {
        match self.first.take() {
            Some(row) => Ok(Some(row)),
            None => next(&mut self.result, self.deadline).await.map_err(|failure| failure.into_refusal()),
        }
    }
}

/// What is read.
#[derive(Clone, Copy)]
pub struct Query<'q> {
    pub operation: &'q Operation,
    /// What its requests are called in Spanner's statistics.
    pub tag: &'q str,
    pub source: &'q ReadSource,
    pub bound: &'q [Bound<'q>],
    pub at: At,
    pub deadline: Instant,
}

/// Runs the query as far as its first row; a lost session is renewed and the query run again, once.
pub async fn read(database: &Database, query: Query<'_>) -> Result<Rows, Refusal> {
    let role = query.operation.database_role.as_deref();
    let session = match is_streamed(query.operation) {
        true => database.streaming_session(role, query.deadline).await?,
        false => database.session(role, query.deadline).await?,
    };
    match begin(&session, query).await {
        Ok(rows) => Ok(rows),
        Err(Failure::LostSession) => {
            let session = database.renew(role, &session, query.deadline).await?;
            begin(&session, query).await.map_err(Failure::into_refusal)
        }
        Err(Failure::Refused(refusal)) => Err(refusal),
    }
}

/// Whether a slow reader can hold the answer up. Three that stand still fill the window of their channel, whose size
/// the client fixes, and whatever else is on it waits: they have channels of their own. A page is too short for that.
fn is_streamed(operation: &Operation) -> bool {
    operation.answer.body == Body::Rows && operation.pages.is_none()
}

enum Failure {
    LostSession,
    Refused(Refusal),
}

impl Failure {
    fn of(error: &Error) -> Self {
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

async fn begin(session: &Session, query: Query<'_>) -> Result<Rows, Failure> {
    let request = Request::new(query).map_err(Failure::Refused)?;
    let Query { at, deadline, .. } = query;
    let begun = async {
        let transaction = Transaction::begin(session, at, deadline).await?;
        let result = transaction.run(request).await?;
        Ok((result, transaction.read_timestamp()))
    };
    let (mut result, read_timestamp) = match timeout_at(deadline, begun).await {
        Ok(begun) => begun.map_err(|error| Failure::of(&error))?,
        Err(_) => return Err(Failure::late()),
    };
    let first = next(&mut result, deadline).await?;
    Ok(Rows { result, first, deadline, read_timestamp })
}

enum Request {
    Sql(Statement),
    Keys(ReadRequest),
}

impl Request {
    fn new(query: Query<'_>) -> Result<Self, Refusal> {
        let Query { operation, tag, source, bound, at: _, deadline } = query;
        match source {
            ReadSource::Sql(sql) => {
                let given = sql.arguments.iter().map(|(name, wanted)| {
                    let Bound { parameter, value } = of_call(wanted, bound)?;
                    Ok(Given { name, r#type: spanner_type(&parameter.r#type), value: to_spanner(value) })
                });
                let given = given.collect::<Result<Vec<_>, Refusal>>()?;
                Ok(Self::Sql(statement(operation, tag, sql, given, deadline)))
            }
            ReadSource::Keys(keys) => by_keys::request(operation, tag, keys, bound, deadline).map(Self::Keys),
        }
    }
}

async fn next(result: &mut ResultSet, deadline: Instant) -> Result<Option<Vec<Value>>, Failure> {
    match timeout_at(deadline, result.next()).await {
        Ok(Some(Ok(row))) => Ok(Some(row.into_values())),
        Ok(Some(Err(error))) => Err(Failure::of(&error)),
        Ok(None) => Ok(None),
        Err(_) => Err(Failure::late()),
    }
}

/// The client asks Spanner for the read timestamp only in a transaction that could read more than once, which the
/// first query begins without a call of its own. A bounded staleness is for single reads alone, and there the
/// client does not tell the timestamp: its bound is what can be promised.
enum Transaction {
    Told(MultiUseReadOnlyTransaction),
    Bounded(SingleUseReadOnlyTransaction, Timestamp),
}

impl Transaction {
    async fn begin(session: &Session, at: At, deadline: Instant) -> Result<Self, Error> {
        let bound = match at {
            At::Strong => TimestampBound::strong(),
            At::Exact(age) => TimestampBound::exact_staleness(age),
            At::OrLater(earliest) => {
                let bound = TimestampBound::min_read_timestamp(earliest);
                let transaction = session.client.single_use().set_timestamp_bound(bound).build();
                return Ok(Self::Bounded(transaction, earliest));
            }
        };
        // Should the first query fail, the client begins the transaction by a call: that one has limits, too.
        let transaction = session
            .client
            .read_only_transaction()
            .set_timestamp_bound(bound)
            .with_begin_attempt_timeout(remaining(deadline))
            .with_begin_retry_policy(retry_policy(deadline))
            .with_begin_backoff_policy(backoff_policy());
        transaction.build().await.map(Self::Told)
    }

    async fn run(&self, request: Request) -> Result<ResultSet, Error> {
        match (self, request) {
            (Self::Told(transaction), Request::Sql(statement)) => transaction.execute_query(statement).await,
            (Self::Told(transaction), Request::Keys(keys)) => transaction.execute_read(keys).await,
            (Self::Bounded(transaction, _), Request::Sql(statement)) => {
                transaction.execute_query(statement).await
            }
            (Self::Bounded(transaction, _), Request::Keys(keys)) => transaction.execute_read(keys).await,
        }
    }

    fn read_timestamp(&self) -> Option<Timestamp> {
        match self {
            Self::Told(transaction) => transaction.read_timestamp(),
            Self::Bounded(_, earliest) => Some(*earliest),
        }
    }
}
