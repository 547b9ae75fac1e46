//! Rate limits over all workers of a proxy: permits are leased from cells in the process's shared data, so that
//! a call that a lease pays for touches no shared memory.

use foldhash::SharedSeed;
use foldhash::fast::SeedableRandomState;
use hashbrown::HashMap;
use spangate_limits::{Grant, Key, Lease, Outcome, Take, slot};
use spangate_policy::RateLimit;

use crate::host;

/// How many slots the cells are spread over. Shared data is never freed, so this bounds it.
const SLOTS: u32 = 8192;

/// Most accounts a worker keeps leases of; beyond that every call draws on the cell itself.
const MAX_LEASES: usize = 65_536;

/// Most times a swap is tried again because another worker was quicker.
const MAX_ATTEMPTS: usize = 64;

pub struct Permits {
    /// By rule and account.
    leases: HashMap<Box<[u8]>, (Key, Lease), SeedableRandomState>,
    scratch: Vec<u8>,
    workers: u64,
}

impl Permits {
    /// `seed` is random.
    pub fn new(seed: u64) -> Self {
        let hasher = SeedableRandomState::with_seed(seed, SharedSeed::global_fixed());
        Self { leases: HashMap::with_hasher(hasher), scratch: Vec::new(), workers: 1 }
    }

    /// How many VMs share the limits. It decides how large blocks are, and nothing about whether limits hold.
    pub fn set_workers(&mut self, workers: u64) {
        self.workers = workers;
    }

    /// Draws one permit. `now` is of the clock that all workers share.
    pub fn draw(&mut self, limit: &RateLimit, account: &[u8], now: u64) -> Outcome {
        self.scratch.clear();
        self.scratch.extend_from_slice(&limit.rule);
        self.scratch.push(0);
        self.scratch.extend_from_slice(account);
        if let Some((_, lease)) = self.leases.get_mut(&self.scratch[..]) {
            if lease.spend(now, 1) {
                let standing = lease.standing();
                return Outcome::Granted(Grant { permits: 0, generation: 0, standing });
            }
        } else {
            self.make_room(now);
        }
        let known = self.leases.get(&self.scratch[..]).copied();
        let (key, mut lease) =
            known.unwrap_or_else(|| (Key::digest(&limit.rule, &[account]), Lease::default()));
        let mut take = lease.ask(&limit.limit, now, 1, self.workers);
        if known.is_none() && self.leases.len() >= MAX_LEASES {
            take.block = 1;
        }
        let outcome = swap(&key, limit, now, &take);
        lease.accept(now, &take, &outcome);
        if known.is_some() || self.leases.len() < MAX_LEASES {
            self.leases.insert(self.scratch.as_slice().into(), (key, lease));
        }
        outcome
    }

    /// Forgets leases that hold nothing, once there are many.
    fn make_room(&mut self, now: u64) {
        if self.leases.len() >= MAX_LEASES {
            self.leases.retain(|_, (_, lease)| !lease.is_idle(now));
        }
    }
}

/// Draws on the cell in shared data, again whenever another worker was quicker.
fn swap(key: &Key, limit: &RateLimit, now: u64, take: &Take) -> Outcome {
    let name = format!("spangate/limits/{}/{}", slot::VERSION, key.slot(SLOTS));
    for _ in 0..MAX_ATTEMPTS {
        let (bytes, version) = match host::shared(&name) {
            // A version that no entry has makes the swap a create-if-absent.
            None => (None, u32::MAX),
            Some((bytes, version)) => (Some(bytes), version),
        };
        let Ok((changed, outcome)) = slot::take(bytes.as_deref(), key, &limit.limit, now, take) else {
            return Outcome::Unavailable;
        };
        let Some(changed) = changed else { return outcome };
        match host::swap_shared(&name, &changed, version) {
            Ok(true) => return outcome,
            Ok(false) => {}
            Err(_) => return Outcome::Unavailable,
        }
    }
    Outcome::Unavailable
}
