//! The keys of one issuer that fetches go out for, as one worker knows them, and their places in shared data.

use std::sync::Arc;
use std::time::Duration;

use spangate_policy::token::{HttpUrl, Issuer, IssuerUrl, KeyEndpoint, KeySet, jwks_url};

use super::answer::{Answer, ask, keep_for};
use super::fetch::FetchState;
use crate::host::{self, Counter, LogLevel};

pub(super) struct Remote {
    issuer: IssuerUrl,
    endpoint: KeyEndpoint,
    /// Names of the shared values: the keys, and who fetches them.
    keys_name: String,
    fetch_name: String,
    pub set: Option<Arc<KeySet>>,
    /// Version of the shared value that `set` was read from.
    pub version: u32,
    /// When the fetch of those keys began, by the clock that all workers share: what was published later may not be
    /// among them.
    pub begun: u64,
    /// When they came, and until when they need not be fetched again, in nanoseconds since 1970.
    fetched: u64,
    due: u64,
    successes: Option<Counter>,
    failures: Option<Counter>,
}

/// What a fetch has come to.
pub(super) enum Step {
    /// It goes on with another request, whose answer comes under this token.
    Next(u32),
    Ended,
}

impl Remote {
    /// Keys outlive a policy, but are never those of another issuer, cluster or URL.
    pub fn new(issuer: &Issuer, endpoint: KeyEndpoint) -> Self {
        let (of, url) = (issuer.url.to_string(), endpoint.url.to_string());
        let kind: &[u8] = if endpoint.discovery { b"discovery" } else { b"jwks" };
        let identity = [of.as_bytes(), endpoint.cluster.as_bytes(), url.as_bytes(), kind];
        let name = spangate_limits::Key::digest(b"spangate/jwks", &identity).to_hex();
        // Counted at once, unlike calls: fetches are few. Zeros are there from the beginning, to be watched.
        let counter = |what: &str| host::counter(&["spangate_keys_", what, "_", &issuer.name].concat());
        Self {
            issuer: issuer.url.clone(),
            endpoint,
            keys_name: format!("spangate/jwks/2/{name}"),
            fetch_name: format!("spangate/jwks-fetch/2/{name}"),
            set: None,
            version: 0,
            begun: 0,
            fetched: 0,
            due: 0,
            successes: counter("fetched"),
            failures: counter("failed"),
        }
    }

    /// Takes over keys that any worker has fetched, drops those that are too old, and tells whether there are other
    /// ones now.
    pub fn take_over(&mut self, wall: u64) -> bool {
        let taken = self.take();
        let too_old = nanoseconds(self.endpoint.serve_stale.as_std()) < wall.saturating_sub(self.fetched);
        taken | (too_old && self.set.take().is_some())
    }

    fn take(&mut self) -> bool {
        let (Some(value), version) = host::shared(&self.keys_name) else { return false };
        if version == self.version {
            return false;
        }
        let Some(([begun, fetched, due], keys)) = stored(&value) else { return false };
        let Ok(set) = KeySet::parse(keys) else { return false };
        (self.version, self.begun, self.fetched, self.due) = (version, begun, fetched, due);
        let changed = self.set.as_deref() != Some(&set);
        self.set = Some(Arc::new(set));
        changed
    }

    pub fn is_due(&self, wall: u64) -> bool {
        self.set.is_none() || wall >= self.due
    }

    pub fn fetch_state(&self) -> (FetchState, u32) {
        let (bytes, version) = host::shared(&self.fetch_name);
        (bytes.map_or_else(FetchState::default, |bytes| FetchState::decode(&bytes)), version)
    }

    /// Begins a fetch, if this worker is the one that may: its answer comes under that token. `asked` says that a call
    /// wants keys beyond those that are there.
    pub fn begin(&self, monotonic: u64, asked: bool) -> Option<u32> {
        let (state, version) = self.fetch_state();
        // Without any keys a fetch is due anyway, whoever asks.
        let asked = asked && self.set.is_some();
        if !state.may_begin(monotonic, asked) {
            return None;
        }
        let begun = state.begin(monotonic, asked).encode();
        if host::swap_shared(&self.fetch_name, &begun, version) != Ok(true) {
            return None;
        }
        match ask(&self.endpoint.cluster, &self.endpoint.url) {
            Ok(token) => Some(token),
            Err(fault) => {
                self.failed(&fault, monotonic);
                None
            }
        }
    }

    /// Takes an answer. Of a discovery the first one tells where the keys are.
    pub fn answered(
        &self,
        answer: Result<Answer, String>,
        is_first: bool,
        monotonic: u64,
        wall: u64,
    ) -> Step {
        let outcome = answer.and_then(|answer| {
            if is_first && self.endpoint.discovery {
                let url: HttpUrl = jwks_url(&answer.body, &self.issuer, &self.endpoint.url)?;
                return ask(&self.endpoint.cluster, &url).map(Step::Next);
            }
            KeySet::parse(&answer.body)?;
            self.store(&answer, wall);
            Ok(Step::Ended)
        });
        outcome.unwrap_or_else(|fault| {
            self.failed(&fault, monotonic);
            Step::Ended
        })
    }

    fn store(&self, answer: &Answer, wall: u64) {
        count(self.successes);
        let kept = nanoseconds(keep_for(answer.max_age, self.endpoint.refresh.as_std()));
        // Up to an eighth sooner: proxies that began together need not come back together.
        let sooner = (kept >> 11).saturating_mul(wall >> 10 & 0xff);
        let due = wall.saturating_add(kept).saturating_sub(sooner);
        let (state, version) = self.fetch_state();
        let times = [state.begun(), wall, due].map(u64::to_le_bytes);
        let value = [times.as_flattened(), answer.body.as_bytes()].concat();
        // The lease is ours, so nobody else writes; whoever does after it has expired has newer keys.
        let _ = host::swap_shared(&self.keys_name, &value, 0);
        if state.failures() > 0 {
            self.log(LogLevel::Info, "are there again");
        }
        let _ = host::swap_shared(&self.fetch_name, &state.succeed().encode(), version);
    }

    /// Counted each time, told once: an outage may last.
    fn failed(&self, fault: &str, monotonic: u64) {
        count(self.failures);
        let (state, version) = self.fetch_state();
        if state.failures() == 0 {
            self.log(LogLevel::Warn, &["could not be fetched: ", fault].concat());
        }
        let _ = host::swap_shared(&self.fetch_name, &state.fail(monotonic).encode(), version);
    }

    fn log(&self, level: LogLevel, what: &str) {
        host::log(level, &format!("spangate: keys of {} {what}", self.endpoint.url));
    }
}

fn count(counter: Option<Counter>) {
    if let Some(counter) = counter {
        host::count(counter, 1);
    }
}

/// A stored value: three instants, and the keys as they came.
fn stored(value: &[u8]) -> Option<([u64; 3], &str)> {
    let (times, keys) = value.split_at_checked(24)?;
    let times = times.as_chunks().0.first_chunk()?.map(u64::from_le_bytes);
    Some((times, std::str::from_utf8(keys).ok()?))
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
