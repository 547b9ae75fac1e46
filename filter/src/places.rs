//! Calls in flight over all workers of a proxy. Each VM counts its own in the process's shared data, under the name
//! by which the others know it to be alive: what a VM that trapped has left behind goes with it.

use spangate_limits::Key;
use spangate_limits::concurrency::{self, Entry};
use spangate_limits::slot::Corrupt;

use crate::keys::Peers;
use crate::shared;

/// How many slots the counts are spread over. Shared data is never freed, so this bounds it.
const SLOTS: u32 = 2048;

#[derive(Default)]
pub struct Places {
    /// Places that could not be given back yet.
    owed: Vec<Key>,
}

impl Places {
    pub fn enter(&self, rule: &[u8], account: &[u8], limit: u32, peers: &Peers) -> Entry {
        let key = Key::digest(rule, &[account]);
        let incarnation = peers.incarnation();
        let is_alive = |other| peers.is_alive(other);
        shared::swap(&slot(&key), |bytes| concurrency::enter(bytes, &key, limit, incarnation, is_alive))
            .unwrap_or(Entry::Unavailable)
    }

    pub fn leave(&mut self, rule: &[u8], account: &[u8], peers: &Peers) {
        self.owed.push(Key::digest(rule, &[account]));
        self.settle(peers);
    }

    /// Gives back what calls have left and could not give back at once: a place that is never given back would be
    /// lost for as long as this VM lives.
    pub fn settle(&mut self, peers: &Peers) {
        let incarnation = peers.incarnation();
        self.owed.retain(|key| {
            let leave =
                |bytes: Option<&[u8]>| Ok::<_, Corrupt>((concurrency::leave(bytes, key, incarnation)?, ()));
            shared::swap(&slot(key), leave).is_none()
        });
    }
}

fn slot(key: &Key) -> String {
    format!("spangate/places/{}/{}", concurrency::VERSION, key.slot(SLOTS))
}
