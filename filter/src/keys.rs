//! Keys of issuers, fetched once for the whole process. Only root contexts call out: a callout from a call's own
//! context would get no answer once that client has left. A call that needs keys puts a note on its own VM's
//! queue and waits; a root fetches under a lease, stores what came in shared data, and puts a note on every
//! VM's queue; each root then takes the keys over and wakes its own waiters.

mod answer;
mod fetch;
mod peers;
mod refused;
mod remote;
#[cfg(test)]
mod tests;
mod waiting;

use std::sync::Arc;

use spangate_policy::token::{Issuer, KeySet, KeySource, Verified};

pub use peers::Peers;
pub use refused::Refused;
use remote::{Remote, Step};
use waiting::Waiting;

/// Keys of every issuer of one policy, as one worker knows them.
pub struct KeyStore {
    issuers: Vec<IssuerKeys>,
    peers: Peers,
    fetches: Vec<Fetch>,
    waiting: Vec<Waiting>,
}

enum IssuerKeys {
    Inline(Arc<KeySet>),
    Fetched(Box<Remote>),
}

/// A request under way.
struct Fetch {
    token: u32,
    issuer: usize,
    /// Of two, where one tells where the keys are.
    is_first: bool,
}

impl KeyStore {
    pub fn new(issuers: &[Issuer], peers: Peers) -> Self {
        let issuers = issuers
            .iter()
            .map(|issuer| match &issuer.keys {
                KeySource::Inline(set) => IssuerKeys::Inline(set.clone()),
                KeySource::Fetched(endpoint) => {
                    IssuerKeys::Fetched(Box::new(Remote::new(issuer, endpoint.clone())))
                }
            })
            .collect();
        Self { issuers, peers, fetches: Vec::new(), waiting: Vec::new() }
    }

    pub fn set(&self, issuer: usize) -> Option<&Arc<KeySet>> {
        match self.issuers.get(issuer)? {
            IssuerKeys::Inline(set) => Some(set),
            IssuerKeys::Fetched(remote) => remote.set.as_ref(),
        }
    }

    /// Whether the key that verified a token still is one of its issuer's.
    pub fn stand_by(&self, token: &Verified) -> bool {
        self.set(token.issuer()).is_some_and(|set| set.contains(token.key()))
    }

    pub fn peers(&self) -> &Peers {
        &self.peers
    }

    pub fn keep_alive(&mut self, monotonic: u64) {
        self.peers.keep_alive(monotonic);
    }

    /// Takes over keys that any worker has fetched, and tells whether there are other ones.
    pub fn refresh(&mut self, wall: u64) -> bool {
        let mut changed = false;
        for keys in &mut self.issuers {
            if let IssuerKeys::Fetched(remote) = keys {
                changed |= remote.take_over(wall);
            }
        }
        changed
    }

    /// Fetches what is missing or due. To be called by a root context now and then.
    pub fn fetch_due(&mut self, monotonic: u64, wall: u64) {
        for issuer in 0..self.issuers.len() {
            if self.remote(issuer).is_some_and(|remote| remote.is_due(wall)) {
                self.fetch(issuer, monotonic, false);
            }
        }
    }

    /// Begins a fetch, unless one is under way or it is too early for another. To be called by a root context.
    fn fetch(&mut self, issuer: usize, monotonic: u64, asked: bool) {
        if let Some(token) = self.remote(issuer).and_then(|remote| remote.begin(monotonic, asked)) {
            self.fetches.push(Fetch { token, issuer, is_first: true });
        }
    }

    /// Takes the answer to a request.
    pub fn answered(&mut self, token: u32, body_size: usize, monotonic: u64, wall: u64) {
        let Some(index) = self.fetches.iter().position(|fetch| fetch.token == token) else { return };
        let Fetch { issuer, is_first, .. } = self.fetches.swap_remove(index);
        let Some(remote) = self.remote(issuer) else { return };
        match remote.answered(answer::read(body_size), is_first, monotonic, wall) {
            Step::Next(token) => self.fetches.push(Fetch { token, issuer, is_first: false }),
            Step::Ended => self.peers.notify(),
        }
    }

    fn remote(&self, issuer: usize) -> Option<&Remote> {
        match self.issuers.get(issuer)? {
            IssuerKeys::Fetched(remote) => Some(remote),
            IssuerKeys::Inline(_) => None,
        }
    }
}
