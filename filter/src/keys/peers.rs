//! The other VMs of the process: each has a queue, and a list in shared data says which are alive.

use crate::host;

const NAME: &str = "spangate/peers/1";

/// A VM that has not said for so long that it is there is gone; nanoseconds.
const LIFETIME: u64 = 30_000_000_000;

/// How often it says so.
const HEARTBEAT: u64 = 5_000_000_000;

/// More than these are never listed.
const MAX_PEERS: usize = 4096;

/// This VM's queue and those it has seen in the list.
pub struct Peers {
    queue: u32,
    seen: Vec<Peer>,
    last_beat: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Peer {
    queue: u32,
    alive: u64,
}

impl Peers {
    /// `name` is one that no other VM has. `None` where the host has no queues.
    pub fn join(name: &str, now: u64) -> Option<Self> {
        let queue = host::register_queue(&format!("spangate/queue/{name}"))?;
        let mut peers = Self { queue, seen: Vec::new(), last_beat: 0 };
        peers.beat(now);
        Some(peers)
    }

    /// What this VM's share of shared data goes by: no other VM of the process has it, before or after.
    pub fn incarnation(&self) -> u64 {
        self.queue.into()
    }

    /// Whether that VM still says that it is there. One that this VM has not seen yet may have come since.
    pub fn is_alive(&self, incarnation: u64) -> bool {
        let is_it = |peer: &Peer| u64::from(peer.queue) == incarnation;
        self.seen.iter().any(is_it) || listed().iter().any(is_it)
    }

    /// How many VMs are alive, this one included.
    pub fn count(&self) -> u64 {
        u64::try_from(self.seen.len()).unwrap_or(1).max(1)
    }

    /// Says that this VM is there, now and then, and drops from the list those that no longer do.
    pub fn keep_alive(&mut self, now: u64) {
        if now.saturating_sub(self.last_beat) >= HEARTBEAT {
            self.beat(now);
        }
    }

    fn beat(&mut self, now: u64) {
        for _ in 0..16 {
            let (bytes, version) = host::shared(NAME);
            let mut list = decode(&bytes.unwrap_or_default());
            list.retain(|peer| peer.queue != self.queue && now.saturating_sub(peer.alive) < LIFETIME);
            list.truncate(MAX_PEERS);
            list.push(Peer { queue: self.queue, alive: now });
            if host::swap_shared(NAME, &encode(&list), version) == Ok(true) {
                self.seen = list;
                self.last_beat = now;
                return;
            }
        }
    }

    /// Wakes this VM's root.
    pub fn wake_own_root(&self) {
        // Without its note the root wakes with its next tick.
        let _ = host::enqueue(self.queue, b"need");
    }

    /// Tells every VM that there is something new in shared data.
    pub fn notify(&self) {
        for peer in listed() {
            // A VM that is gone meanwhile needs no note.
            let _ = host::enqueue(peer.queue, b"keys");
        }
    }

    pub fn drain(&self) {
        while host::dequeue(self.queue).is_some() {}
    }
}

fn listed() -> Vec<Peer> {
    host::shared(NAME).0.map(|bytes| decode(&bytes)).unwrap_or_default()
}

fn encode(peers: &[Peer]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(peers.len().saturating_mul(12));
    for peer in peers {
        bytes.extend_from_slice(&peer.queue.to_le_bytes());
        bytes.extend_from_slice(&peer.alive.to_le_bytes());
    }
    bytes
}

fn decode(bytes: &[u8]) -> Vec<Peer> {
    let (entries, _) = bytes.as_chunks::<12>();
    entries
        .iter()
        .filter_map(|entry| {
            let (queue, alive) = entry.split_first_chunk()?;
            let (alive, _) = alive.split_first_chunk()?;
            Some(Peer { queue: u32::from_le_bytes(*queue), alive: u64::from_le_bytes(*alive) })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_survives_shared_data() {
        let peers = [Peer { queue: 7, alive: u64::MAX }, Peer { queue: u32::MAX, alive: 0 }];
        assert_eq!(decode(&encode(&peers)), peers);
        assert_eq!(decode(&[0; 11]), []);
    }
}
