//! One planning of many operations: what they share is asked once, and a database that cannot be reached is not tried
//! by each of them.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex as Lock, PoisonError};

use spangate_operations::Operation;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use super::schema::Schema;
use super::{Columns, Failure, Plan, columns, compare, is_out_of_reach, steps};
use crate::refusal::Refusal;
use crate::spanner::connection::Session;
use crate::spanner::database::Database;

#[derive(Default)]
pub struct Round {
    /// By database and role: to each role the schema tells what that one may use.
    schemas: Lock<HashMap<Asked, Known<Arc<Schema>>>>,
    /// What each role lacks on Spangate's own tables.
    lacking: Lock<HashMap<Asked, Known<Option<String>>>>,
    unreachable: Lock<HashSet<String>>,
}

type Asked = (String, Option<String>);
/// Held by whoever asks first; the others wait for the answer.
type Known<T> = Arc<Mutex<Option<T>>>;

impl Round {
    pub async fn plan(&self, database: &Database, operation: &Operation, deadline: Instant) -> Plan {
        if self.lock_unreachable().contains(database.name()) {
            return Plan::Unreachable("the database did not answer for another operation".to_owned());
        }
        let planned = match timeout_at(deadline, self.columns(database, operation, deadline)).await {
            Ok(Ok(columns)) => compare(operation, &columns),
            Ok(Err(plan)) => plan,
            Err(_) => Plan::Unreachable("no answer in time".to_owned()),
        };
        if matches!(planned, Plan::Unreachable(_)) {
            self.lock_unreachable().insert(database.name().to_owned());
        }
        planned
    }

    /// A session that Spanner has forgotten is renewed once.
    async fn columns(
        &self,
        database: &Database,
        operation: &Operation,
        deadline: Instant,
    ) -> Result<Columns, Plan> {
        let role = operation.database_role.as_deref();
        let refused = |refusal: Refusal| of_session(role, refusal);
        let session = database.session(role, deadline).await.map_err(refused)?;
        match columns(database, &session, operation, self, deadline).await {
            Ok(columns) => Ok(columns),
            Err(Failure::Told(plan)) => Err(plan),
            Err(Failure::LostSession) => {
                let session = database.renew(role, &session, deadline).await.map_err(refused)?;
                columns(database, &session, operation, self, deadline).await.map_err(
                    |failure| match failure {
                        Failure::Told(plan) => plan,
                        Failure::LostSession => Plan::Unreachable("the session was lost twice".to_owned()),
                    },
                )
            }
        }
    }

    /// What the operation's role sees of the schema, asked for by the first who wants to know.
    pub(super) async fn schema(
        &self,
        database: &Database,
        session: &Session,
        operation: &Operation,
        deadline: Instant,
    ) -> Result<Arc<Schema>, Failure> {
        let known = known(&self.schemas, database, operation);
        let mut known = known.lock().await;
        if let Some(schema) = known.as_ref() {
            return Ok(Arc::clone(schema));
        }
        let schema = Arc::new(Schema::read(session, database.dialect(), deadline).await?);
        Ok(Arc::clone(known.insert(schema)))
    }

    /// That the operation's role may leave Spangate's own rows.
    pub(super) async fn demand_own_rows(
        &self,
        database: &Database,
        session: &Session,
        operation: &Operation,
        deadline: Instant,
    ) -> Result<(), Failure> {
        let known = known(&self.lacking, database, operation);
        let mut known = known.lock().await;
        let lacking = match known.as_ref() {
            Some(lacking) => lacking,
            None => known.insert(steps::demand_own_rows(database, session, deadline).await?),
        };
        match lacking {
            None => Ok(()),
            Some(lacking) => Err(Failure::mismatch(format!(
                "the operation's role lacks {lacking}: run `spanner-sidecar migrate init`"
            ))),
        }
    }

    fn lock_unreachable(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.unreachable.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn known<T>(all: &Lock<HashMap<Asked, Known<T>>>, database: &Database, operation: &Operation) -> Known<T> {
    let asked = (database.name().to_owned(), operation.database_role.clone());
    Arc::clone(all.lock().unwrap_or_else(PoisonError::into_inner).entry(asked).or_default())
}

/// A role that is not there, or that the sidecar may not take, is its operations' fault and not the database's.
fn of_session(role: Option<&str>, refusal: Refusal) -> Plan {
    match role {
        Some(role) if !is_out_of_reach(&refusal.reason) => {
            Plan::Mismatch(format!("the database does not let the sidecar act as the role `{role}`"))
        }
        _ => Plan::Unreachable(refusal.detail.into_owned()),
    }
}
