//! Which operations are served: those that have been planned against the live schema and fit it. A reload puts a new
//! generation in place of the old one at once; calls in flight keep the operation and the database they began with.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use futures::StreamExt;
use spangate_operations::{Kind, Operation, Operations};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::admission::{Admitted, Claim};
use crate::metrics::{Metrics, OperationLabel};
use crate::refusal::{Reason, Refusal};
use crate::spanner::{Database, Plan, Round, Site, answers};

/// Plans at once: as many as make 200 operations a matter of a second or two, and do not drown a small database.
const AT_ONCE: usize = 24;
/// Longest that one plan takes.
const PLAN: Duration = Duration::from_secs(15);
const NO_PAGE_KEYS: &str = "it has pages, and there is no `--page-key-file` to seal their tokens with";

pub struct Served {
    site: Arc<Site>,
    has_page_keys: bool,
    current: RwLock<Arc<Generation>>,
    /// Some operation is.
    suspected: Notify,
}

/// What one reading of operations.yaml made.
struct Generation {
    number: u64,
    operations: BTreeMap<String, Arc<Entry>>,
    databases: BTreeMap<String, Arc<Database>>,
}

/// An operation as it is served. Whoever holds it keeps its database's clients, too.
pub struct Entry {
    pub operation: Arc<Operation>,
    pub database: Arc<Database>,
    /// Differs after each reload.
    pub generation: u64,
    claim: Claim,
    plan: Mutex<Option<Plan>>,
    /// A call has met a schema that it does not fit.
    is_suspected: AtomicBool,
}

/// Which operations are planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    All,
    /// Those that do not fit, or of which nothing is known.
    Unfit,
    /// Those that calls have met a changed schema with.
    Suspected,
}

/// What became of all operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    pub fit: usize,
    pub mismatched: usize,
    pub unreachable: usize,
}

impl Summary {
    pub fn everything_fits(self) -> bool {
        self.mismatched == 0 && self.unreachable == 0
    }
}

impl Served {
    /// Without keys for their tokens operations with pages are not served.
    pub fn new(operations: Operations, site: Site, has_page_keys: bool) -> Self {
        let site = Arc::new(site);
        let first = Generation::new(operations, None, &site);
        Self { site, has_page_keys, current: RwLock::new(Arc::new(first)), suspected: Notify::new() }
    }

    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.site.metrics
    }

    /// The operation and its database, if it may run.
    pub fn operation(&self, name: &str) -> Result<Arc<Entry>, Refusal> {
        let unknown = || Refusal::new(Reason::OperationUnknown, "the sidecar has no such operation");
        let entry = self.current().operations.get(name).cloned().ok_or_else(unknown)?;
        match entry.plan().as_ref() {
            Some(Plan::Fits) => {}
            Some(Plan::Mismatch(_)) => {
                let detail = "the operation does not fit the database's schema and is not served";
                return Err(Refusal::new(Reason::NotServed, detail));
            }
            Some(Plan::Unreachable(_)) | None => {
                let detail = "the database has not been reached yet";
                return Err(Refusal::new(Reason::DatabaseUnavailable, detail));
            }
        }
        Ok(entry)
    }

    pub async fn plan(&self, due: Due) -> Summary {
        self.planned(&self.current(), due).await
    }

    /// Plans another document and puts it in place of this one. With `strict`, one that does not fit as a whole is
    /// refused as a whole.
    pub async fn replace(&self, operations: Operations, strict: bool) -> Result<Summary, Summary> {
        let before = self.current();
        let next = Generation::new(operations, Some(&before), &self.site);
        let summary = self.planned(&next, Due::All).await;
        if strict && summary.mismatched > 0 {
            before.show(&self.site.metrics);
            return Err(summary);
        }
        for gone in before.operations.keys().filter(|name| !next.operations.contains_key(*name)) {
            self.site.metrics.operations_served.remove(&OperationLabel::new(gone));
        }
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        Ok(summary)
    }

    /// Whether there is such an operation, and it writes.
    pub fn is_write(&self, name: &str) -> bool {
        let current = self.current();
        current.operations.get(name).is_some_and(|entry| matches!(entry.operation.kind, Kind::Write(_)))
    }

    /// What fitted does no more, as it seems: planning has to look.
    pub fn suspect(&self, operation: &str) {
        if let Some(entry) = self.current().operations.get(operation) {
            entry.is_suspected.store(true, Ordering::Release);
            self.suspected.notify_one();
        }
    }

    /// Returns once for all that was suspected since it last did.
    pub async fn suspected(&self) {
        self.suspected.notified().await;
    }

    /// Whether each database answers now.
    pub async fn probe(&self, deadline: Instant) -> BTreeMap<String, bool> {
        let current = self.current();
        let current = current.as_ref();
        let probes = current.databases.iter().map(|(name, database)| async move {
            (name.clone(), answers(database, current.role_of(name), deadline).await)
        });
        futures::future::join_all(probes).await.into_iter().collect()
    }

    async fn planned(&self, generation: &Generation, due: Due) -> Summary {
        let (round, metrics) = (Round::default(), &*self.site.metrics);
        let plan = async |entry: &Arc<Entry>| {
            let planned = match entry.operation.pages.is_some() && !self.has_page_keys {
                true => Plan::Mismatch(NO_PAGE_KEYS.to_owned()),
                false => round.plan(&entry.database, &entry.operation, Instant::now() + PLAN).await,
            };
            entry.note(planned, metrics);
        };
        futures::stream::iter(generation.due(due)).for_each_concurrent(AT_ONCE, plan).await;
        generation.summary()
    }

    fn current(&self) -> Arc<Generation> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Generation {
    /// Databases whose settings did not change keep their clients and who is in flight.
    fn new(operations: Operations, before: Option<&Self>, site: &Arc<Site>) -> Self {
        let Operations { databases, operations } = operations;
        let number = before.map_or(0, |before| before.number + 1);
        let kept = |name: &str, settings: &_| {
            before?.databases.get(name).filter(|database| database.settings() == settings).cloned()
        };
        let databases: BTreeMap<String, Arc<Database>> = databases
            .into_iter()
            .map(|(name, settings)| {
                let database = kept(&name, &settings)
                    .unwrap_or_else(|| Arc::new(Database::new(&name, settings, Arc::clone(site))));
                (name, database)
            })
            .collect();
        let operations = operations
            .into_iter()
            .filter_map(|(name, operation)| {
                let database = Arc::clone(databases.get(&operation.database)?);
                Some((name, Arc::new(Entry::new(operation, database, number))))
            })
            .collect();
        Self { number, operations, databases }
    }

    fn due(&self, due: Due) -> impl Iterator<Item = &Arc<Entry>> {
        self.operations.values().filter(move |entry| match due {
            Due::All => true,
            Due::Unfit => entry.plan().as_ref() != Some(&Plan::Fits),
            Due::Suspected => entry.is_suspected.swap(false, Ordering::AcqRel),
        })
    }

    fn summary(&self) -> Summary {
        let mut summary = Summary { fit: 0, mismatched: 0, unreachable: 0 };
        for entry in self.operations.values() {
            match entry.plan().as_ref() {
                Some(Plan::Fits) => summary.fit += 1,
                Some(Plan::Mismatch(_)) => summary.mismatched += 1,
                Some(Plan::Unreachable(_)) | None => summary.unreachable += 1,
            }
        }
        summary
    }

    fn show(&self, metrics: &Metrics) {
        self.operations.values().for_each(|entry| entry.show(metrics));
    }

    /// The role under which a database is probed: one that its operations use anyway.
    fn role_of(&self, database: &str) -> Option<&str> {
        self.operations
            .values()
            .find(|entry| entry.operation.database == database)
            .and_then(|entry| entry.operation.database_role.as_deref())
    }
}

