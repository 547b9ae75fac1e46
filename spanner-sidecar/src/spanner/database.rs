//! A database of operations.yaml: its channels, its connections by role, and how many calls it takes at once.

use std::collections::HashMap;
use std::sync::Arc;

use google_cloud_spanner::channel_pool::{DynamicChannelPoolConfig, StaticChannelPoolConfig};
use google_cloud_spanner::client::{Spanner, SpannerBuilderExt};
use spangate_operations as operations;
use tokio::sync::{Mutex, MutexGuard, OnceCell, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::access::Access;
use super::connection::{Connection, Session};
use crate::refusal::{Reason, Refusal};

pub struct Database {
    name: String,
    max_channels: usize,
    access: Access,
    spanner: OnceCell<Spanner>,
    connections: Mutex<HashMap<Option<String>, Arc<Connection>>>,
    in_flight: Arc<Semaphore>,
    /// The emulator takes one read-write transaction at a time, and on one session concurrent ones destroy each
    /// other: there writers queue here.
    writers: Option<Mutex<()>>,
}

/// That the database has room for a call. Ends with the call.
pub struct Admitted {
    _permit: OwnedSemaphorePermit,
}

impl Database {
    pub fn new(database: &operations::Database, access: Access, is_emulator: bool) -> Self {
        let operations::Database { name, max_in_flight, max_channels } = database;
        Self {
            name: name.clone(),
            max_channels: usize::try_from(*max_channels).unwrap_or(usize::MAX),
            access,
            spanner: OnceCell::new(),
            connections: Mutex::default(),
            in_flight: Arc::new(Semaphore::new(usize::try_from(*max_in_flight).unwrap_or(usize::MAX))),
            writers: is_emulator.then(Mutex::default),
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Refuses rather than queues: a queue would only age what waits in it.
    pub fn admit(&self) -> Result<Admitted, Refusal> {
        match Arc::clone(&self.in_flight).try_acquire_owned() {
            Ok(permit) => Ok(Admitted { _permit: permit }),
            Err(_) => Err(Refusal::new(Reason::DatabaseOverloaded, "too many calls are in flight")),
        }
    }

    pub(super) async fn session(&self, role: Option<&str>, deadline: Instant) -> Result<Session, Refusal> {
        self.connection(role).await.session(self.spanner().await?, deadline).await
    }

    pub(super) async fn renew(
        &self,
        role: Option<&str>,
        lost: &Session,
        deadline: Instant,
    ) -> Result<Session, Refusal> {
        self.connection(role).await.renew(self.spanner().await?, lost, deadline).await
    }

    pub(super) async fn write_turn(&self, deadline: Instant) -> Result<Option<MutexGuard<'_, ()>>, Refusal> {
        let Some(writers) = &self.writers else { return Ok(None) };
        match timeout_at(deadline, writers.lock()).await {
            Ok(turn) => Ok(Some(turn)),
            Err(_) => Err(Refusal::new(Reason::DeadlineExceeded, "other writes took all of the time")),
        }
    }

    async fn connection(&self, role: Option<&str>) -> Arc<Connection> {
        let role = role.map(str::to_owned);
        let mut connections = self.connections.lock().await;
        let connection = connections
            .entry(role.clone())
            .or_insert_with(|| Arc::new(Connection::new(self.name.clone(), role)));
        Arc::clone(connection)
    }

    async fn spanner(&self) -> Result<&Spanner, Refusal> {
        self.spanner
            .get_or_try_init(|| async {
                let builder = self.access.spanner();
                let builder = if self.writers.is_some() {
                    builder.with_channel_pool(StaticChannelPoolConfig::new(1))
                } else {
                    let first = self.max_channels.min(4);
                    let channels = DynamicChannelPoolConfig::new()
                        .with_min_channels(first)
                        .with_initial_channels(first)
                        .with_max_channels(self.max_channels);
                    builder.with_channel_pool(channels)
                };
                builder.build().await.map_err(|error| {
                    tracing::error!(event = "client_failed", database = self.name, error = %error);
                    Refusal::new(Reason::DatabaseUnavailable, "the database cannot be reached")
                })
            })
            .await
    }
}
