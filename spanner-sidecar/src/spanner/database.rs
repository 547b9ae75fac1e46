//! A database of operations.yaml: its channels, its connections by role, and the places for calls in it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

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

/// Between one growth of a pool of channels and the next.
const SCALE_UP: Duration = Duration::from_millis(10);

pub struct Database {
    /// Its key in operations.yaml.
    key: String,
    settings: operations::Database,
    site: Arc<Site>,
    admission: Arc<Admission>,
    pools: Pools,
    /// Of roles that have a limit of their own.
    pools_of_roles: HashMap<String, Pools>,
    connections: Mutex<Connections>,
    /// The emulator takes one read-write transaction at a time, and on one session concurrent ones destroy each
    /// other: there writers queue here.
    writers: Option<Mutex<()>>,
}

/// By role, and by what goes over the channels.
type Connections = HashMap<(Option<String>, Flow), Arc<Connection>>;

/// What goes over a channel. The client's windows of flow control are fixed, and three streamed answers whose readers
/// have stopped hold all of a channel's: so they have channels to themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flow {
    Prompt,
    Streamed,
}

struct Pools {
    prompt: Pool,
    /// Absent where there is a single channel: then everything goes over that one.
    streamed: Option<Pool>,
}

/// A client of its own, and how many channels it may have.
struct Pool {
    most: u32,
    spanner: OnceCell<Spanner>,
}

impl Pools {
    /// Half of the channels for each.
    fn new(most: u32) -> Self {
        let pool = |most: u32| Pool { most, spanner: OnceCell::new() };
        Self { prompt: pool(most.div_ceil(2).max(1)), streamed: (most > 1).then(|| pool(most / 2)) }
    }

    fn of(&self, flow: Flow) -> &Pool {
        match flow {
            Flow::Prompt => &self.prompt,
            Flow::Streamed => self.streamed.as_ref().unwrap_or(&self.prompt),
        }
    }
}