impl Entry {
    fn new(operation: Operation, database: Arc<Database>, generation: u64) -> Self {
        let claim = Claim::new(&operation);
        Self {
            operation: Arc::new(operation),
            database,
            generation,
            claim,
            plan: Mutex::default(),
            is_suspected: AtomicBool::new(false),
        }
    }

    /// A place in the database, waited for if need be.
    pub async fn admit(&self, deadline: Instant) -> Result<Admitted, Refusal> {
        self.database.admission().admit(&self.claim, deadline).await
    }

    fn plan(&self) -> std::sync::MutexGuard<'_, Option<Plan>> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Each change is logged once. What was known stays while the database cannot be reached: calls will tell.
    fn note(&self, planned: Plan, metrics: &Metrics) {
        {
            let mut plan = self.plan();
            if plan.as_ref() == Some(&planned) {
                return;
            }
            if matches!((plan.as_ref(), &planned), (Some(_), Plan::Unreachable(_))) {
                return;
            }
            let was_served = plan.as_ref() == Some(&Plan::Fits);
            self.log(&planned, was_served, metrics);
            *plan = Some(planned);
        }
        self.show(metrics);
    }

    fn log(&self, planned: &Plan, was_served: bool, metrics: &Metrics) {
        let (operation, database) = (self.operation.name.as_str(), self.database.name());
        match planned {
            Plan::Fits => tracing::info!(event = "operation_ready", operation),
            Plan::Mismatch(problem) if was_served => {
                metrics.operation_drifts.get_or_create_owned(&OperationLabel::new(operation)).inc();
                tracing::error!(event = "operation_drifted", operation, database, problem = problem.as_str());
            }
            Plan::Mismatch(problem) => {
                tracing::error!(
                    event = "operation_mismatch",
                    operation,
                    database,
                    problem = problem.as_str()
                );
            }
            Plan::Unreachable(problem) => {
                tracing::warn!(
                    event = "database_unreachable",
                    operation,
                    database,
                    problem = problem.as_str()
                );
            }
        }
    }

    fn show(&self, metrics: &Metrics) {
        let served = i64::from(self.plan().as_ref() == Some(&Plan::Fits));
        metrics.operations_served.get_or_create_owned(&OperationLabel::new(&self.operation.name)).set(served);
    }
}
