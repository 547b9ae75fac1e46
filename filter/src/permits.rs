//! Rate limits over all workers of a proxy: permits are leased from cells in the process's shared data, so that
//! a call that a lease pays for touches no shared memory.

use foldhash::SharedSeed;
use foldhash::fast::SeedableRandomState;
use hashbrown::HashMap;
use spangate_limits::{Grant, Hold, Key, Lease, Limit, Outcome, Take, slot};
use spangate_policy::Tier;

use crate::shared;

/// How many slots the cells are spread over. Shared data is never freed, so this bounds it.
const SLOTS: u32 = 8192;

/// Most accounts of which a worker holds permits; beyond that every call draws on the cell itself.
const MAX_ACCOUNTS: usize = 65_536;

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

    /// Draws what a call costs. `now` is of the clock that all workers share.
    pub fn draw(&mut self, tier: &Tier, account: &[u8], cost: u64, now: u64) -> Outcome {
        if let Some(known) = self.known(tier, account)
            && known.lease.spend(now, cost)
        {
            return known.paid();
        }
        self.ask(tier, account, cost, false, now).0
    }

    /// Draws one permit that a call holds until it is known whether it counts.
    pub fn hold(&mut self, tier: &Tier, account: &[u8], now: u64) -> (Outcome, Option<Hold>) {
        if let Some(known) = self.known(tier, account)
            && let Some(hold) = known.lease.hold(now, 1)
        {
            return (known.paid(), Some(hold));
        }
        self.ask(tier, account, 1, true, now)
    }

    /// Ends a hold: its permit is spent if the call counts.
    pub fn conclude(&mut self, tier: &Tier, account: &[u8], hold: Hold, counts: bool) {
        // Of an account that was forgotten meanwhile the cell counts the permit as out until its lease has died.
        if let Some(known) = self.known(tier, account) {
            known.lease.conclude(hold, u64::from(counts));
        }
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

    fn known(&mut self, tier: &Tier, account: &[u8]) -> Option<&mut Account> {
        self.scratch.clear();
        self.scratch.extend_from_slice(&tier.rule);
        self.scratch.push(0);
        self.scratch.extend_from_slice(account);
        self.accounts.get_mut(self.scratch.as_slice())
    }

    /// Asks the cell, for what a lease did not pay.
    fn ask(
        &mut self,
        tier: &Tier,
        account: &[u8],
        cost: u64,
        hold: bool,
        now: u64,
    ) -> (Outcome, Option<Hold>) {
        let workers = self.workers;
        if let Some(known) = self.known(tier, account) {
            let take = Take { hold, ..known.lease.ask(&known.limit, now, cost, workers) };
            return known.take(now, &take);
        }
        let key = Key::digest(&tier.rule, &[account]);
        let mut new = Account { key, limit: tier.limit, lease: Lease::default() };
        let mut take = Take { hold, ..new.lease.ask(&tier.limit, now, cost, workers) };
        let room = self.has_room(now);
        if !room {
            // Nothing may be held for an account that is not remembered.
            take.block = cost;
        }
        let answer = new.take(now, &take);
        if room {
            self.accounts.insert(self.scratch.as_slice().into(), new);
        }
        answer
    }

    fn has_room(&mut self, now: u64) -> bool {
        if self.accounts.len() >= MAX_ACCOUNTS {
            self.accounts.retain(|_, account| !account.lease.is_idle(now));
        }
        self.accounts.len() < MAX_ACCOUNTS
    }
}

impl Account {
    /// What a call is told that the lease has paid for.
    fn paid(&self) -> Outcome {
        Outcome::Granted(Grant { permits: 0, generation: 0, standing: self.lease.standing() })
    }

    /// Draws on the cell in shared data.
    fn take(&mut self, now: u64, take: &Take) -> (Outcome, Option<Hold>) {
        let name = format!("spangate/limits/{}/{}", slot::VERSION, self.key.slot(SLOTS));
        let drawn = shared::swap(&name, |bytes| slot::take(bytes, &self.key, &self.limit, now, take));
        let Some(outcome) = drawn else { return (Outcome::Unavailable, None) };
        let hold = self.lease.accept(now, take, &outcome);
        (outcome, hold)
    }
}
