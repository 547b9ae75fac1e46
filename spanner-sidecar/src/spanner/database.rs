//! A database of operations.yaml: its channels, its connections by role, and the places for calls in it.

use std::collections::HashMap;
use std::sync::Arc;

use google_cloud_spanner::channel_pool::{DynamicChannelPoolConfig, StaticChannelPoolConfig};
use google_cloud_spanner::client::{Spanner, SpannerBuilderExt};
use spangate_operations::{self as operations, Dialect, Limits};
use tokio::sync::{Mutex, MutexGuard, OnceCell};
use tokio::time::{Instant, timeout_at};

use super::access::Access;
use super::connection::{Connection, Session};
use crate::admission::Admission;
use crate::metrics::{DatabaseLabel, Metrics};
use crate::refusal::{Reason, Refusal};

/// What all databases share: where the sidecar runs, as whom it speaks to Spanner, where it counts.
pub struct Site {
    pub access: Access,
    pub region: Option<String>,
    pub is_emulator: bool,
    pub metrics: Arc<Metrics>,
}

pub struct Database {
    /// Its key in operations.yaml.
    key: String,
    settings: operations::Database,
    site: Arc<Site>,
    admission: Arc<Admission>,
    spanner: Channels,
    /// Of roles that have a limit of their own.
    spanner_of_roles: HashMap<String, Channels>,
    connections: Mutex<HashMap<Option<String>, Arc<Connection>>>,
    /// The emulator takes one read-write transaction at a time, and on one session concurrent ones destroy each
    /// other: there writers queue here.
    writers: Option<Mutex<()>>,
}

struct Channels {
    most: u32,
    spanner: OnceCell<Spanner>,
}

impl Database {
    pub fn new(key: &str, settings: operations::Database, site: Arc<Site>) -> Self {
        let region = site.region.as_deref();
        let of_region = region.and_then(|region| settings.regions.get(region)?.max_channels);
        let most = settings.max_channels.min(of_region.unwrap_or(u32::MAX));
        let channels = |most| Channels { most, spanner: OnceCell::new() };
        let of_role = |(role, limits): (&String, &Limits)| {
            Some((role.clone(), channels(limits.max_channels?.min(most))))
        };
        Self {
            key: key.to_owned(),
            admission: Admission::new(key, &settings, region, Arc::clone(&site.metrics)),
            spanner: channels(most),
            spanner_of_roles: settings.roles.iter().filter_map(of_role).collect(),
            connections: Mutex::default(),
            writers: site.is_emulator.then(Mutex::default),
            settings,
            site,
        }
    }

    pub fn name(&self) -> &str {
        &self.settings.name
    }

    pub fn dialect(&self) -> Dialect {
        self.settings.dialect
    }

    pub fn settings(&self) -> &operations::Database {
        &self.settings
    }

    pub fn admission(&self) -> &Arc<Admission> {
        &self.admission
    }

    pub(super) async fn session(&self, role: Option<&str>, deadline: Instant) -> Result<Session, Refusal> {
        self.connection(role).await.session(self.spanner(role).await?, deadline).await
    }

    pub(super) async fn renew(
        &self,
        role: Option<&str>,
        lost: &Session,
        deadline: Instant,
    ) -> Result<Session, Refusal> {
        self.connection(role).await.renew(self.spanner(role).await?, lost, deadline).await
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
        let connection = connections.entry(role.clone()).or_insert_with(|| {
            let counted = DatabaseLabel::new(&self.key);
            let metrics = Arc::clone(&self.site.metrics);
            Arc::new(Connection::new(self.name().to_owned(), role, counted, metrics))
        });
        Arc::clone(connection)
    }

    async fn spanner(&self, role: Option<&str>) -> Result<&Spanner, Refusal> {
        let of_role = role.and_then(|role| self.spanner_of_roles.get(role));
        let Channels { most, spanner } = of_role.unwrap_or(&self.spanner);
        spanner.get_or_try_init(|| self.build(*most)).await
    }

    async fn build(&self, most: u32) -> Result<Spanner, Refusal> {
        let builder = self.site.access.spanner();
        let builder = if self.site.is_emulator {
            builder.with_channel_pool(StaticChannelPoolConfig::new(1))
        } else {
            let most = usize::try_from(most).unwrap_or(usize::MAX);
            let first = most.min(4);
            let channels = DynamicChannelPoolConfig::new()
                .with_min_channels(first)
                .with_initial_channels(first)
                .with_max_channels(most);
            builder.with_channel_pool(channels)
        };
        builder.build().await.map_err(|error| {
            tracing::error!(event = "client_failed", database = self.name(), error = %error);
            Refusal::new(Reason::DatabaseUnavailable, "the database cannot be reached")
        })
    }
}
