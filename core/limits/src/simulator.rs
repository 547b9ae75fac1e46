//! The proof by trial: workers with leases over one slot, under a clock that jumps and steps back, with crashes
//! at the worst moments, and an oracle that knows nothing of buckets: it looks at every interval between two
//! admitted calls. The same runs with a flaw put in must fail, or the oracle would prove nothing.

use std::collections::HashMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::slot::{self, Slot};
use crate::{CLOCK_MARGIN, Hold, Key, Lease, Limit, Outcome, Take};

const SECOND: u64 = 1_000_000_000;

#[derive(Clone, Debug)]
enum Event {
    Calls {
        worker: usize,
        key: usize,
        cost: u64,
        times: usize,
    },
    /// A call that holds its permits until it is known how many of them it has used.
    Hold {
        worker: usize,
        key: usize,
        cost: u64,
    },
    /// One of the calls that hold permits ends.
    Conclude {
        which: usize,
        used: u64,
    },
    Wait(u64),
    StepBack(u64),
    /// The worker hands back what is about to expire.
    Tick(usize),
    /// The worker and its leases are gone.
    Crash(usize),
    /// It has stored the cell, but not yet taken over its permits.
    CrashWhileTaking {
        worker: usize,
        key: usize,
    },
}

/// A mistake that an implementation could make.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Flaw {
    None,
    ForgetsWhatIsOut,
    ForgetsOverflows,
    SpendsTheExpired,
    HoldsAreNotOut,
    ConcludesInAnyLease,
}

struct World {
    limit: Limit,
    flaw: Flaw,
    now: u64,
    /// The latest that the clock has read, and how much time it has counted in all.
    latest: u64,
    counted: u64,
    shared: Option<Vec<u8>>,
    keys: Vec<Key>,
    workers: Vec<HashMap<usize, Lease>>,
    in_flight: Vec<InFlight>,
    /// For each key: when it was admitted, in counted time, and at what cost.
    admitted: HashMap<usize, Vec<(u64, u64)>>,
}

/// A call that holds permits.
struct InFlight {
    worker: usize,
    key: usize,
    hold: Hold,
    /// Which of its key's admitted calls it is.
    index: usize,
}

impl World {
    fn new(limit: Limit, workers: usize, keys: usize, flaw: Flaw) -> Self {
        Self {
            keys: (0..keys).map(|key| Key::digest(b"rule", &[&key.to_le_bytes()])).collect(),
            limit,
            flaw,
            now: SECOND,
            latest: SECOND,
            counted: 0,
            shared: None,
            workers: vec![HashMap::new(); workers],
            in_flight: Vec::new(),
            admitted: HashMap::new(),
        }
    }

    fn happen(&mut self, event: &Event) {
        match *event {
            Event::Calls { worker, key, cost, times } => {
                for _ in 0..times {
                    self.call(worker % self.workers.len(), key, cost);
                }
            }
            Event::Hold { worker, key, cost } => self.hold(worker % self.workers.len(), key, cost),
            Event::Conclude { which, used } if !self.in_flight.is_empty() => {
                self.conclude(which % self.in_flight.len(), used);
            }
            Event::Conclude { .. } => {}
            Event::Wait(time) => {
                self.now += time;
                self.counted += time;
                self.latest = self.latest.max(self.now);
            }
            Event::StepBack(time) => self.now = (self.now - time).max(self.latest - CLOCK_MARGIN),
            Event::Tick(worker) => {
                let worker = worker % self.workers.len();
                for (key, mut lease) in self.workers[worker].clone() {
                    if let Some(take) = lease.surrender(self.now) {
                        let outcome = self.take(key, &take);
                        lease.accept(self.now, &take, &outcome);
                        self.workers[worker].insert(key, lease);
                    }
                }
            }
            Event::Crash(worker) => {
                self.crash(worker % self.workers.len());
            }
            Event::CrashWhileTaking { worker, key } => {
                let worker = worker % self.workers.len();
                let lease = self.workers[worker].get(&key).copied().unwrap_or_default();
                let take = lease.ask(&self.limit, self.now, 1, self.workers.len() as u64);
                self.take(key, &take);
                self.crash(worker);
            }
        }
    }

