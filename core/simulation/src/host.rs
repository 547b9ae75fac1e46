//! A host without a proxy: simulated time, keys that can be away, and limits kept as the gateway keeps them.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use spangate_limits::{Cell, Outcome, Take};
use spangate_policy::facts::Timestamp;
use spangate_policy::token::{KeySet, SignatureCheck};
use spangate_policy::{Caller, Host, Policy, RateLimit};

use crate::keys::{SealCheck, key_set};

/// An account of a limit: the rule, and what it counts by.
type Account = (Vec<u8>, Vec<u8>);

/// The state that calls share.
#[derive(Debug)]
pub struct SimulatedHost {
    /// Of each issuer.
    keys: Vec<Option<Arc<KeySet>>>,
    now: u64,
    cells: HashMap<Account, Cell>,
    limits_available: bool,
}

impl SimulatedHost {
    pub fn new(policy: &Policy) -> Self {
        Self {
            keys: policy.issuers().iter().map(key_set).collect(),
            now: 0,
            cells: HashMap::new(),
            limits_available: true,
        }
    }

    /// From here on it is `now`. Limits count from 1970 on, and know no time before.
    pub fn set_time(&mut self, now: Timestamp) {
        self.now = u64::try_from(now.nanoseconds).unwrap_or_default();
    }

    /// The keys of this issuer cannot be had.
    pub fn without_keys(&mut self, issuer: usize) {
        if let Some(keys) = self.keys.get_mut(issuer) {
            *keys = None;
        }
    }

    /// The state of limits and quotas cannot be had.
    pub fn without_limits(&mut self) {
        self.limits_available = false;
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
        self.keys.get(issuer)?.clone()
    }

    fn draw(&mut self, rule: &RateLimit, account: &[u8]) -> Outcome {
        if !self.limits_available {
            return Outcome::Unavailable;
        }
        let cost = 1;
        let (limit, now) = (&rule.limit, self.now);
        let cell =
            self.cells.entry((rule.rule.clone(), account.to_vec())).or_insert_with(|| Cell::full(limit, now));
        // One worker that leases nothing ahead: the same admissions as any number of workers at their best.
        let (changed, outcome) = cell.take(limit, now, &Take { cost, block: cost, settle: None });
        *cell = changed;
        outcome
    }
}
