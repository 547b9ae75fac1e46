//! Keys of issuers, fetched once for the whole process. Only root contexts call out: a callout from a call's own
//! context would get no answer once that client has left. A call that needs keys puts a note on its own VM's
//! queue and waits; a root fetches under a lease, stores what came in shared data, and puts a note on every
//! VM's queue; each root then takes the keys over and wakes its own waiters.

mod fetch;
mod peers;

use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;
use proxy_wasm::types::LogLevel;
use spangate_policy::token::{Issuer, KeyEndpoint, KeySet, KeySource, MAX_KEY_SET_BYTES};

use crate::host::{self, Buffer, Map};
use fetch::FetchState;
pub use peers::Peers;

/// How long an issuer may take to answer.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);

/// Most calls of one VM that wait for keys at the same time: each holds its connection and its headers.
pub const MAX_WAITING: usize = 1024;

/// Keys of every issuer of one policy, as one worker knows them.
pub struct KeyStore {
    issuers: Vec<IssuerKeys>,
    peers: Peers,
    /// Which issuer each fetch under way is for.
    fetches: HashMap<u32, usize>,
}

enum IssuerKeys {
    Inline(Arc<KeySet>),
    Fetched(Remote),
}

struct Remote {
    endpoint: KeyEndpoint,
    /// Names of the shared values: the keys, and who fetches them.
    keys_name: String,
    fetch_name: String,
    set: Option<Arc<KeySet>>,
    /// Version of the shared value that `set` was read from.
    version: u32,
    /// When those keys were fetched, in nanoseconds since 1970.
    fetched: u64,
}

impl KeyStore {
    pub fn new(issuers: &[Issuer], peers: Peers) -> Self {
        let issuers = issuers
            .iter()
            .map(|issuer| match &issuer.keys {
                KeySource::Inline(set) => IssuerKeys::Inline(set.clone()),
                KeySource::Fetched(endpoint) => IssuerKeys::Fetched(Remote::new(issuer, endpoint.clone())),
            })
            .collect();
        Self { issuers, peers, fetches: HashMap::new() }
    }

    pub fn set(&self, issuer: usize, wall: u64) -> Option<Arc<KeySet>> {
        match self.issuers.get(issuer)? {
            IssuerKeys::Inline(set) => Some(set.clone()),
            IssuerKeys::Fetched(remote) => remote.set.clone().filter(|_| !remote.too_old(wall)),
        }
    }

    pub fn peers(&self) -> &Peers {
        &self.peers
    }

    pub fn keep_alive(&mut self, monotonic: u64) {
        self.peers.keep_alive(monotonic);
    }

    /// Takes over keys that any worker has fetched, and tells whether there were other ones.
    pub fn refresh(&mut self) -> bool {
        let mut changed = false;
        for remote in self.remotes() {
            changed |= remote.take_over();
        }
        changed
    }

    /// Fetches what is missing or due. To be called by a root context now and then.
    pub fn fetch_due(&mut self, monotonic: u64, wall: u64) {
        let due: Vec<usize> = self
            .issuers
            .iter()
            .enumerate()
            .filter(|(_, keys)| matches!(keys, IssuerKeys::Fetched(remote) if remote.due(wall)))
            .map(|(index, _)| index)
            .collect();
        for issuer in due {
            self.fetch(issuer, monotonic, false);
        }
    }

    pub fn is_fetching(&self, issuer: usize, monotonic: u64) -> bool {
        match self.issuers.get(issuer) {
            Some(IssuerKeys::Fetched(remote)) => remote.fetch_state().0.under_way(monotonic),
            Some(IssuerKeys::Inline(_)) | None => false,
        }
    }

    /// Whether waiting for this issuer's keys makes sense: somebody fetches them, or may.
    pub fn may_wait(&self, issuer: usize, monotonic: u64) -> bool {
        match self.issuers.get(issuer) {
            Some(IssuerKeys::Fetched(remote)) => {
                let state = remote.fetch_state().0;
                state.under_way(monotonic) || state.may_begin(monotonic, remote.set.is_some())
            }
            Some(IssuerKeys::Inline(_)) | None => false,
        }
    }

    /// Begins a fetch, unless one is under way or it is too early for another. To be called by a root context.
    /// `asked` says that a call wants keys beyond those that are there.
    pub fn fetch(&mut self, issuer: usize, monotonic: u64, asked: bool) {
        let Some(IssuerKeys::Fetched(remote)) = self.issuers.get(issuer) else { return };
        let (state, version) = remote.fetch_state();
        // Without any keys a fetch is due anyway, whoever asks.
        let asked = asked && remote.set.is_some();
        if state.under_way(monotonic) || !state.may_begin(monotonic, asked) {
            return;
        }
        let begun = state.begin(monotonic, asked);
        if host::swap_shared(&remote.fetch_name, &begun.encode(), version) != Ok(true) {
            return;
        }
        let KeyEndpoint { cluster, url, .. } = &remote.endpoint;
        match host::fetch(cluster, url.scheme, &url.authority, &url.path, FETCH_TIMEOUT) {
            Ok(token) => {
                self.fetches.insert(token, issuer);
            }
            Err(_) => self.fetched(issuer, Err("the cluster cannot be called".to_owned()), monotonic, 0),
        }
    }

