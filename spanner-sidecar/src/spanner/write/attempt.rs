//! One attempt: a read-write transaction of the client, which runs it again as often as Spanner aborts it. What fails
//! before the commit is sent has written nothing; of what fails after it, nothing is known but by the rows.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use google_cloud_gax::retry_policy::RetryPolicy;
use google_cloud_gax::retry_result::RetryResult as Retry;
use google_cloud_gax::retry_state::RetryState;
use google_cloud_gax::throttle_result::ThrottleResult;
use google_cloud_spanner::Error;
use google_cloud_spanner::transaction::{
    BasicTransactionRetryPolicy, ReadWriteTransaction, RetryResult, TransactionRetryPolicy,
};
use tokio::time::{Instant, timeout_at};

use super::script::{Script, Stopped};
use super::{Order, Written, unknown};
use crate::refusal::{Reason, Refusal};
use crate::spanner::connection::Session;
use crate::spanner::failure::{self, Phase};
use crate::spanner::statement::priority;
use crate::spanner::{backoff_policy, remaining, retry_policy};

pub struct Failure {
    pub refusal: Refusal,
    /// The commit was sent, and what came of it is not known.
    pub commit_is_lost: bool,
    pub is_lost_session: bool,
}

pub async fn attempt(session: &Session, order: &Arc<Order>, until: Instant) -> Result<Written, Failure> {
    let limit = remaining(until);
    let notes = Arc::new(Notes::default());
    let runner = session
        .client
        .read_write_transaction()
        .set_transaction_tag(&order.tag)
        .set_commit_priority(priority(order.operation.priority))
        .with_transaction_timeout(limit)
        .with_retry_policy(Aborts { notes: Arc::clone(&notes), limit })
        .with_begin_attempt_timeout(limit)
        .with_begin_retry_policy(retry_policy(until))
        .with_begin_backoff_policy(backoff_policy())
        .with_commit_attempt_timeout(limit)
        .with_commit_retry_policy(Commits { notes: Arc::clone(&notes), policy: retry_policy(until) })
        .with_commit_backoff_policy(backoff_policy())
        .with_rollback_attempt_timeout(limit)
        .with_rollback_retry_policy(retry_policy(until))
        .with_rollback_backoff_policy(backoff_policy())
        .build();
    let script = Arc::new(Script { order: Arc::clone(order), until });
    // The closure runs again after an abort, in a future that must be `Send`: it clones what it needs each time.
    let run = runner.run({
        let notes = Arc::clone(&notes);
        move |transaction: ReadWriteTransaction| {
            let (script, notes) = (Arc::clone(&script), Arc::clone(&notes));
            async move {
                notes.begin();
                match script.run(&transaction).await {
                    Ok(answer) => {
                        notes.committing.store(true, Ordering::Release);
                        Ok(answer)
                    }
                    Err(Stopped::Spanner(error)) => Err(error),
                    // An error makes the client roll back; what it says is not read again.
                    Err(Stopped::Refused(refusal)) => {
                        notes.refuse(refusal);
                        Err(Error::binding("rolled back"))
                    }
                }
            }
        }
    });
    match timeout_at(until, run).await {
        Ok(Ok(done)) => {
            let committed_at = done.commit_timestamp();
            Ok(Written { answer: done.into_inner(), committed_at, is_replay: false })
        }
        Ok(Err(error)) => Err(notes.judge(&error)),
        Err(_) if notes.is_committing() || notes.is_lost() => Err(Failure::of(unknown(), true)),
        Err(_) => {
            let detail = "the database did not answer in time; nothing was written";
            Err(Failure::of(Refusal::new(Reason::DeadlineExceeded, detail), false))
        }
    }
}

impl Failure {
    fn of(refusal: Refusal, commit_is_lost: bool) -> Self {
        Self { refusal, commit_is_lost, is_lost_session: false }
    }
}

/// What the transaction's closure tells past the client's own result.
#[derive(Debug, Default)]
struct Notes {
    /// The steps are done: what comes next is the commit.
    committing: AtomicBool,
    /// A commit was sent, and nothing came that says what became of it. Nothing that comes later takes that back.
    lost: AtomicBool,
    /// Why we rolled back ourselves.
    refusal: Mutex<Option<Refusal>>,
}

impl Notes {
    fn begin(&self) {
        self.committing.store(false, Ordering::Release);
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn refuse(&self, refusal: Refusal) {
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = Some(refusal);
    }

    fn is_committing(&self) -> bool {
        self.committing.load(Ordering::Acquire)
    }

    fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }

    fn judge(&self, error: &Error) -> Failure {
        if let Some(refusal) = self.refusal.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Failure::of(refusal, self.is_lost());
        }
        let phase = if self.is_committing() { Phase::Commit } else { Phase::Write };
        let refusal = failure::refusal(error, phase);
        let commit_is_lost = self.is_lost() || refusal.reason == Reason::OutcomeUnknown;
        Failure { refusal, commit_is_lost, is_lost_session: failure::is_lost_session(error) }
    }
}

/// The client sends a commit again whose answer was lost, and tells only of the last answer: each is looked at here.
#[derive(Debug)]
struct Commits<P> {
    notes: Arc<Notes>,
    policy: P,
}

impl<P: RetryPolicy> RetryPolicy for Commits<P> {
    fn on_error(&self, state: &RetryState, error: Error) -> Retry {
        if failure::refusal(&error, Phase::Commit).reason == Reason::OutcomeUnknown {
            self.notes.lost.store(true, Ordering::Release);
        }
        self.policy.on_error(state, error)
    }

    fn on_throttle(&self, state: &RetryState, error: Error) -> ThrottleResult {
        self.policy.on_throttle(state, error)
    }

    fn remaining_time(&self, state: &RetryState) -> Option<Duration> {
        self.policy.remaining_time(state)
    }
}

/// How often an aborted transaction runs again. That it was aborted is an answer: that commit did not happen.
#[derive(Debug)]
struct Aborts {
    notes: Arc<Notes>,
    limit: Duration,
}

impl TransactionRetryPolicy for Aborts {
    fn on_abort(&self, error: Error, attempts: u32, elapsed: Duration) -> RetryResult {
        self.notes.begin();
        BasicTransactionRetryPolicy::new()
            .with_max_attempts(20)
            .with_total_timeout(self.limit)
            .on_abort(error, attempts, elapsed)
    }
}