    fn call(&mut self, worker: usize, key: usize, cost: u64) -> bool {
        let workers = self.workers.len() as u64;
        let mut lease = self.workers[worker].get(&key).copied().unwrap_or_default();
        let mut admitted = lease.spend(self.now, cost);
        if !admitted {
            let take = lease.ask(&self.limit, self.now, cost, workers);
            let outcome = self.take(key, &take);
            lease.accept(self.now, &take, &outcome);
            if self.flaw == Flaw::SpendsTheExpired {
                lease.outlive(SECOND);
            }
            admitted = matches!(outcome, Outcome::Granted(_));
        }
        self.workers[worker].insert(key, lease);
        if admitted {
            self.admit(key, cost);
        }
        admitted
    }

    fn hold(&mut self, worker: usize, key: usize, cost: u64) {
        let mut lease = self.workers[worker].get(&key).copied().unwrap_or_default();
        let hold = lease.hold(self.now, cost).or_else(|| {
            let ask = lease.ask(&self.limit, self.now, cost, self.workers.len() as u64);
            let take = Take { hold: true, ..ask };
            let outcome = match self.flaw {
                Flaw::HoldsAreNotOut => self.take(key, &ask),
                _ => self.take(key, &take),
            };
            lease.accept(self.now, &take, &outcome)
        });
        self.workers[worker].insert(key, lease);
        if let Some(hold) = hold {
            let index = self.admit(key, cost);
            self.in_flight.push(InFlight { worker, key, hold, index });
        }
    }

    fn conclude(&mut self, which: usize, used: u64) {
        let InFlight { worker, key, mut hold, index } = self.in_flight.swap_remove(which);
        let cost = &mut self.admitted.get_mut(&key).unwrap()[index].1;
        *cost = used.min(*cost);
        // Like a host that may have forgotten the account meanwhile.
        let lease = self.workers[worker].entry(key).or_default();
        if self.flaw == Flaw::ConcludesInAnyLease {
            lease.adopt(&mut hold);
        }
        lease.conclude(hold, used);
    }

    fn crash(&mut self, worker: usize) {
        self.workers[worker].clear();
        // Whatever they held counts as used.
        self.in_flight.retain(|call| call.worker != worker);
    }

    /// Which of its key's admitted calls it is.
    fn admit(&mut self, key: usize, cost: u64) -> usize {
        let admitted = self.admitted.entry(key).or_default();
        admitted.push((self.counted, cost));
        admitted.len() - 1
    }

    fn take(&mut self, key: usize, take: &Take) -> Outcome {
        let (changed, outcome) =
            slot::take(self.shared.as_deref(), &self.keys[key], &self.limit, self.now, take).unwrap();
        if let Some(bytes) = changed {
            let mut slot = Slot::decode(&bytes).unwrap();
            match self.flaw {
                Flaw::ForgetsWhatIsOut => {
                    slot.cells_mut().for_each(|cell| (cell.newer, cell.older) = (0, 0));
                }
                Flaw::ForgetsOverflows => slot.forget_overflows(),
                Flaw::None | Flaw::SpendsTheExpired | Flaw::HoldsAreNotOut | Flaw::ConcludesInAnyLease => {}
            }
            self.shared = Some(slot.encode());
        }
        outcome
    }

    /// Some interval in which more were admitted than `burst + rate·T`. Tries every one.
    fn excess(&self) -> Option<String> {
        let [count, period, burst] =
            [self.limit.count(), self.limit.period(), self.limit.burst()].map(u128::from);
        for (key, admitted) in &self.admitted {
            for (index, (from, _)) in admitted.iter().enumerate() {
                let mut total = 0;
                for (to, cost) in &admitted[index..] {
                    total += u128::from(*cost);
                    if total * period > burst * period + count * u128::from(to - from) {
                        return Some(format!(
                            "key {key}: {total} within {}ns of {burst} + {count}/{period}ns",
                            to - from
                        ));
                    }
                }
            }
        }
        None
    }
}

fn limits() -> impl Strategy<Value = Limit> {
    let period = prop_oneof![Just(SECOND / 100), Just(SECOND), Just(7 * SECOND), 1..10 * SECOND];
    (1u64..500, period, 1u64..200)
        .prop_map(|(count, period, burst)| Limit::new(count, period, Some(burst)).unwrap())
}

