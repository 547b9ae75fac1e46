//! Calls of this VM that wait for an issuer's keys.

use super::KeyStore;

/// Most of them at the same time: each holds its connection and its headers. With the longest wait below this carries a
/// worker through a change of keys at more than 2,000 calls a second.
const MAX_WAITING: usize = 8192;

/// Longest wait, in nanoseconds: the next fetch that calls may cause is always sooner.
const LONGEST_WAIT: u64 = 10_000_000_000;

pub(super) struct Waiting {
    context: u32,
    issuer: usize,
    /// When the call came.
    since: u64,
    /// Of the keys that it was decided with.
    version: u32,
}

impl KeyStore {
    /// Lets a call wait that came at `since`, if there is anything to wait for.
    pub fn wait(&mut self, issuer: usize, context: u32, since: u64, now: u64) -> bool {
        let Some(remote) = self.remote(issuer) else { return false };
        let (state, _) = remote.fetch_state();
        let end = since.saturating_add(LONGEST_WAIT);
        let hopeless = match remote.set {
            Some(_) => state.has_failed(since, end),
            // A failure a moment ago is as good as one now.
            None => !state.under_way(now) && state.has_failed(u64::MAX, now),
        };
        if hopeless || now >= end || self.waiting.len() >= MAX_WAITING {
            return false;
        }
        let version = remote.version;
        self.waiting.push(Waiting { context, issuer, since, version });
        self.peers.wake_own_root();
        true
    }

    /// Whether the fetch of the keys that this worker has began after `since`.
    pub fn are_as_new_as(&self, issuer: usize, since: u64) -> bool {
        self.remote(issuer).is_some_and(|remote| remote.begun > since)
    }

    /// Sees to it that keys are fetched which calls wait for, and gives the calls whose wait has an end: there are newer
    /// keys, or none could be had. To be called by a root context.
    pub fn attend(&mut self, now: u64) -> Vec<u32> {
        let mut over = Vec::new();
        for issuer in 0..self.issuers.len() {
            if !self.waiting.iter().any(|call| call.issuer == issuer) {
                continue;
            }
            let Some(remote) = self.remote(issuer) else { continue };
            let (version, (state, _)) = (remote.version, remote.fetch_state());
            let is_over = |call: &mut Waiting| {
                let end = call.since.saturating_add(LONGEST_WAIT);
                call.issuer == issuer
                    && (call.version != version || now >= end || state.has_failed(call.since, end))
            };
            over.extend(self.waiting.extract_if(.., is_over).map(|call| call.context));
            if self.waiting.iter().any(|call| call.issuer == issuer) {
                self.fetch(issuer, now, true);
            }
        }
        over
    }
}
