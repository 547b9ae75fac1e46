//! One session of one database under one role, and its renewal. A multiplexed session that Spanner has forgotten
//! answers every call with the same error for ever: whoever meets it first renews it, once for all who wait.

use std::sync::Arc;
use std::time::Duration;

use google_cloud_spanner::client::{DatabaseClient, Spanner};
use tokio::sync::{Mutex, RwLock};
use tokio::time::{Instant, timeout_at};

use super::access::Access;
use super::bounds;
use super::database::Flow;
use super::failure::{self, Phase};
use crate::metrics::{DatabaseLabel, Metrics};
use crate::refusal::{Reason, Refusal};

/// Longest that the making of a session takes.
const CONNECT: Duration = Duration::from_secs(10);

pub struct Connection {
    database: String,
    role: Option<String>,
    flow: Flow,
    access: Access,
    counted: DatabaseLabel,
    metrics: Arc<Metrics>,
    current: RwLock<Option<Session>>,
    /// Held while a session is made; remembers when that last failed, and how.
    making: Mutex<Option<(Instant, Refusal)>>,
}

#[derive(Clone)]
pub struct Session {
    pub client: DatabaseClient,
    pub flow: Flow,
    generation: u64,
}

impl Connection {
    pub fn new(
        database: String,
        role: Option<String>,
        flow: Flow,
        access: Access,
        counted: DatabaseLabel,
        metrics: Arc<Metrics>,
    ) -> Self {
        let (current, making) = (RwLock::default(), Mutex::default());
        Self { database, role, flow, access, counted, metrics, current, making }
    }

    pub async fn session(&self, spanner: &Spanner, deadline: Instant) -> Result<Session, Refusal> {
        // Read apart, so that its lock is not held while a session is made.
        let current = self.current.read().await.clone();
        match current {
            Some(session) => Ok(session),
            None => self.make(spanner, None, deadline).await,
        }
    }

    /// A session in place of one that was lost.
    pub async fn renew(
        &self,
        spanner: &Spanner,
        lost: &Session,
        deadline: Instant,
    ) -> Result<Session, Refusal> {
        self.make(spanner, Some(lost.generation), deadline).await
    }

    async fn make(
        &self,
        spanner: &Spanner,
        lost: Option<u64>,
        deadline: Instant,
    ) -> Result<Session, Refusal> {
        let came = Instant::now();
        let late = |_| Refusal::new(Reason::DatabaseUnavailable, "the database could not be reached in time");
        let mut failure = timeout_at(deadline, self.making.lock()).await.map_err(late)?;
        // Another one may have made it, or failed to, while this one waited.
        if let Some(session) = self.current.read().await.clone()
            && lost != Some(session.generation)
        {
            return Ok(session);
        }
        if let Some((failed, refusal)) = failure.as_ref()
            && *failed > came
        {
            return Err(refusal.clone());
        }
        match self.connect(spanner, deadline).await {
            Ok(client) => {
                let generation = lost.map_or(0, |generation| generation + 1);
                let session = Session { client, flow: self.flow, generation };
                *self.current.write().await = Some(session.clone());
                *failure = None;
                self.metrics.sessions_made.get_or_create_owned(&self.counted).inc();
                if lost.is_some() {
                    self.metrics.sessions_renewed.get_or_create_owned(&self.counted).inc();
                    tracing::info!(event = "session_renewed", database = self.database);
                }
                Ok(session)
            }
            Err(refusal) => {
                *failure = Some((Instant::now(), refusal.clone()));
                Err(refusal)
            }
        }
    }

    async fn connect(&self, spanner: &Spanner, deadline: Instant) -> Result<DatabaseClient, Refusal> {
        // Kept by the client: no caller's deadline may stay in them.
        let bounds = bounds::session(CONNECT);
        let mut builder = spanner.database_client(&self.database).with_request_options(bounds);
        if let Some(role) = &self.role {
            builder = builder.with_database_role(role);
        }
        match timeout_at(deadline, builder.build()).await {
            Ok(Ok(client)) => Ok(client),
            Ok(Err(error)) => {
                if failure::is_unauthenticated(&error) {
                    self.access.suspect_credentials();
                }
                Err(failure::refusal(&error, Phase::Session))
            }
            Err(_) => {
                Err(Refusal::new(Reason::DatabaseUnavailable, "the database could not be reached in time"))
            }
        }
    }
}
