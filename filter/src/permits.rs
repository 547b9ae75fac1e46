//! Rate limits over all workers of a proxy: permits are leased from cells in the process's shared data, so that
//! a call that a lease pays for touches no shared memory.

use foldhash::SharedSeed;
use foldhash::fast::SeedableRandomState;
use hashbrown::HashMap;
use spangate_limits::{Grant, Key, Lease, Limit, Outcome, Take, slot};
use spangate_policy::RateLimit;

use crate::host;

/// How many slots the cells are spread over. Shared data is never freed, so this bounds it.
const SLOTS: u32 = 8192;

/// Most accounts of which a worker holds permits; beyond that every call draws on the cell itself.
const MAX_ACCOUNTS: usize = 65_536;

/// Most times a swap is tried again because another worker was quicker.
const MAX_ATTEMPTS: usize = 64;

pub struct Permits {
    /// By rule and account.
    accounts: HashMap<Box<[u8]>, Account, SeedableRandomState>,
    scratch: Vec<u8>,
    workers: u64,
}

/// What this worker holds of one account.
#[derive(Clone, Copy)]
struct Account {
    key: Key,
    limit: Limit,
    lease: Lease,
}

impl Permits {
    /// `seed` is random.
    pub fn new(seed: u64) -> Self {
        let hasher = SeedableRandomState::with_seed(seed, SharedSeed::global_fixed());
        Self { accounts: HashMap::with_hasher(hasher), scratch: Vec::new(), workers: 1 }
    }

    /// Draws one permit. `now` is of the clock that all workers share.
    pub fn draw(&mut self, rule: &RateLimit, account: &[u8], now: u64) -> Outcome {
        self.scratch.clear();
        self.scratch.extend_from_slice(&rule.rule);
        self.scratch.push(0);
        self.scratch.extend_from_slice(account);
        if let Some(known) = self.accounts.get_mut(self.scratch.as_slice()) {
            if known.lease.spend(now, 1) {
                return Outcome::Granted(Grant {
                    permits: 0,
                    generation: 0,
                    standing: known.lease.standing(),
                });
            }
            let take = known.lease.ask(&rule.limit, now, 1, self.workers);
            return known.take(now, &take);
        }
        let key = Key::digest(&rule.rule, &[account]);
        let mut new = Account { key, limit: rule.limit, lease: Lease::default() };
        let mut take = new.lease.ask(&rule.limit, now, 1, self.workers);
        let room = self.has_room(now);
        if !room {
            // Nothing may be held for an account that is not remembered.
            take.block = 1;
        }
        let outcome = new.take(now, &take);
        if room {
            self.accounts.insert(self.scratch.as_slice().into(), new);
        }
        outcome
    }

    /// Hands back what is about to expire unspent. `workers` is how many VMs share the limits: it decides how
    /// large blocks are, and nothing about whether limits hold.
    pub fn tick(&mut self, now: u64, workers: u64) {
        self.workers = workers;
        for account in self.accounts.values_mut() {
            if let Some(surrender) = account.lease.surrender(now) {
                account.take(now, &surrender);
            }
        }
    }

    fn has_room(&mut self, now: u64) -> bool {
        if self.accounts.len() >= MAX_ACCOUNTS {
            self.accounts.retain(|_, account| !account.lease.is_idle(now));
        }
        self.accounts.len() < MAX_ACCOUNTS
    }
}

impl Account {
    /// Draws on the cell in shared data, again whenever another worker was quicker.
    fn take(&mut self, now: u64, take: &Take) -> Outcome {
        let name = format!("spangate/limits/{}/{}", slot::VERSION, self.key.slot(SLOTS));
        for _ in 0..MAX_ATTEMPTS {
            let (bytes, version) = host::shared(&name);
            let Ok((changed, outcome)) = slot::take(bytes.as_deref(), &self.key, &self.limit, now, take)
            else {
                return Outcome::Unavailable;
            };
            let stored = changed.map_or(Ok(true), |bytes| host::swap_shared(&name, &bytes, version));
            match stored {
                Ok(true) => {
                    self.lease.accept(now, take, &outcome);
                    return outcome;
                }
                Ok(false) => {}
                Err(_) => return Outcome::Unavailable,
            }
        }
        Outcome::Unavailable
    }
}
