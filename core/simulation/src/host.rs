//! A host without a proxy: simulated time, keys that can be away, and limits kept as the gateway keeps them.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use spangate_limits::window::{self, Usage};
use spangate_limits::{Cell, Entry, Hold, Lease, Outcome, QuotaOutcome, Take};
use spangate_policy::document::LimitScope;
use spangate_policy::facts::Timestamp;
use spangate_policy::token::{Issuer, KeySet, SignatureCheck};
use spangate_policy::{Caller, Concurrency, Host, Policy, Quota, Tier};

use crate::keys::{SealCheck, key_set};

/// More workers than any limit has permits: nobody leases ahead, so every burst is exact and in order.
const WORKERS: u64 = u64::MAX;

/// A rule of the policy and an account under it, each limit with its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Account {
    /// `proxy`, `region` or `global`: who cannot reach one may count by another.
    scope: &'static str,
    rule: Vec<u8>,
    key: Vec<u8>,
}

/// An issuer's keys: made once a token asks for them, since that takes a while.
#[derive(Debug)]
struct Keys {
    /// None when they cannot be had.
    issuer: Option<Issuer>,
    made: OnceCell<Option<Arc<KeySet>>>,
}

impl Keys {
    fn of(issuer: &Issuer) -> Self {
        Self { issuer: Some(issuer.clone()), made: OnceCell::new() }
    }

    fn set(&self) -> Option<Arc<KeySet>> {
        self.made.get_or_init(|| key_set(self.issuer.as_ref()?)).clone()
    }
}

/// The state that calls share.
#[derive(Debug)]
pub struct SimulatedHost {
    issuers: Vec<Keys>,
    now: u64,
    rates: HashMap<Account, (Cell, Lease)>,
    quotas: HashMap<Account, Usage>,
    /// By rule and account.
    under_way: HashMap<(Vec<u8>, Vec<u8>), u32>,
    unavailable: Vec<LimitScope>,
}

impl SimulatedHost {
    pub fn new(policy: &Policy) -> Self {
        Self {
            issuers: policy.issuers().iter().map(Keys::of).collect(),
            now: 0,
            rates: HashMap::new(),
            quotas: HashMap::new(),
            under_way: HashMap::new(),
            unavailable: Vec::new(),
        }
    }

    /// From here on it is `now`. Limits count from 1970 on, and know no time before.
    pub fn set_time(&mut self, now: Timestamp) {
        self.now = u64::try_from(now.nanoseconds).unwrap_or_default();
    }

    /// The keys of this issuer cannot be had.
    pub fn without_keys(&mut self, issuer: usize) {
        if let Some(keys) = self.issuers.get_mut(issuer) {
            *keys = Keys { issuer: None, made: OnceCell::new() };
        }
    }

    /// Nobody can say how limits of this scope stand.
    pub fn without_limits(&mut self, scope: LimitScope) {
        self.unavailable.push(scope);
    }

    fn take(
        &mut self,
        tier: &Tier,
        scope: LimitScope,
        key: &[u8],
        ask: impl FnOnce(&Lease, u64) -> Take,
    ) -> (Outcome, Option<Hold>) {
        if self.unavailable.contains(&scope) {
            return (Outcome::Unavailable, None);
        }
        let now = self.now;
        let account = Account { scope: scope.as_str(), rule: tier.rule.clone(), key: key.to_vec() };
        let (cell, lease) =
            self.rates.entry(account).or_insert_with(|| (Cell::full(&tier.limit, now), Lease::default()));
        let take = ask(lease, now);
        let (changed, outcome) = cell.take(&tier.limit, now, &take);
        *cell = changed;
        let hold = lease.accept(now, &take, &outcome);
        (outcome, hold)
    }
}

impl SignatureCheck for SimulatedHost {
    fn holds(&self, hash: &'static str, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        SealCheck.holds(hash, key, message, signature)
    }
}

impl Host for SimulatedHost {
    /// Every token is verified anew: a simulation is about verdicts, not about speed.
    fn known_caller(&mut self, _token: &str) -> Option<Rc<Caller>> {
        None
    }

    fn remember_caller(&mut self, _token: &str, _caller: &Rc<Caller>) {}

    fn keys(&self, issuer: usize) -> Option<Arc<KeySet>> {
        self.issuers.get(issuer)?.set()
    }

    fn draw(&mut self, tier: &Tier, scope: LimitScope, account: &[u8], cost: u64) -> Outcome {
        let ask = |lease: &Lease, now| lease.ask(&tier.limit, now, cost, WORKERS);
        self.take(tier, scope, account, ask).0
    }

    fn hold(&mut self, tier: &Tier, scope: LimitScope, account: &[u8]) -> (Outcome, Option<Hold>) {
        let ask = |lease: &Lease, now| Take { hold: true, ..lease.ask(&tier.limit, now, 1, WORKERS) };
        self.take(tier, scope, account, ask)
    }

    /// What is given back goes into the cell at once, so that the next call finds it there.
    fn conclude(&mut self, tier: &Tier, scope: LimitScope, account: &[u8], hold: Hold, counts: bool) {
        let key = Account { scope: scope.as_str(), rule: tier.rule.clone(), key: account.to_vec() };
        if let Some((_, lease)) = self.rates.get_mut(&key) {
            lease.conclude(hold, u64::from(counts));
        }
        self.draw(tier, scope, account, 0);
    }

    fn draw_quota(
        &mut self,
        quota: &Quota,
        scope: LimitScope,
        account: &[u8],
        cost: u64,
    ) -> Option<QuotaOutcome> {
        if self.unavailable.contains(&scope) {
            return None;
        }
        let account = Account { scope: scope.as_str(), rule: quota.rule.clone(), key: account.to_vec() };
        let usage = self.quotas.entry(account).or_default();
        let (changed, outcome) = window::take(*usage, &quota.limit, self.now, cost);
        *usage = changed;
        Some(outcome)
    }

    fn enter(&mut self, limit: &Concurrency, account: &[u8]) -> Entry {
        let inside = self.under_way.entry((limit.rule.clone(), account.to_vec())).or_default();
        if *inside >= limit.limit {
            return Entry::Full;
        }
        *inside = inside.saturating_add(1);
        Entry::Entered
    }

    fn leave(&mut self, limit: &Concurrency, account: &[u8]) {
        if let Some(inside) = self.under_way.get_mut(&(limit.rule.clone(), account.to_vec())) {
            *inside = inside.saturating_sub(1);
        }
    }
}
