//! One DML statement in a read-write transaction. Whatever fails before the commit is sent has written nothing;
//! what fails after it may have, and then says so.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use google_cloud_spanner::statement::Statement;
use google_cloud_spanner::transaction::{
    BasicTransactionRetryPolicy, ReadWriteTransaction, RetryResult, TransactionRetryPolicy,
};
use google_cloud_spanner::value::Value;
use google_cloud_spanner::{Error, types::Type};
use spangate_operations::{Body, Bound, Operation, Write};
use tokio::time::{Instant, timeout_at};

use super::connection::Session;
use super::database::Database;
use super::failure::{self, Phase, UNKNOWN};
use super::statement::{priority, statement};
use super::{backoff_policy, remaining, retry_policy};
use crate::json::Columns;
use crate::refusal::{Reason, Refusal};

/// What a committed statement returned.
pub struct Written {
    pub names: Vec<String>,
    pub columns: Columns,
    pub rows: Vec<Vec<Value>>,
}

/// Runs the statement and commits; a lost session is renewed and all of it run again, once: without its session
/// a transaction cannot have been committed.
pub async fn write(
    database: &Database,
    operation: &Operation,
    write: &Write,
    bound: &[Bound<'_>],
    deadline: Instant,
) -> Result<Written, Refusal> {
    let role = operation.database_role.as_deref();
    let _turn = database.write_turn(deadline).await?;
    let session = database.session(role, deadline).await?;
    match attempt(&session, operation, write, bound, deadline).await {
        Err(Failure::LostSession) => {
            let session = database.renew(role, &session, deadline).await?;
            attempt(&session, operation, write, bound, deadline).await.map_err(|failure| match failure {
                Failure::LostSession => {
                    Refusal::new(Reason::DatabaseUnavailable, "the database cannot be reached")
                }
                Failure::Refused(refusal) => refusal,
            })
        }
        Err(Failure::Refused(refusal)) => Err(refusal),
        Ok(written) => Ok(written),
    }
}

enum Failure {
    LostSession,
    Refused(Refusal),
}

/// What the transaction's closure tells past the client's own result.
#[derive(Debug, Default)]
struct Notes {
    /// The statement is done: what comes next is the commit.
    committing: AtomicBool,
    /// Why we rolled back ourselves.
    refusal: Mutex<Option<Refusal>>,
}

/// How often an aborted transaction runs again. That it was aborted is an answer: its commit did not happen.
#[derive(Debug)]
struct Aborts {
    notes: Arc<Notes>,
    limit: Duration,
}

impl TransactionRetryPolicy for Aborts {
    fn on_abort(&self, error: Error, attempts: u32, elapsed: Duration) -> RetryResult {
        self.notes.committing.store(false, Ordering::Release);
        BasicTransactionRetryPolicy::new()
            .with_max_attempts(20)
            .with_total_timeout(self.limit)
            .on_abort(error, attempts, elapsed)
    }
}

async fn attempt(
    session: &Session,
    operation: &Operation,
    write: &Write,
    bound: &[Bound<'_>],
    deadline: Instant,
) -> Result<Written, Failure> {
    let limit = remaining(deadline);
    let notes = Arc::new(Notes::default());
    let runner = session
        .client
        .read_write_transaction()
        .set_transaction_tag(format!("spangate={}", operation.name))
        .set_commit_priority(priority(operation.priority))
        .with_transaction_timeout(limit)
        .with_retry_policy(Aborts { notes: Arc::clone(&notes), limit })
        .with_begin_attempt_timeout(limit)
        .with_begin_retry_policy(retry_policy(deadline))
        .with_begin_backoff_policy(backoff_policy())
        .with_commit_attempt_timeout(limit)
        .with_commit_retry_policy(retry_policy(deadline))
        .with_commit_backoff_policy(backoff_policy())
        .with_rollback_attempt_timeout(limit)
        .with_rollback_retry_policy(retry_policy(deadline))
        .with_rollback_backoff_policy(backoff_policy())
        .build();
    let job = Arc::new(Job {
        statement: statement(operation, bound, deadline),
        body: operation.answer.body,
        write: write.clone(),
    });
    // The closure runs again after an abort, in a future that must be `Send`: it clones what it needs each time.
    let run = runner.run({
        let notes = Arc::clone(&notes);
        move |transaction: ReadWriteTransaction| {
            let (job, notes) = (Arc::clone(&job), Arc::clone(&notes));
            async move { job.run(&transaction, &notes).await }
        }
    });
    let finished = timeout_at(deadline, run).await;
    let committing = notes.committing.load(Ordering::Acquire);
    match finished {
        Ok(Ok(done)) => {
            let Returned { names, types, rows } = done.into_inner();
            let columns = Columns::new(&names, &types, operation.numbers);
            Ok(Written { names, columns, rows })
        }
        Ok(Err(error)) => {
            if let Some(refusal) = notes.refusal.lock().unwrap_or_else(PoisonError::into_inner).take() {
                return Err(Failure::Refused(refusal));
            }
            if failure::is_lost_session(&error) {
                return Err(Failure::LostSession);
            }
            let phase = if committing { Phase::Commit } else { Phase::Write };
            Err(Failure::Refused(failure::refusal(&error, phase)))
        }
        Err(_) if committing => Err(Failure::Refused(Refusal::new(UNKNOWN.0, UNKNOWN.1))),
        Err(_) => {
            let detail = "the database did not answer in time; nothing was written";
            Err(Failure::Refused(Refusal::new(Reason::DeadlineExceeded, detail)))
        }
    }
}

struct Job {
    statement: Statement,
    body: Body,
    write: Write,
}

#[derive(Default)]
struct Returned {
    names: Vec<String>,
    types: Vec<Type>,
    rows: Vec<Vec<Value>>,
}

impl Job {
    async fn run(&self, transaction: &ReadWriteTransaction, notes: &Notes) -> Result<Returned, Error> {
        notes.committing.store(false, Ordering::Release);
        let (returned, count) = if self.write.returns_rows {
            self.query(transaction).await?
        } else {
            (Returned::default(), transaction.execute_update(self.statement.clone()).await?)
        };
        if let Err(refusal) = self.judge(&returned, count) {
            *notes.refusal.lock().unwrap_or_else(PoisonError::into_inner) = Some(refusal);
            // An error makes the client roll back; what it says is not read again.
            return Err(Error::binding("rolled back: the operation's expectation does not hold"));
        }
        notes.committing.store(true, Ordering::Release);
        Ok(returned)
    }

    async fn query(&self, transaction: &ReadWriteTransaction) -> Result<(Returned, i64), Error> {
        let mut result = transaction.execute_query(self.statement.clone()).await?;
        let metadata = result.metadata();
        let mut returned = Returned {
            names: metadata.column_names().to_vec(),
            types: metadata.column_types().to_vec(),
            rows: Vec::new(),
        };
        while let Some(row) = result.next().await {
            returned.rows.push(row?.into_values());
        }
        let seen = i64::try_from(returned.rows.len()).unwrap_or(i64::MAX);
        let count = result.update_count().unwrap_or(seen);
        Ok((returned, count))
    }

    /// Whether what happened may be committed.
    fn judge(&self, returned: &Returned, count: i64) -> Result<(), Refusal> {
        if let Some(expect) = &self.write.expect
            && count != expect.rows
        {
            let reason = Reason::Expected { status: expect.status, reason: expect.reason.clone() };
            return Err(Refusal::new(
                reason,
                "the operation's expectation does not hold; nothing was written",
            ));
        }
        match (self.body, returned.rows.len()) {
            (Body::One, 0) if self.write.returns_rows => {
                Err(Refusal::new(Reason::NotFound, "there is no such row"))
            }
            (Body::One, 2..) => {
                let detail = "the operation answers with one row and touched more; nothing was written";
                Err(Refusal::new(Reason::SchemaMismatch, detail))
            }
            _ => Ok(()),
        }
    }
}
