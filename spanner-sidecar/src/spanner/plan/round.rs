//! One planning of many operations: what they share is asked once, and a database that cannot be reached is not tried
//! by each of them.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex as Lock, PoisonError};

use spangate_operations::Operation;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use super::schema::Schema;
use super::{Columns, Failure, Plan, columns, compare};
use crate::spanner::connection::Session;
use crate::spanner::database::Database;

#[derive(Default)]
pub struct Round {
    /// By database and role: to each role the schema tells what that one may use.
    schemas: Lock<HashMap<Asked, Known>>,
    unreachable: Lock<HashSet<String>>,
}

type Asked = (String, Option<String>);
/// Held by whoever asks first; the others wait for the answer.
type Known = Arc<Mutex<Option<Arc<Schema>>>>;

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
        let unreachable = |refusal: crate::refusal::Refusal| Plan::Unreachable(refusal.detail.into_owned());
        let session = database.session(role, deadline).await.map_err(unreachable)?;
        match columns(database, &session, operation, self, deadline).await {
            Ok(columns) => Ok(columns),
            Err(Failure::Told(plan)) => Err(plan),
            Err(Failure::LostSession) => {
                let session = database.renew(role, &session, deadline).await.map_err(unreachable)?;
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
        let asked = (database.name().to_owned(), operation.database_role.clone());
        let known = {
            let mut schemas = self.schemas.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(schemas.entry(asked).or_default())
        };
        let mut known = known.lock().await;
        if let Some(schema) = known.as_ref() {
            return Ok(Arc::clone(schema));
        }
        let schema = Arc::new(Schema::read(session, database.dialect(), deadline).await?);
        Ok(Arc::clone(known.insert(schema)))
    }

    fn lock_unreachable(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.unreachable.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
