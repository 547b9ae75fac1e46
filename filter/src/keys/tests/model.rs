//! The process as the property sees it: what each place publishes, which sets were read from it, and which of them each
//! worker has been told of. From that alone follows what may become of a call.

use std::collections::{BTreeMap, BTreeSet};

use proxy_wasm::types::Action;

use super::token::{self, DISCOVERY, PATHS, PLACES};
use crate::call::Exchange;
use crate::configuration::Root;
use crate::host::{Process, process};

pub const WORKERS: usize = 3;

const SECOND: u64 = 1_000_000_000;

/// `serve_stale` of the policies, in seconds.
const STALE: u64 = 30;

/// Envoy's own limit for a fetch.
const TIMEOUT: u64 = 5 * SECOND;

/// After this a fetch without an answer counts as lost.
const LEASE: u64 = 12 * SECOND;

/// The longest wait of a call, and the tick that ends it.
const LONGEST_WAIT: u64 = 11 * SECOND;

/// For how long a token that was refused for want of its key is refused unasked.
const REMEMBERED: u64 = 3 * SECOND;

#[derive(Clone, Copy, Debug)]
pub enum Answers {
    Keys,
    Text(&'static str),
    /// None in time.
    Nothing,
}

#[derive(Clone, Debug)]
pub struct Call {
    pub issuer: usize,
    /// Where the key is from that signed the token.
    pub place: usize,
    pub key: u8,
    /// Tells tokens of one key apart.
    pub number: u8,
    pub is_forged: bool,
}

struct Place {
    published: BTreeSet<u8>,
    answers: Answers,
}

/// A set that was read, and when.
#[derive(Clone)]
struct Read {
    keys: BTreeSet<u8>,
    at: u64,
}

struct Worker {
    root: Root,
    /// Where its policy says that the keys of each issuer are.
    places: [usize; 2],
    /// The sets that it has been told of, by place.
    told: BTreeMap<usize, Read>,
    waiting: Vec<Waiting>,
}

struct Waiting {
    context: u32,
    exchange: Exchange,
    call: Call,
    since: u64,
    /// Whether the call's key was published all the time since.
    was_published: bool,
}

struct Fetch {
    worker: usize,
    token: u32,
    path: String,
    place: usize,
    sent: u64,
    /// What was published when it was sent.
    published: BTreeSet<u8>,
}

pub struct Model {
    places: Vec<Place>,
    /// The newest set that was read from each place.
    read: BTreeMap<usize, Read>,
    /// All there ever were: one whose policy was replaced goes on until its calls have ended.
    workers: Vec<Worker>,
    /// Those that take new calls.
    current: [usize; WORKERS],
    fetches: Vec<Fetch>,
    contexts: u32,
    /// When a token was last refused.
    refused: BTreeMap<String, u64>,
}

impl Model {
    pub fn start() -> Self {
        process(|process| *process = Process::default());
        let place = || Place { published: BTreeSet::from([0]), answers: Answers::Keys };
        let mut model = Self {
            places: (0..PLACES).map(|_| place()).collect(),
            read: BTreeMap::new(),
            workers: Vec::new(),
            current: [0, 1, 2],
            fetches: Vec::new(),
            contexts: 0,
            refused: BTreeMap::new(),
        };
        process(|process| process.now = SECOND);
        for _ in 0..WORKERS {
            model.begin(0);
        }
        model
    }

    pub fn publish(&mut self, place: usize, key: u8) {
        self.places[place].published.insert(key);
    }

    pub fn withdraw(&mut self, place: usize, key: u8) {
        self.places[place].published.remove(&key);
        for worker in &mut self.workers {
            for waiting in worker.waiting.iter_mut().filter(|waiting| waiting.call.key == key) {
                waiting.was_published &= waiting.call.place != place;
            }
        }
    }

    pub fn answers(&mut self, place: usize, how: Answers) {
        self.places[place].answers = how;
    }

    pub fn arrive(&mut self, which: usize, late: bool) {
        let Some(fetch) = self.take(which) else { return };
        let place = &self.places[fetch.place];
        let published = if late { &fetch.published } else { &place.published }.clone();
        match place.answers {
            Answers::Nothing => self.answer(&fetch, None),
            Answers::Text(text) => self.answer(&fetch, Some(text.to_owned())),
            Answers::Keys if fetch.path == DISCOVERY => self.answer(&fetch, Some(token::discovery())),
            Answers::Keys => {
                self.answer(&fetch, Some(token::jwks(fetch.place, published.iter().copied())));
                // An empty set is no set.
                if !published.is_empty() {
                    self.read.insert(fetch.place, Read { keys: published, at: now() });
                }
            }
        }
    }

    pub fn lose(&mut self, which: usize) {
        self.take(which);
    }

    fn take(&mut self, which: usize) -> Option<Fetch> {
        let count = self.fetches.len();
        (count > 0).then(|| self.fetches.swap_remove(which % count))
    }

    pub fn reload(&mut self, worker: usize) {
        let old = self.workers[self.current[worker]].places[0];
        self.current[worker] = self.workers.len();
        self.begin(1 - old);
    }

    pub fn note(&mut self, worker: usize) {
        self.wake(self.current[worker], Root::noted);
    }

