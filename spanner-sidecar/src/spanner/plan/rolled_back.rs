//! Work in a read-write transaction that is never committed: DML can be planned in no other.

use std::sync::{Arc, Mutex, PoisonError};

use google_cloud_spanner::Error;
use google_cloud_spanner::transaction::ReadWriteTransaction;
use tokio::time::Instant;

use super::{Failure, Plan};
use crate::spanner::connection::Session;
use crate::spanner::database::Database;
use crate::spanner::{backoff_policy, remaining, retry_policy};

/// What the work finds. An error of Spanner's goes to the client, which runs the work again if it was aborted.
pub async fn rolled_back<T, F>(
    database: &Database,
    session: &Session,
    deadline: Instant,
    work: impl Fn(ReadWriteTransaction) -> F + Send + Sync + 'static,
) -> Result<T, Failure>
where
    T: Send + 'static,
    F: Future<Output = Result<Result<T, Failure>, Error>> + Send,
{
    let late = |_| Failure::Told(Plan::Unreachable("other writes took all of the time".to_owned()));
    let _turn = database.write_turn(deadline).await.map_err(late)?;
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
    let (work, found) = (Arc::new(work), Arc::new(Mutex::new(None)));
    let run = runner.run({
        let found = Arc::clone(&found);
        move |transaction| {
            let (work, found) = (Arc::clone(&work), Arc::clone(&found));
            async move {
                let outcome = work(transaction).await?;
                *found.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
                // Always an error, which makes the client roll back: nothing was to be written.
                Err::<(), _>(Error::binding("planned"))
            }
        }
    });
    let ended = run.await;
    match (found.lock().unwrap_or_else(PoisonError::into_inner).take(), ended) {
        (Some(outcome), _) => outcome,
        (None, Err(error)) => Err(error.into()),
        (None, Ok(_)) => Err(Failure::mismatch("planning committed")),
    }
}
