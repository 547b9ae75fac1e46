//! A write's statements, planned one after the other in one transaction that is never committed: DML can be planned in
//! no other, and what a statement returns has types that later ones use.

use std::sync::{Arc, Mutex, PoisonError};

use google_cloud_spanner::Error;
use google_cloud_spanner::transaction::ReadWriteTransaction;
use spangate_operations::{Action, Operation, Write};
use tokio::time::Instant;

use super::{Columns, Failure, nulls};
use crate::spanner::connection::Session;
use crate::spanner::database::Database;
use crate::spanner::{backoff_policy, remaining, retry_policy};

/// For each step the columns that it returns.
pub async fn plan(
    database: &Database,
    session: &Session,
    operation: &Operation,
    write: &Write,
    deadline: Instant,
) -> Result<Vec<Columns>, Failure> {
    if !write.steps.iter().any(|step| matches!(step.action, Action::Sql(_))) {
        return Ok(vec![Columns::default(); write.steps.len()]);
    }
    let late = || Failure::Told(super::Plan::Unreachable("other writes took all of the time".to_owned()));
    let _turn = database.write_turn(deadline).await.map_err(|_| late())?;
    let runner = session
        .client
        .read_write_transaction()
        .with_transaction_timeout(remaining(deadline))
        .with_begin_attempt_timeout(remaining(deadline))
        .with_begin_retry_policy(retry_policy(deadline))
        .with_begin_backoff_policy(backoff_policy())
        .with_rollback_attempt_timeout(remaining(deadline))
        .with_rollback_retry_policy(retry_policy(deadline))
        .build();
    // The closure may run again, in a future that must be `Send` and `'static`: what it finds comes out beside it.
    let job = Arc::new(Job {
        operation: operation.clone(),
        write: write.clone(),
        deadline,
        outcome: Mutex::default(),
    });
    let run = runner.run({
        let job = Arc::clone(&job);
        move |transaction: ReadWriteTransaction| {
            let job = Arc::clone(&job);
            async move { job.run(&transaction).await }
        }
    });
    let ended = run.await;
    match (job.outcome.lock().unwrap_or_else(PoisonError::into_inner).take(), ended) {
        (Some(outcome), _) => outcome,
        (None, Err(error)) => Err(error.into()),
        (None, Ok(_)) => Err(Failure::mismatch("planning committed")),
    }
}

struct Job {
    operation: Operation,
    write: Write,
    deadline: Instant,
    outcome: Mutex<Option<Result<Vec<Columns>, Failure>>>,
}

impl Job {
    /// Always an error, which makes the client roll back: nothing was to be written.
    async fn run(&self, transaction: &ReadWriteTransaction) -> Result<(), Error> {
        let mut returned = Vec::new();
        for step in &self.write.steps {
            let Action::Sql(sql) = &step.action else {
                returned.push(Columns::default());
                continue;
            };
            match nulls(&self.operation, sql, &returned, self.deadline) {
                Ok(statement) => {
                    let result = transaction.execute_query(statement).await?;
                    returned.push(Columns::of(result.metadata()));
                }
                Err(failure) => return Err(self.end(Err(failure))),
            }
        }
        Err(self.end(Ok(returned)))
    }

    fn end(&self, outcome: Result<Vec<Columns>, Failure>) -> Error {
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        Error::binding("planned")
    }
}