    pub fn call(&mut self, worker: usize, call: Call) {
        let index = self.current[worker];
        self.contexts += 1;
        let context = self.contexts;
        let token = call.token();
        process(|process| {
            process.request = [
                (":method", "GET"),
                (":path", "/api/get"),
                (":authority", "api.example"),
                ("authorization", &format!("Bearer {token}")),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
            process.response = None;
        });
        let mut exchange = Exchange::new(self.workers[index].root.gateway(), context);
        assert_eq!(exchange.on_request_headers(true), Action::Pause, "the policy itself answers, or waits");
        let was_published = self.places[call.place].published.contains(&call.key);
        let waiting = Waiting { context, exchange, call, since: now(), was_published };
        self.go_on(index, waiting);
    }

    /// Roots tick once a second, and Envoy waits no longer than its own limit for an answer.
    pub fn pass(&mut self, milliseconds: u64) {
        let end = now() + milliseconds * 1_000_000;
        while now() < end {
            let next = end.min(now() + SECOND);
            process(|process| process.now = next);
            while let Some(late) = self.fetches.iter().position(|fetch| next >= fetch.sent + TIMEOUT) {
                let fetch = self.fetches.swap_remove(late);
                self.answer(&fetch, None);
            }
            for worker in 0..self.workers.len() {
                self.wake(worker, Root::tick);
                for waiting in &self.workers[worker].waiting {
                    assert!(next < waiting.since + LONGEST_WAIT, "nobody waits for ever: {:?}", waiting.call);
                }
            }
        }
    }

    /// With sound issuers a good token is accepted before long, whatever was before.
    pub fn assert_it_recovers(mut self) {
        for place in 0..PLACES {
            self.publish(place, 3);
            self.answers(place, Answers::Keys);
        }
        self.settle(60);
        for is_over in [false, true] {
            for worker in 0..WORKERS {
                for issuer in 0..2 {
                    let own = &self.workers[self.current[worker]];
                    let place = own.places[issuer];
                    // A worker that knows the key accepts the token: `go_on` sees to it.
                    assert!(!is_over || own.told.get(&place).is_some_and(|read| read.keys.contains(&3)));
                    self.call(worker, Call { issuer, place, key: 3, number: 9, is_forged: false });
                }
            }
            self.settle(15);
        }
    }

    /// Seconds in which every fetch is answered.
    fn settle(&mut self, seconds: usize) {
        for _ in 0..seconds {
            self.pass(1_000);
            while !self.fetches.is_empty() {
                self.arrive(0, false);
            }
        }
    }

    fn begin(&mut self, place: usize) {
        process(|process| process.configuration = token::policy(place, STALE));
        let mut root = Root::default();
        assert!(root.configure(0));
        let worker = Worker { root, places: [place, 2], told: BTreeMap::new(), waiting: Vec::new() };
        self.workers.push(worker);
        // The first tick comes at once.
        self.wake(self.workers.len() - 1, Root::tick);
    }

    fn answer(&mut self, fetch: &Fetch, answer: Option<String>) {
        let size = answer.as_ref().map_or(0, String::len);
        process(|process| process.answer = answer);
        self.workers[fetch.worker].root.answered(fetch.token, size);
        self.collect(fetch.worker);
    }

    /// A root does its work, and its calls go on.
    fn wake(&mut self, index: usize, work: fn(&mut Root) -> Vec<u32>) {
        let worker = &mut self.workers[index];
        let woken = work(&mut worker.root);
        worker.told.clone_from(&self.read);
        worker.told.retain(|_, read| now() - read.at <= STALE * SECOND);
        let woken: Vec<_> =
            worker.waiting.extract_if(.., |waiting| woken.contains(&waiting.context)).collect();
        self.collect(index);
        for mut waiting in woken {
            process(|process| process.response = None);
            waiting.exchange.resume();
            self.go_on(index, waiting);
        }
    }

    /// Fetches that the worker has begun: never two for one thing at once.
    fn collect(&mut self, worker: usize) {
        for (token, path) in process(|process| std::mem::take(&mut process.fetches)) {
            let place = PATHS.iter().position(|known| *known == path).unwrap_or(2);
            let live = |fetch: &Fetch| fetch.place == place && now() < fetch.sent + LEASE;
            assert!(!self.fetches.iter().any(live), "two fetches of {path} at once");
            let published = self.places[place].published.clone();
            self.fetches.push(Fetch { worker, token, path, place, sent: now(), published });
        }
    }

    /// A call has its verdict, or waits on.
    fn go_on(&mut self, index: usize, waiting: Waiting) {
        let response = process(|process| process.response.take());
        let worker = &mut self.workers[index];
        let Waiting { call, .. } = &waiting;
        let is_of_issuer = !call.is_forged && call.place == worker.places[call.issuer];
        let is_known = worker.told.get(&call.place).is_some_and(|read| read.keys.contains(&call.key));
        let is_good = is_of_issuer && is_known;
        let token = call.token();
        match response.as_ref().map(|(status, reason)| (*status, reason.as_str())) {
            Some((200, _)) => assert!(is_good, "accepted: {call:?}"),
            answer if is_good => panic!("a good token is accepted at once: {answer:?} {call:?}"),
            Some((401, reason)) => {
                let again = self.refused.insert(token, now());
                let remembered = again.is_some_and(|before| now() < before + REMEMBERED);
                let is_valid = is_of_issuer && waiting.was_published;
                assert!(!is_valid || remembered, "refused for want of a fetch: {reason} {call:?}");
            }
            Some((503, "keys_unavailable")) => {}
            Some(other) => panic!("{other:?} for {call:?}"),
            None => {
                assert!(waiting.exchange.is_waiting());
                worker.waiting.push(waiting);
            }
        }
    }
}

impl Call {
    fn token(&self) -> String {
        token::token(self.issuer, self.place, self.key, self.number, self.is_forged)
    }
}

fn now() -> u64 {
    process(|process| process.now)
}