    /// Takes the answer to a fetch.
    pub fn answered(&mut self, token: u32, body_size: usize, monotonic: u64, wall: u64) {
        if let Some(issuer) = self.fetches.remove(&token) {
            self.fetched(issuer, answer(body_size), monotonic, wall);
        }
    }

    fn fetched(&mut self, issuer: usize, outcome: Result<String, String>, monotonic: u64, wall: u64) {
        let Some(IssuerKeys::Fetched(remote)) = self.issuers.get_mut(issuer) else { return };
        let (state, version) = remote.fetch_state();
        let ended = match outcome {
            Ok(keys) => {
                let mut value = wall.to_le_bytes().to_vec();
                value.extend_from_slice(keys.as_bytes());
                // The lease is ours, so nobody else writes; whoever does after it has expired has newer keys.
                let _ = host::swap_shared(&remote.keys_name, &value, 0);
                state.succeeded()
            }
            Err(fault) => {
                if state.failures() == 0 {
                    let url = &remote.endpoint.url;
                    host::log(
                        LogLevel::Warn,
                        &format!("spangate: keys of {url} could not be fetched: {fault}"),
                    );
                }
                state.failed(monotonic)
            }
        };
        let _ = host::swap_shared(&remote.fetch_name, &ended.encode(), version);
        self.peers.notify();
    }

    fn remotes(&mut self) -> impl Iterator<Item = &mut Remote> {
        self.issuers.iter_mut().filter_map(|keys| match keys {
            IssuerKeys::Fetched(remote) => Some(remote),
            IssuerKeys::Inline(_) => None,
        })
    }
}

impl Remote {
    /// Keys outlive a policy, but are never those of another issuer, cluster or URL.
    fn new(issuer: &Issuer, endpoint: KeyEndpoint) -> Self {
        let (of, url) = (issuer.url.to_string(), endpoint.url.to_string());
        let identity = [of.as_bytes(), endpoint.cluster.as_bytes(), url.as_bytes()];
        let key = spangate_limits::Key::digest(b"spangate/jwks", &identity);
        let name = key.to_hex();
        Self {
            endpoint,
            keys_name: format!("spangate/jwks/1/{name}"),
            fetch_name: format!("spangate/jwks-fetch/1/{name}"),
            set: None,
            version: 0,
            fetched: 0,
        }
    }

    fn take_over(&mut self) -> bool {
        let (Some(value), version) = host::shared(&self.keys_name) else { return false };
        if version == self.version {
            return false;
        }
        let Some((fetched, keys)) = value.split_first_chunk() else { return false };
        let Some(set) = std::str::from_utf8(keys).ok().and_then(|keys| KeySet::parse(keys).ok()) else {
            return false;
        };
        self.version = version;
        self.fetched = u64::from_le_bytes(*fetched);
        let changed = self.set.as_deref() != Some(&set);
        self.set = Some(Arc::new(set));
        changed
    }

    fn due(&self, wall: u64) -> bool {
        self.set.is_none() || self.age(wall) >= self.endpoint.refresh.as_std()
    }

    fn too_old(&self, wall: u64) -> bool {
        self.age(wall) > self.endpoint.serve_stale.as_std()
    }

    fn age(&self, wall: u64) -> Duration {
        Duration::from_nanos(wall.saturating_sub(self.fetched))
    }

    fn fetch_state(&self) -> (FetchState, u32) {
        let (bytes, version) = host::shared(&self.fetch_name);
        (bytes.map_or_else(FetchState::default, |bytes| FetchState::decode(&bytes)), version)
    }
}

/// The key set of an answer that has come, or why it is none.
fn answer(body_size: usize) -> Result<String, String> {
    let headers = host::header_map(Map::CallResponseHeaders).map_err(|_| "there was no answer")?;
    match headers.text(":status") {
        Some("200") => {}
        Some(status) => return Err(format!("the issuer answered with status {status}")),
        None => return Err("the issuer did not answer in time".to_owned()),
    }
    if body_size > MAX_KEY_SET_BYTES {
        return Err(format!("the key set has more than {MAX_KEY_SET_BYTES} bytes"));
    }
    let body = host::buffer(Buffer::CallResponseBody, body_size).map_err(|_| "the answer has no body")?;
    let body = String::from_utf8(body).map_err(|_| "the key set is no UTF-8")?;
    KeySet::parse(&body)?;
    Ok(body)
}
