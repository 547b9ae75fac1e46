//! What all calls under one configuration share on one worker: the policy, its keys, verified tokens, permits
//! and the clock.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::Arc;

use prost::Message;
use spangate_limits::Outcome;
use spangate_policy::token::{KeySet, SignatureCheck, TokenCache};
use spangate_policy::{Caller, Host, Policy, RateLimit};

use crate::call::Exchange;
use crate::host;
use crate::keys::{KeyStore, MAX_WAITING};
use crate::permits::Permits;

/// Memory for verified tokens on each worker.
const TOKEN_CACHE_BYTES: usize = 16 * 1024 * 1024;

/// Longest wait for keys, in nanoseconds; a fetch ends sooner.
const LONGEST_WAIT: u64 = 10_000_000_000;

pub struct Gateway {
    pub policy: Policy,
    keys: RefCell<KeyStore>,
    tokens: RefCell<TokenCache<Rc<Caller>>>,
    permits: RefCell<Permits>,
    waiting: RefCell<Vec<Waiting>>,
    /// How far the wall clock is ahead of the monotonic one: a call needs one reading for both.
    clock_offset: Cell<u64>,
    nonces: Cell<u64>,
    /// Tells this VM's nonces from all others'.
    nonce_prefix: u64,
}

/// A call that goes on once keys have come, or have failed to.
struct Waiting {
    context: u32,
    issuer: usize,
    since: u64,
    /// Whether the root has seen to it that its keys are fetched.
    attended: bool,
    exchange: Weak<RefCell<Exchange>>,
}

/// One reading of the clock, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    pub monotonic: u64,
    /// Since 1970.
    pub wall: u64,
}

impl Gateway {
    /// `seed` and `nonce_prefix` are random.
    pub fn new(policy: Policy, keys: KeyStore, permits: Permits, seed: u64, nonce_prefix: u64) -> Self {
        let gateway = Self {
            policy,
            keys: RefCell::new(keys),
            tokens: RefCell::new(TokenCache::new(TOKEN_CACHE_BYTES, seed)),
            permits: RefCell::new(permits),
            waiting: RefCell::new(Vec::new()),
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

    /// Lets a call wait for the keys of an issuer, if waiting makes sense: somebody fetches them, or will.
    pub fn await_keys(
        &self,
        issuer: usize,
        context: u32,
        exchange: Weak<RefCell<Exchange>>,
        now: Now,
    ) -> bool {
        let mut waiting = self.waiting.borrow_mut();
        let keys = self.keys.borrow();
        if waiting.len() >= MAX_WAITING || !keys.may_wait(issuer, now.monotonic) {
            return false;
        }
        waiting.push(Waiting { context, issuer, since: now.monotonic, attended: false, exchange });
        keys.peers().wake_own_root();
        true
    }

    /// The root's regular work; `root` is its context.
    pub fn tick(&self, root: u32) {
        self.read_clocks();
        let now = self.now();
        {
            let mut keys = self.keys.borrow_mut();
            keys.keep_alive(now.monotonic);
            self.permits.borrow_mut().tick(now.monotonic, keys.peers().count());
            keys.fetch_due(now.monotonic, now.wall);
        }
        self.attend(root, now);
    }

    /// A note has come: a call of this VM needs keys, or some root has fetched or failed.
    pub fn noted(&self, root: u32) {
        self.keys.borrow().peers().drain();
        self.attend(root, self.now());
    }

    /// The answer to a fetch. Everyone is told by a note, this root too.
    pub fn answered(&self, token: u32, body_size: usize) {
        let now = self.now();
        self.keys.borrow_mut().answered(token, body_size, now.monotonic, now.wall);
    }

    /// Takes over new keys, sees to it that those which calls wait for are fetched, and wakes calls whose wait
    /// has an end.
    fn attend(&self, root: u32, now: Now) {
        let mut keys = self.keys.borrow_mut();
        if keys.refresh() {
            // Some of those tokens may have been verified by a key that was withdrawn.
            self.tokens.borrow_mut().clear();
        }
        let mut waiting = self.waiting.borrow_mut();
        for call in waiting.iter_mut().filter(|call| !call.attended) {
            keys.fetch(call.issuer, now.monotonic, true);
            call.attended = true;
        }
        let woken: Vec<Waiting> = waiting
            .extract_if(.., |call| {
                !keys.is_fetching(call.issuer, now.monotonic)
                    || now.monotonic.saturating_sub(call.since) >= LONGEST_WAIT
            })
            .collect();
        // A woken call asks for keys, and may have to wait again.
        drop((keys, waiting));
        for call in &woken {
            if let Some(exchange) = call.exchange.upgrade()
                && host::enter(call.context).is_ok()
            {
                Exchange::resume(&exchange);
            }
        }
        if !woken.is_empty() {
            // What follows concerns the root again.
            let _ = host::enter(root);
        }
    }

    fn read_clocks(&self) {
        self.clock_offset.set(host::wall_clock().wrapping_sub(host::monotonic_clock()));
    }
}

/// The gateway at one instant, as the engine's host.
pub struct Instant<'g> {
    pub gateway: &'g Gateway,
    pub now: Now,
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
        self.gateway.tokens.borrow_mut().insert(token, caller.clone());
    }

    fn keys(&self, issuer: usize) -> Option<Arc<KeySet>> {
        self.gateway.keys.borrow().set(issuer, self.now.wall)
    }

    fn draw(&mut self, limit: &RateLimit, account: &[u8]) -> Outcome {
        self.gateway.permits.borrow_mut().draw(limit, account, self.now.monotonic)
    }
}
