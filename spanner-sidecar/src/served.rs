//! Which operations are served: those that have been planned against the live schema and fit it. What did not fit
//! is planned again now and then, since schemas change.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

use spangate_operations::{Operation, Operations};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::refusal::{Reason, Refusal};
use crate::spanner::{Access, Database, Plan, plan};

const PLAN: Duration = Duration::from_secs(15);

pub struct Served {
    pub operations: Operations,
    databases: BTreeMap<String, Database>,
    plans: watch::Sender<BTreeMap<String, Plan>>,
}

/// What became of all operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    pub fit: usize,
    pub mismatched: usize,
    pub unreachable: usize,
}

impl Served {
    pub fn new(operations: Operations, access: &Access, is_emulator: bool) -> Self {
        let databases = operations
            .databases
            .iter()
            .map(|(name, database)| (name.clone(), Database::new(database, access.clone(), is_emulator)))
            .collect();
        Self { operations, databases, plans: watch::Sender::default() }
    }

    /// The operation and its database, if it may run.
    pub fn operation(&self, name: &str) -> Result<(&Operation, &Database), Refusal> {
        let unknown = || Refusal::new(Reason::OperationUnknown, "the sidecar has no such operation");
        let operation = self.operations.operation(name).ok_or_else(unknown)?;
        let database = self.databases.get(&operation.database).ok_or_else(unknown)?;
        match self.plans.borrow().get(name) {
            Some(Plan::Fits) => Ok((operation, database)),
            Some(Plan::Mismatch(_)) => {
                let detail = "the operation does not fit the database's schema and is not served";
                Err(Refusal::new(Reason::NotServed, detail))
            }
            Some(Plan::Unreachable(_)) | None => {
                Err(Refusal::new(Reason::DatabaseUnavailable, "the database has not been reached yet"))
            }
        }
    }

    /// Plans what does not fit yet; each change is logged once.
    pub async fn plan(&self) -> Summary {
        let due: Vec<&Operation> = self
            .operations
            .iter()
            .filter(|operation| self.plans.borrow().get(&operation.name) != Some(&Plan::Fits))
            .collect();
        for operation in due {
            let Some(database) = self.databases.get(&operation.database) else { continue };
            let planned = plan(database, operation, Instant::now() + PLAN).await;
            let unreachable = matches!(planned, Plan::Unreachable(_));
            self.note(operation, database, planned);
            // The next operation would only wait for the same database.
            if unreachable {
                break;
            }
        }
        self.summary()
    }

    pub fn everything_fits(&self) -> bool {
        self.summary().fit == self.operations.operations.len()
    }

    fn note(&self, operation: &Operation, database: &Database, planned: Plan) {
        self.plans.send_if_modified(|plans| match plans.entry(operation.name.clone()) {
            Entry::Occupied(entry) if *entry.get() == planned => false,
            entry => {
                log(operation, database, &planned);
                match entry {
                    Entry::Occupied(mut entry) => {
                        entry.insert(planned);
                    }
                    Entry::Vacant(entry) => {
                        entry.insert(planned);
                    }
                }
                true
            }
        });
    }

    fn summary(&self) -> Summary {
        let plans = self.plans.borrow();
        let count = |is: fn(&Plan) -> bool| plans.values().filter(|plan| is(plan)).count();
        let fit = count(|plan| matches!(plan, Plan::Fits));
        let mismatched = count(|plan| matches!(plan, Plan::Mismatch(_)));
        Summary { fit, mismatched, unreachable: self.operations.operations.len() - fit - mismatched }
    }
}

fn log(operation: &Operation, database: &Database, planned: &Plan) {
    let (name, database) = (operation.name.as_str(), database.name());
    match planned {
        Plan::Fits => tracing::info!(event = "operation_ready", operation = name),
        Plan::Mismatch(problem) => {
            tracing::error!(
                event = "operation_mismatch",
                operation = name,
                database,
                problem = problem.as_str()
            );
        }
        Plan::Unreachable(problem) => {
            tracing::warn!(
                event = "database_unreachable",
                operation = name,
                database,
                problem = problem.as_str()
            );
        }
    }
}