fn events(keys: usize) -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        8 => (0..4usize, 0..keys, prop_oneof![4 => Just(1u64), 1 => 0..20u64], 1..40usize)
            .prop_map(|(worker, key, cost, times)| Event::Calls { worker, key, cost, times }),
        4 => (0..4usize, 0..keys, prop_oneof![4 => Just(1u64), 1 => 0..20u64])
            .prop_map(|(worker, key, cost)| Event::Hold { worker, key, cost }),
        4 => (any::<usize>(), prop_oneof![4 => Just(0u64), 1 => 0..20u64])
            .prop_map(|(which, used)| Event::Conclude { which, used }),
        4 => prop_oneof![0..SECOND / 100, 0..SECOND, 0..4 * SECOND].prop_map(Event::Wait),
        1 => (0..CLOCK_MARGIN).prop_map(Event::StepBack),
        1 => (0..4usize).prop_map(Event::Tick),
        1 => (0..4usize).prop_map(Event::Crash),
        1 => (0..4usize, 0..keys).prop_map(|(worker, key)| Event::CrashWhileTaking { worker, key }),
    ];
    prop::collection::vec(event, 1..60)
}

/// Runs many worlds; tells the first that went wrong.
fn simulate(keys: usize, flaw: Flaw) -> Result<(), String> {
    let cases = if flaw == Flaw::None { 300 } else { 10_000 };
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 100, ..Config::default() };
    let mut runner = match flaw {
        Flaw::None => TestRunner::new(config),
        // Whether a flaw is found must not depend on luck.
        _ => TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)),
    };
    runner
        .run(&(limits(), 1..5usize, events(keys)), |(limit, workers, events)| {
            let mut world = World::new(limit, workers, keys, flaw);
            events.iter().for_each(|event| world.happen(event));
            match world.excess() {
                None => Ok(()),
                Some(excess) => Err(TestCaseError::fail(excess)),
            }
        })
        .map_err(|error| error.to_string())
}

#[test]
fn no_interval_admits_more_than_the_limit() {
    simulate(2, Flaw::None).unwrap();
}

#[test]
fn nor_when_keys_crowd_the_slot() {
    simulate(slot::CELLS * 2, Flaw::None).unwrap();
}

#[test]
fn each_flaw_is_found() {
    for (keys, flaw) in [
        (2, Flaw::ForgetsWhatIsOut),
        (2, Flaw::SpendsTheExpired),
        (2, Flaw::HoldsAreNotOut),
        (2, Flaw::ConcludesInAnyLease),
        (slot::CELLS * 2, Flaw::ForgetsOverflows),
    ] {
        assert!(simulate(keys, flaw).is_err(), "{flaw:?} went unnoticed");
    }
}

proptest! {
    #![proptest_config(Config { cases: 200, failure_persistence: None, ..Config::default() })]

    /// Whatever came before, crashes included: after a rest each key has its burst again, to the last permit
    /// and not one more, wherever its calls arrive.
    #[test]
    fn rest_brings_the_whole_burst_back(limit in limits(), workers in 1..5usize, events in events(4)) {
        let mut world = World::new(limit, workers, 4, Flaw::None);
        events.iter().for_each(|event| world.happen(event));
        world.happen(&Event::Wait(limit.time_for(limit.units(limit.burst())) + 3 * SECOND));
        for key in 0..4 {
            let mut admitted = 0;
            loop {
                let round = (0..workers).filter(|worker| world.call(*worker, key, 1)).count();
                if round == 0 {
                    break;
                }
                admitted += round;
            }
            prop_assert_eq!(admitted as u64, limit.burst());
        }
    }

    /// A steady caller below the rate is never refused.
    #[test]
    fn the_rate_is_given(limit in limits(), workers in 1..5usize, calls in 1..200usize) {
        let mut world = World::new(limit, workers, 1, Flaw::None);
        for call in 0..calls {
            prop_assert!(world.call(call % workers, 0, 1), "call {}", call);
            world.happen(&Event::Wait(limit.time_for(limit.units(1)) * 2));
        }
    }
}
