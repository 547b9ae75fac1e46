//! A write, applied once. It runs without asking first whether it has run already: its idempotency row, inserted by its
//! own transaction, is refused at the commit if it has. Whatever goes wrong, that row is read back before anything is
//! said, and a commit whose answer was lost is run again, which the row makes harmless.

mod attempt;
mod own_rows;
mod returned;
mod script;

pub use returned::Returned;

use std::sync::Arc;
use std::time::Duration;

use google_cloud_wkt::Timestamp;
use spangate_operations::{Operation, Value};
use tokio::time::{Instant, sleep, timeout_at};

use super::connection::Session;
use super::database::Database;
use super::failure::{self, Phase, UNKNOWN};
use super::remaining;
use crate::audit;
use crate::idempotency::{Answer, Kept, Key};
use crate::refusal::{Reason, Refusal};
use attempt::attempt;

/// What Spanner replaces by the commit's timestamp.
const COMMIT_TIMESTAMP: &str = "spanner.commit_timestamp()";
/// With less time than this nothing more is begun.
const LEAST: Duration = Duration::from_millis(30);
/// Before a lost commit is run again; twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// What is to be written, in whose name, and by when.
/// Owned: it goes into the client's transactions.
pub struct Order {
    pub operation: Arc<Operation>,
    /// What its requests and its transaction are called in Spanner's statistics.
    pub tag: String,
    /// Of the operation's parameters, in their order.
    pub values: Vec<Value>,
    pub stamp: Stamp,
    pub repeat: Repeat,
    pub deadline: Instant,
}

/// What the write leaves beside its own rows.
pub struct Stamp {
    pub key: Key,
    pub audit: audit::Row,
}

/// Whether the write may have happened before it came here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Its nonce is fresh: this is Envoy's first try.
    Impossible,
    /// It has the caller's own key: whoever sent it can send it again.
    ByCaller,
    /// It may be Envoy's retry, and nobody sends it again after that.
    ByProxy,
}

/// A write that has happened.
pub struct Written {
    pub answer: Answer,
    pub committed_at: Option<Timestamp>,
    /// It had happened before: this is the first answer.
    pub is_replay: bool,
}

pub async fn write(database: &Database, order: Order) -> Result<Written, Refusal> {
    let order = Arc::new(order);
    let deadline = order.deadline;
    let role = order.operation.database_role.as_deref();
    let _turn = database.write_turn(deadline).await?;
    let mut session = database.session(role, deadline).await?;
    let mut is_renewed = false;
    // Whether a commit was sent of which nothing is known: it may yet happen, later than any reading back.
    let mut in_doubt = false;
    let mut pause = FIRST_PAUSE;
    loop {
        let failure = match attempt(&session, &order, share(deadline)).await {
            Ok(written) => return Ok(written),
            Err(failure) => failure,
        };
        in_doubt |= failure.commit_is_lost;
        if failure.is_lost_session && !is_renewed {
            is_renewed = true;
            let renewed = database.renew(role, &session, deadline).await;
            session = renewed.map_err(|refusal| if in_doubt { unknown() } else { refusal })?;
            continue;
        }
        if order.repeat == Repeat::Impossible && !in_doubt {
            return Err(failure.refusal);
        }
        match read_back(&session, &order).await {
            Ok(Some(kept)) => return replay(&order, kept),
            // Run again, the row decides between the two: only one of them can commit.
            Ok(None) if failure.commit_is_lost && remaining(deadline) > LEAST + pause => {
                sleep(pause).await;
                pause *= 2;
            }
            Ok(None) if in_doubt && !is_of_the_rows(&failure.refusal.reason) => return Err(unknown()),
            Ok(None) => return Err(failure.refusal),
            Err(_) if in_doubt || order.repeat == Repeat::ByProxy => return Err(unknown()),
            Err(refusal) => return Err(refusal),
        }
    }
}

/// When an attempt ends, so that there is time to read back what became of it.
fn share(deadline: Instant) -> Instant {
    Instant::now() + remaining(deadline) * 3 / 4
}

async fn read_back(session: &Session, order: &Order) -> Result<Option<Kept>, Refusal> {
    let deadline = order.deadline;
    match timeout_at(deadline, own_rows::kept(session, order)).await {
        Ok(kept) => kept.map_err(|error| failure::refusal(&error, Phase::Read)),
        Err(_) => Err(Refusal::new(Reason::DeadlineExceeded, "the database did not answer in time")),
    }
}

fn replay(order: &Order, kept: Kept) -> Result<Written, Refusal> {
    let Kept { request_hash, answer, committed_at } = kept;
    if request_hash != order.stamp.key.request {
        let detail = "this `Idempotency-Key` was used for another request; nothing was written";
        return Err(Refusal::new(Reason::IdempotencyKeyReused, detail));
    }
    Ok(Written { answer, committed_at, is_replay: order.repeat != Repeat::Impossible })
}

pub fn unknown() -> Refusal {
    Refusal::new(UNKNOWN.0, UNKNOWN.1)
}

/// What rows refused to this attempt they refuse to an earlier one that is in doubt as well: had they changed in
/// between, its locks were lost.
fn is_of_the_rows(reason: &Reason) -> bool {
    match reason {
        Reason::NotFound
        | Reason::AlreadyExists
        | Reason::OutOfRange
        | Reason::PreconditionFailed
        | Reason::Expected { .. } => true,
        Reason::ParameterInvalid
        | Reason::BodyTooLarge
        | Reason::OperationUnknown
        | Reason::Conflict
        | Reason::IdempotencyKeyMissing
        | Reason::IdempotencyKeyReused
        | Reason::DeadlineExceeded
        | Reason::DatabaseUnavailable
        | Reason::DatabaseOverloaded
        | Reason::RegionLimit
        | Reason::PermissionDenied
        | Reason::SchemaMismatch
        | Reason::NotServed
        | Reason::OutcomeUnknown => false,
    }
}
