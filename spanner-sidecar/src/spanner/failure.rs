//! What an error of Spanner means to who made the call: one exhaustive match. Spanner's own messages name rows,
//! tables and values, so none of them reaches a client, and only planning's reach the log.

use google_cloud_spanner::Error;
use tonic::Code;

use crate::refusal::{Reason, Refusal};

/// How far things had gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Session,
    Read,
    /// Nothing is committed.
    Write,
    /// The commit has been sent.
    Commit,
}

/// Spanner has forgotten the session, as after a restart of the emulator.
pub fn is_lost_session(error: &Error) -> bool {
    error.status().is_some_and(|status| {
        code(error) == Some(Code::NotFound) && status.message.starts_with("Session not found")
    })
}

/// Spanner takes the token no more, although it has not expired.
pub fn is_unauthenticated(error: &Error) -> bool {
    code(error) == Some(Code::Unauthenticated)
}

pub fn refusal(error: &Error, phase: Phase) -> Refusal {
    let message = error.status().map_or("", |status| status.message.as_str());
    let (reason, detail) = match code(error) {
        Some(code) => of_code(code, phase, message),
        None => without_code(error, phase),
    };
    Refusal::new(reason, detail)
}

/// By way of the number: the client's enum may grow, gRPC's codes do not.
fn code(error: &Error) -> Option<Code> {
    error.status().map(|status| Code::from_i32(status.code as i32))
}

const UNAVAILABLE: (Reason, &str) = (Reason::DatabaseUnavailable, "the database cannot be reached");
const TOO_LATE: (Reason, &str) = (Reason::DeadlineExceeded, "the database did not answer in time");
const DENIED: (Reason, &str) =
    (Reason::PermissionDenied, "the database refuses this to the operation's role");
const MISMATCH: (Reason, &str) = (Reason::SchemaMismatch, "the operation does not fit the database's schema");

pub const UNKNOWN: (Reason, &str) = (
    Reason::OutcomeUnknown,
    "the write may or may not have happened: with an `Idempotency-Key` send the same again, without one read first",
);

fn of_code(code: Code, phase: Phase, message: &str) -> (Reason, &'static str) {
    let lost = |otherwise| if phase == Phase::Commit { UNKNOWN } else { otherwise };
    match code {
        Code::Unavailable | Code::Unknown | Code::Internal | Code::DataLoss | Code::Ok => lost(UNAVAILABLE),
        // We cancel nothing that we still wait for: it was a clock on the way, set by our own deadline.
        Code::DeadlineExceeded | Code::Cancelled => lost(TOO_LATE),
        // The sidecar's own credentials are refused: nothing that the caller can mend.
        Code::Unauthenticated => UNAVAILABLE,
        Code::InvalidArgument | Code::Unimplemented => MISMATCH,
        Code::NotFound => not_found(phase, message),
        Code::AlreadyExists => (Reason::AlreadyExists, "it exists already"),
        Code::PermissionDenied => DENIED,
        Code::ResourceExhausted => (Reason::DatabaseOverloaded, "the database takes no more work now"),
        Code::FailedPrecondition => {
            (Reason::PreconditionFailed, "a constraint of the database does not hold")
        }
        Code::Aborted => (Reason::Conflict, "another transaction was in the way; nothing was written"),
        Code::OutOfRange => (Reason::OutOfRange, "a value is out of range"),
    }
}

/// Only a row that is missing is the caller's affair. An insert whose parent row does not exist says so in this
/// code too.
fn not_found(phase: Phase, message: &str) -> (Reason, &'static str) {
    let is_object = ["Table not found", "Column not found", "Index not found", "Function not found"]
        .iter()
        .any(|start| message.contains(start));
    match phase {
        Phase::Session if message.to_lowercase().contains("role not found") => DENIED,
        Phase::Session => UNAVAILABLE,
        _ if message.starts_with("Session not found") || message.starts_with("Database not found") => {
            UNAVAILABLE
        }
        _ if is_object => MISMATCH,
        Phase::Write | Phase::Commit => (Reason::NotFound, "a row that is needed does not exist"),
        Phase::Read => MISMATCH,
    }
}

fn without_code(error: &Error, phase: Phase) -> (Reason, &'static str) {
    if phase == Phase::Commit {
        return UNKNOWN;
    }
    if error.is_timeout() || error.is_exhausted() {
        return TOO_LATE;
    }
    if error.is_serialization() || error.is_deserialization() || error.is_binding() {
        return MISMATCH;
    }
    UNAVAILABLE
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every code in every phase, as text: what a person compares with the reference.
    #[test]
    fn the_table() {
        let mut table = String::new();
        for number in 1..=16 {
            let code = Code::from_i32(number);
            let names: Vec<_> = [Phase::Session, Phase::Read, Phase::Write, Phase::Commit]
                .into_iter()
                .map(|phase| of_code(code, phase, "").0.name().to_owned())
                .collect();
            table.push_str(&format!("{code:?}: {}\n", names.join(" ")));
        }
        expect_test::expect![[r#"
            Cancelled: deadline_exceeded deadline_exceeded deadline_exceeded outcome_unknown
            Unknown: database_unavailable database_unavailable database_unavailable outcome_unknown
            InvalidArgument: schema_mismatch schema_mismatch schema_mismatch schema_mismatch
            DeadlineExceeded: deadline_exceeded deadline_exceeded deadline_exceeded outcome_unknown
            NotFound: database_unavailable schema_mismatch not_found not_found
            AlreadyExists: already_exists already_exists already_exists already_exists
            PermissionDenied: permission_denied permission_denied permission_denied permission_denied
            ResourceExhausted: database_overloaded database_overloaded database_overloaded database_overloaded
            FailedPrecondition: precondition_failed precondition_failed precondition_failed precondition_failed
            Aborted: conflict conflict conflict conflict
            OutOfRange: out_of_range out_of_range out_of_range out_of_range
            Unimplemented: schema_mismatch schema_mismatch schema_mismatch schema_mismatch
            Internal: database_unavailable database_unavailable database_unavailable outcome_unknown
            Unavailable: database_unavailable database_unavailable database_unavailable outcome_unknown
            DataLoss: database_unavailable database_unavailable database_unavailable outcome_unknown
            Unauthenticated: database_unavailable database_unavailable database_unavailable database_unavailable
        "#]].assert_eq(&table);
    }

    #[test]
    fn not_every_not_found_is_a_row() {
        let reason = |phase, message| not_found(phase, message).0;
        assert_eq!(
            reason(Phase::Write, "Parent row for row [1] in table orders is missing"),
            Reason::NotFound
        );
        assert_eq!(reason(Phase::Write, "Table not found: orders"), Reason::SchemaMismatch);
        assert_eq!(reason(Phase::Read, "Database not found: x"), Reason::DatabaseUnavailable);
        assert_eq!(reason(Phase::Session, "Instance not found: x"), Reason::DatabaseUnavailable);
        assert_eq!(reason(Phase::Session, "Role not found: x"), Reason::PermissionDenied);
    }
}
