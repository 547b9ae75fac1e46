//! What all calls under one configuration share on one worker: the policy, its keys, verified tokens, permits
//! and the clock.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use prost::Message;
use spangate_limits::{Entry, Hold, Outcome, QuotaOutcome};
use spangate_policy::document::LimitScope;
use spangate_policy::token::{KeySet, SignatureCheck, TokenCache};
use spangate_policy::{Caller, Concurrency, Host, KeysSince, Policy, Quota, Tier};

use crate::counters::Counters;
use crate::host;
use crate::keys::{KeyStore, Refused};
use crate::permits::Permits;
use crate::places::Places;

/// Memory for verified tokens on each worker: so that at least ten thousand of a usual size stay, of which each takes about
/// 2.5 KiB, however they come.
const TOKEN_CACHE_BYTES: usize = 64 * 1024 * 1024;

pub struct Gateway {
    pub policy: Policy,
    keys: RefCell<KeyStore>,
    tokens: RefCell<TokenCache<Rc<Caller>>>,
    permits: RefCell<Permits>,
    places: RefCell<Places>,
    pub counters: RefCell<Counters>,
    refused: RefCell<Refused>,
    /// How far the wall clock is ahead of the monotonic one: a call needs one reading for both.
    clock_offset: Cell<u64>,
    nonces: Cell<u64>,
    /// Tells this VM's nonces from all others'.
    nonce_prefix: u64,
}

/// One reading of the clock, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    pub monotonic: u64,
    /// Since 1970.
    pub wall: u64,
}

impl Gateway {
    /// The seeds, of the hash maps of tokens and permits, and `nonce_prefix` are random.
    pub fn new(policy: Policy, keys: KeyStore, [tokens, permits]: [u64; 2], nonce_prefix: u64) -> Self {
        let gateway = Self {
            policy,
            keys: RefCell::new(keys),
            tokens: RefCell::new(TokenCache::new(TOKEN_CACHE_BYTES, tokens)),
            permits: RefCell::new(Permits::new(permits)),
            places: RefCell::default(),
            counters: RefCell::default(),
            refused: RefCell::new(Refused::new(tokens)),
            clock_offset: Cell::new(0),
            nonces: Cell::new(0),
            nonce_prefix,
        };
        gateway.read_clocks();
        gateway
    }

    pub fn now(&self) -> Now {
        let monotonic = host::monotonic_clock();
        Now { monotonic, wall: monotonic.wrapping_add(self.clock_offset.get()) }
    }

    /// 128 bits that no other call has, on this proxy or any other.
    pub fn nonce(&self) -> [u8; 16] {
        let number = self.nonces.get();
        self.nonces.set(number.wrapping_add(1));
        (u128::from(self.nonce_prefix) << 64 | u128::from(number)).to_be_bytes()
    }

    /// Lets a call wait for the keys of an issuer, if waiting makes sense: somebody fetches them, or will. It came at
    /// `since`, by the monotonic clock.
    pub fn await_keys(&self, issuer: usize, context: u32, since: u64, now: Now) -> bool {
        self.keys.borrow_mut().wait(issuer, context, since, now.monotonic)
    }

    /// The root's regular work. Gives the calls that no longer have to wait.
    pub fn tick(&self) -> Vec<u32> {
        self.read_clocks();
        let now = self.now();
        {
            let mut keys = self.keys.borrow_mut();
            keys.keep_alive(now.monotonic);
            self.permits.borrow_mut().tick(now.monotonic, keys.peers().count());
            self.places.borrow_mut().settle(keys.peers());
            keys.fetch_due(now.monotonic, now.wall);
        }
        self.counters.borrow_mut().flush();
        self.attend(now)
    }

    /// A note has come: a call of this VM needs keys, or some root has fetched or failed. Gives the calls that no
    /// longer have to wait.
    pub fn noted(&self) -> Vec<u32> {
        self.keys.borrow().peers().drain();
        self.attend(self.now())
    }

    /// The answer to a fetch. Everyone is told by a note, this root too.
    pub fn answered(&self, token: u32, body_size: usize) {
        let now = self.now();
        self.keys.borrow_mut().answered(token, body_size, now.monotonic, now.wall);
    }

    /// Takes over new keys, sees to it that those which calls wait for are fetched, and gives the calls whose wait
    /// has an end.
    fn attend(&self, now: Now) -> Vec<u32> {
        let mut keys = self.keys.borrow_mut();
        if keys.refresh(now.wall) {
            self.tokens.borrow_mut().retain(|caller| keys.stand_by(caller.token()));
        }
        keys.attend(now.monotonic)
    }

