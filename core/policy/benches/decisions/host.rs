//! A host whose keys are at hand, that believes every signature, remembers callers, and pays from leases as a worker of
//! Envoy does.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use spangate_limits::{Entry, Hold, Key, Lease, Outcome, QuotaOutcome, slot};
use spangate_policy::document::LimitScope;
use spangate_policy::token::{KeySet, SignatureCheck};
use spangate_policy::{Caller, Concurrency, Host, Quota, Tier};

pub struct MemoryHost {
    keys: Arc<KeySet>,
    callers: HashMap<String, Rc<Caller>>,
    accounts: HashMap<Vec<u8>, Account>,
}

/// What is held of an account, and the account itself.
struct Account {
    lease: Lease,
    slot: Option<Vec<u8>>,
    outcome: Outcome,
}

/// No clock runs: permits neither come back nor expire.
const NOW: u64 = 1;

impl MemoryHost {
    pub fn new(keys: KeySet) -> Self {
        Self { keys: Arc::new(keys), callers: HashMap::new(), accounts: HashMap::new() }
    }
}

impl SignatureCheck for MemoryHost {
    fn holds(&self, _hash: &'static str, _key: &[u8], _message: &[u8], _signature: &[u8]) -> bool {
        true
    }
}

impl Host for MemoryHost {
    fn known_caller(&mut self, token: &str) -> Option<Rc<Caller>> {
        self.callers.get(token).cloned()
    }
    fn remember_caller(&mut self, token: &str, caller: &Rc<Caller>) {
        self.callers.insert(token.to_owned(), caller.clone());
    }
    fn keys(&self, _issuer: usize) -> Option<Arc<KeySet>> {
        Some(self.keys.clone())
    }
    fn draw(&mut self, tier: &Tier, _scope: LimitScope, account: &[u8], cost: u64) -> Outcome {
        if let Some(known) = self.accounts.get_mut(account)
            && known.lease.spend(NOW, cost)
        {
            return known.outcome;
        }
        let key = Key::digest(&tier.rule, &[account]);
        let known = self.accounts.entry(account.to_vec()).or_insert(Account {
            lease: Lease::default(),
            slot: None,
            outcome: Outcome::Unavailable,
        });
        let take = known.lease.ask(&tier.limit, NOW, cost, 1);
        let (changed, outcome) = slot::take(known.slot.as_deref(), &key, &tier.limit, NOW, &take).unwrap();
        known.slot = changed.or(known.slot.take());
        known.lease.accept(NOW, &take, &outcome);
        known.outcome = outcome;
        outcome
    }
    fn hold(&mut self, tier: &Tier, scope: LimitScope, account: &[u8]) -> (Outcome, Option<Hold>) {
        (self.draw(tier, scope, account, 1), None)
    }
    fn conclude(&mut self, _tier: &Tier, _scope: LimitScope, _account: &[u8], _hold: Hold, _counts: bool) {}
    fn draw_quota(
        &mut self,
        _quota: &Quota,
        _scope: LimitScope,
        _account: &[u8],
        _cost: u64,
    ) -> Option<QuotaOutcome> {
        None
    }
    fn enter(&mut self, _limit: &Concurrency, _account: &[u8]) -> Entry {
        Entry::Entered
    }
    fn leave(&mut self, _limit: &Concurrency, _account: &[u8]) {}
}
