//! Whether an operation fits the live schema: Spanner plans it without running it, and what its columns are
//! called is compared with what the answer needs.

use std::sync::{Arc, Mutex, PoisonError};

use google_cloud_spanner::Error;
use google_cloud_spanner::transaction::ReadWriteTransaction;
use spangate_operations::{Body, Kind, Location, Operation};
use tokio::time::{Instant, timeout_at};

use super::database::Database;
use super::failure::{self, Phase};
use super::statement::to_plan;
use super::{remaining, retry_policy};
use crate::refusal::Reason;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    Fits,
    /// For the log: names what the author wrote.
    Mismatch(String),
    /// Nothing can be told yet.
    Unreachable(String),
}

pub async fn plan(database: &Database, operation: &Operation, deadline: Instant) -> Plan {
    match timeout_at(deadline, columns(database, operation, deadline)).await {
        Ok(Ok(names)) => compare(operation, &names),
        Ok(Err(plan)) => plan,
        Err(_) => Plan::Unreachable("no answer in time".to_owned()),
    }
}

/// Names of the columns that the operation returns.
async fn columns(database: &Database, operation: &Operation, deadline: Instant) -> Result<Vec<String>, Plan> {
    let role = operation.database_role.as_deref();
    let _turn = match operation.kind {
        Kind::Write(_) => {
            database.write_turn(deadline).await.map_err(|refusal| unreachable(&refusal.detail))?
        }
        Kind::Read(_) => None,
    };
    let mut session =
        database.session(role, deadline).await.map_err(|refusal| unreachable(&refusal.detail))?;
    let mut renewed = false;
    loop {
        let statement = to_plan(operation, deadline);
        let planned = match operation.kind {
            Kind::Read(_) => {
                let transaction = session.client.single_use().build();
                transaction
                    .execute_query(statement)
                    .await
                    .map(|result| result.metadata().column_names().to_vec())
            }
            Kind::Write(_) => {
                let runner = session
                    .client
                    .read_write_transaction()
                    .with_transaction_timeout(remaining(deadline))
                    .with_begin_retry_policy(retry_policy(deadline))
                    .with_rollback_retry_policy(retry_policy(deadline))
                    .build();
                let names = Arc::new(Mutex::new(None));
                let run = runner.run({
                    let names = Arc::clone(&names);
                    move |transaction: ReadWriteTransaction| {
                        let (statement, names) = (statement.clone(), Arc::clone(&names));
                        async move {
                            let result = transaction.execute_query(statement).await?;
                            let found = result.metadata().column_names().to_vec();
                            *names.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
                            // An error makes the client roll back: nothing was to be written.
                            Err::<(), _>(Error::binding("planned"))
                        }
                    }
                });
                let ended = run.await;
                match (names.lock().unwrap_or_else(PoisonError::into_inner).take(), ended) {
                    (Some(names), _) => Ok(names),
                    (None, Err(error)) => Err(error),
                    (None, Ok(_)) => Ok(Vec::new()),
                }
            }
        };
        match planned {
            Ok(names) => return Ok(names),
            Err(error) if failure::is_lost_session(&error) && !renewed => {
                renewed = true;
                session = database
                    .renew(role, &session, deadline)
                    .await
                    .map_err(|refusal| unreachable(&refusal.detail))?;
            }
            Err(error) => return Err(judge(&error)),
        }
    }
}

fn unreachable(detail: &str) -> Plan {
    Plan::Unreachable(detail.to_owned())
}

fn judge(error: &Error) -> Plan {
    let message = error.status().map_or_else(|| error.to_string(), |status| status.message.clone());
    // Further lines repeat the SQL.
    let message = message.lines().next().unwrap_or_default().to_owned();
    match failure::refusal(error, Phase::Write).reason {
        Reason::DatabaseUnavailable
        | Reason::DatabaseOverloaded
        | Reason::DeadlineExceeded
        | Reason::Conflict
        | Reason::OutcomeUnknown => Plan::Unreachable(message),
        Reason::ParameterInvalid
        | Reason::BodyTooLarge
        | Reason::OperationUnknown
        | Reason::NotFound
        | Reason::AlreadyExists
        | Reason::OutOfRange
        | Reason::IdempotencyKeyMissing
        | Reason::PreconditionFailed
        | Reason::PermissionDenied
        | Reason::SchemaMismatch
        | Reason::NotServed
        | Reason::Expected { .. } => Plan::Mismatch(message),
    }
}

fn compare(operation: &Operation, names: &[String]) -> Plan {
    if operation.answer.body != Body::None {
        if let Some(index) = names.iter().position(String::is_empty) {
            return Plan::Mismatch(format!("column {} has no name: give it one with AS", index + 1));
        }
        let mut seen = std::collections::HashSet::new();
        if let Some(name) = names.iter().find(|name| !seen.insert(name.as_str())) {
            return Plan::Mismatch(format!("two columns are called `{name}`"));
        }
    }
    for name in operation.answer.location.iter().flat_map(Location::names) {
        if operation.parameter(name).is_none() && !names.iter().any(|column| column == name) {
            return Plan::Mismatch(format!(
                "the location's `{{{name}}}` is neither parameter nor returned column"
            ));
        }
    }
    Plan::Fits
}