    fn read_clocks(&self) {
        self.clock_offset.set(host::wall_clock().wrapping_sub(host::monotonic_clock()));
    }
}

/// The gateway at one instant, as the engine's host.
pub struct Instant<'g> {
    gateway: &'g Gateway,
    now: OnceCell<Now>,
    /// When the call came, by the monotonic clock; none once it waits for keys no more.
    pub arrived: Option<u64>,
}

impl<'g> Instant<'g> {
    pub fn at(gateway: &'g Gateway, now: Now, arrived: u64) -> Self {
        Self { gateway, now: OnceCell::from(now), arrived: Some(arrived) }
    }

    /// At an instant which is read only if something asks for it: of most answers nothing does.
    pub fn later(gateway: &'g Gateway) -> Self {
        Self { gateway, now: OnceCell::new(), arrived: None }
    }

    fn now(&self) -> Now {
        *self.now.get_or_init(|| self.gateway.now())
    }
}

/// Arguments of Envoy's foreign function `verify_signature`.
#[derive(Clone, PartialEq, Message)]
struct VerifySignature {
    #[prost(string, tag = "1")]
    hash_function: String,
    #[prost(bytes = "vec", tag = "2")]
    public_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    signature: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    text: Vec<u8>,
}

/// What it answers.
#[derive(Clone, PartialEq, Message)]
struct SignatureVerdict {
    #[prost(bool, tag = "1")]
    result: bool,
    #[prost(string, tag = "2")]
    error: String,
}

impl SignatureCheck for Instant<'_> {
    fn holds(&self, hash: &'static str, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        let arguments = VerifySignature {
            hash_function: hash.to_owned(),
            public_key: key.to_vec(),
            signature: signature.to_vec(),
            text: message.to_vec(),
        };
        host::foreign_function("verify_signature", &arguments.encode_to_vec())
            .ok()
            .and_then(|answer| SignatureVerdict::decode(answer.as_slice()).ok())
            .is_some_and(|verdict| verdict.result)
    }
}

impl Host for Instant<'_> {
    fn known_caller(&mut self, token: &str) -> Option<Rc<Caller>> {
        self.gateway.tokens.borrow_mut().get(token)
    }

    fn remember_caller(&mut self, token: &str, caller: &Rc<Caller>) {
        self.gateway.tokens.borrow_mut().insert(token, caller.clone(), caller.bytes());
    }

    fn keys(&self, issuer: usize) -> Option<Arc<KeySet>> {
        self.gateway.keys.borrow().set(issuer).cloned()
    }

    fn keys_since(&self, issuer: usize) -> KeysSince {
        match self.arrived {
            Some(arrived) if self.gateway.keys.borrow().are_as_new_as(issuer, arrived) => KeysSince::Fetched,
            Some(_) => KeysSince::Awaited,
            None => KeysSince::Unavailable,
        }
    }

    fn knows_of_no_key(&self, token: &str) -> bool {
        self.gateway.refused.borrow().contains(token, self.now().monotonic)
    }

    fn remember_no_key(&mut self, token: &str) {
        let now = self.now().monotonic;
        self.gateway.refused.borrow_mut().insert(token, now);
    }

    // Of one proxy: a policy with limits that are wider is not loaded here.
    fn draw(&mut self, tier: &Tier, _scope: LimitScope, account: &[u8], cost: u64) -> Outcome {
        let now = self.now().monotonic;
        self.gateway.permits.borrow_mut().draw(tier, account, cost, now)
    }

    fn hold(&mut self, tier: &Tier, _scope: LimitScope, account: &[u8]) -> (Outcome, Option<Hold>) {
        self.gateway.permits.borrow_mut().hold(tier, account, self.now().monotonic)
    }

    fn conclude(&mut self, tier: &Tier, _scope: LimitScope, account: &[u8], hold: Hold, counts: bool) {
        self.gateway.permits.borrow_mut().conclude(tier, account, hold, counts);
    }

    fn draw_quota(
        &mut self,
        _quota: &Quota,
        _scope: LimitScope,
        _account: &[u8],
        _cost: u64,
    ) -> Option<QuotaOutcome> {
        None
    }

    fn enter(&mut self, limit: &Concurrency, account: &[u8]) -> Entry {
        let keys = self.gateway.keys.borrow();
        self.gateway.places.borrow().enter(&limit.rule, account, limit.limit, keys.peers())
    }

    fn leave(&mut self, limit: &Concurrency, account: &[u8]) {
        let keys = self.gateway.keys.borrow();
        self.gateway.places.borrow_mut().leave(&limit.rule, account, keys.peers());
    }
}