impl Database {
    pub fn new(key: &str, settings: operations::Database, site: Arc<Site>) -> Self {
        let region = site.region.as_deref();
        let of_region = region.and_then(|region| settings.regions.get(region)?.max_channels);
        let most = settings.max_channels.min(of_region.unwrap_or(u32::MAX));
        let (others, of_roles) = share(most, &settings.roles);
        Self {
            key: key.to_owned(),
            admission: Admission::new(key, &settings, region, Arc::clone(&site.metrics)),
            pools: Pools::new(others),
            pools_of_roles: of_roles.into_iter().map(|(role, most)| (role, Pools::new(most))).collect(),
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

    pub(super) fn suspect_credentials(&self) {
        self.site.access.suspect_credentials();
    }

    pub(super) async fn session(&self, role: Option<&str>, deadline: Instant) -> Result<Session, Refusal> {
        self.session_for(role, Flow::Prompt, deadline).await
    }

    /// For answers that are as slow as their readers.
    pub(super) async fn streaming_session(
        &self,
        role: Option<&str>,
        deadline: Instant,
    ) -> Result<Session, Refusal> {
        self.session_for(role, Flow::Streamed, deadline).await
    }

    async fn session_for(
        &self,
        role: Option<&str>,
        flow: Flow,
        deadline: Instant,
    ) -> Result<Session, Refusal> {
        let spanner = self.spanner(role, flow, deadline).await?;
        self.connection(role, flow).await.session(spanner, deadline).await
    }

    pub(super) async fn renew(
        &self,
        role: Option<&str>,
        lost: &Session,
        deadline: Instant,
    ) -> Result<Session, Refusal> {
        let spanner = self.spanner(role, lost.flow, deadline).await?;
        self.connection(role, lost.flow).await.renew(spanner, lost, deadline).await
    }

    pub(super) async fn write_turn(&self, deadline: Instant) -> Result<Option<MutexGuard<'_, ()>>, Refusal> {
        let Some(writers) = &self.writers else { return Ok(None) };
        match timeout_at(deadline, writers.lock()).await {
            Ok(turn) => Ok(Some(turn)),
            Err(_) => Err(Refusal::new(Reason::DeadlineExceeded, "other writes took all of the time")),
        }
    }

    async fn connection(&self, role: Option<&str>, flow: Flow) -> Arc<Connection> {
        let role = role.map(str::to_owned);
        let mut connections = self.connections.lock().await;
        let connection = connections.entry((role.clone(), flow)).or_insert_with(|| {
            self.site.access.reaches(self.name(), role.as_deref());
            let counted = DatabaseLabel::new(&self.key);
            let (access, metrics) = (self.site.access.clone(), Arc::clone(&self.site.metrics));
            Arc::new(Connection::new(self.name().to_owned(), role, flow, access, counted, metrics))
        });
        Arc::clone(connection)
    }

    /// To make a client takes the time of whoever is asked about the credentials' home.
    async fn spanner(&self, role: Option<&str>, flow: Flow, deadline: Instant) -> Result<&Spanner, Refusal> {
        let of_role = role.and_then(|role| self.pools_of_roles.get(role));
        let Pool { most, spanner } = of_role.unwrap_or(&self.pools).of(flow);
        let late = |_| Refusal::new(Reason::DatabaseUnavailable, "the database could not be reached in time");
        timeout_at(deadline, spanner.get_or_try_init(|| self.build(*most, flow))).await.map_err(late)?
    }

    async fn build(&self, most: u32, flow: Flow) -> Result<Spanner, Refusal> {
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
            builder.with_channel_pool(match flow {
                Flow::Prompt => channels,
                // Two such answers leave a channel's windows open.
                Flow::Streamed => channels
                    .with_min_rpc_per_channel(1.0)
                    .with_max_rpc_per_channel(2.0)
                    .with_scale_up_cooldown(SCALE_UP),
            })
        };
        builder.build().await.map_err(|error| {
            tracing::error!(event = "client_failed", database = self.name(), error = %error);
            Refusal::new(Reason::DatabaseUnavailable, "the database cannot be reached")
        })
    }
}

/// Of a database's channels, those of each role with a limit of its own, and what is left for all others: one at
/// least, also where the roles' limits are more than there are.
fn share(most: u32, roles: &BTreeMap<String, Limits>) -> (u32, Vec<(String, u32)>) {
    let mut left = most;
    let mut of_roles = Vec::new();
    for (role, limits) in roles {
        let Some(limit) = limits.max_channels else { continue };
        let granted = limit.min(left.saturating_sub(1)).max(1);
        left = left.saturating_sub(granted);
        of_roles.push((role.clone(), granted));
    }
    (left.max(1), of_roles)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(most: u32, limits: &[(&str, u32)]) -> (u32, Vec<u32>) {
        let of = |max_channels| Limits { max_channels: Some(max_channels), max_in_flight: None };
        let roles = limits.iter().map(|(role, limit)| ((*role).to_owned(), of(*limit))).collect();
        let (left, of_roles) = share(most, &roles);
        (left, of_roles.into_iter().map(|(_, limit)| limit).collect())
    }

    #[test]
    fn roles_have_their_channels_of_the_databases() {
        assert_eq!(shared(8, &[]), (8, vec![]));
        assert_eq!(shared(8, &[("a", 2), ("b", 3)]), (3, vec![2, 3]));
        assert_eq!(shared(8, &[("a", 100)]), (1, vec![7]));
        assert_eq!(shared(2, &[("a", 1), ("b", 1)]), (1, vec![1, 1]));
    }

    #[test]
    fn channels_are_halved_and_a_single_one_is_shared() {
        let halves = |most| {
            let pools = Pools::new(most);
            (pools.prompt.most, pools.streamed.map(|pool| pool.most))
        };
        assert_eq!(halves(1), (1, None));
        assert_eq!(halves(2), (1, Some(1)));
        assert_eq!(halves(5), (3, Some(2)));
    }
}
