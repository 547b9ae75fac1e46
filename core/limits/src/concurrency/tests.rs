use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

fn key(name: usize) -> Key {
    Key::digest(b"rule", &[&name.to_le_bytes()])
}

/// Workers over one slot, and what really is in flight.
struct World {
    limit: u32,
    shared: Option<Vec<u8>>,
    /// The incarnation of each worker.
    workers: Vec<u64>,
    incarnations: u64,
    /// Worker and key of each call that is in.
    inside: Vec<(usize, usize)>,
}

#[derive(Clone, Debug)]
enum Event {
    Enter {
        worker: usize,
        key: usize,
    },
    Leave(usize),
    /// The worker is gone with its calls; another takes its place.
    Crash(usize),
    /// It had stored its call's entry, but the call never went on.
    CrashWhileEntering {
        worker: usize,
        key: usize,
    },
}

impl World {
    fn new(limit: u32, workers: usize) -> Self {
        let incarnations = workers as u64;
        Self { limit, shared: None, workers: (0..incarnations).collect(), incarnations, inside: Vec::new() }
    }

    fn enter(&mut self, worker: usize, name: usize) -> Entry {
        let alive: HashSet<u64> = self.workers.iter().copied().collect();
        let (changed, entry) =
            enter(self.shared.as_deref(), &key(name), self.limit, self.workers[worker], |incarnation| {
                alive.contains(&incarnation)
            })
            .unwrap();
        self.store(changed);
        entry
    }

    fn leave(&mut self, which: usize) {
        let (worker, name) = self.inside.swap_remove(which);
        let changed = leave(self.shared.as_deref(), &key(name), self.workers[worker]).unwrap();
        assert!(changed.is_some(), "who has entered is counted");
        self.store(changed);
    }

    fn crash(&mut self, worker: usize) {
        self.workers[worker] = self.incarnations;
        self.incarnations += 1;
        self.inside.retain(|(inside, _)| *inside != worker);
    }

    fn store(&mut self, changed: Option<Vec<u8>>) {
        self.shared = changed.or(self.shared.take());
        assert!(self.shared.as_ref().is_none_or(|bytes| bytes.len() <= MAX_BYTES));
    }

    fn inside(&self, name: usize) -> usize {
        self.inside.iter().filter(|(_, inside)| *inside == name).count()
    }
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        8 => (0..4usize, 0..3usize).prop_map(|(worker, key)| Event::Enter { worker, key }),
        4 => any::<usize>().prop_map(Event::Leave),
        1 => (0..4usize).prop_map(Event::Crash),
        1 => (0..4usize, 0..3usize).prop_map(|(worker, key)| Event::CrashWhileEntering { worker, key }),
    ];
    prop::collection::vec(event, 1..200)
}

proptest! {
    /// Never more than the limit, and never fewer: whoever is turned away saw as many inside, crashes or not.
    #[test]
    fn as_many_as_may_be_are_in(limit in 1..8_u32, workers in 1..5_usize, events in events()) {
        let mut world = World::new(limit, workers);
        for event in events {
            match event {
                Event::Enter { worker, key } => {
                    let worker = worker % workers;
                    let room = world.inside(key) < limit as usize;
                    let entry = world.enter(worker, key);
                    prop_assert_eq!(entry, if room { Entry::Entered } else { Entry::Full });
                    if room {
                        world.inside.push((worker, key));
                    }
                }
                Event::Leave(_) if world.inside.is_empty() => {}
                Event::Leave(which) => world.leave(which % world.inside.len()),
                Event::Crash(worker) => world.crash(worker % workers),
                Event::CrashWhileEntering { worker, key } => {
                    world.enter(worker % workers, key);
                    world.crash(worker % workers);
                }
            }
        }
        // Nothing is left of calls that have left: what a crash left behind goes with the next entry.
        while !world.inside.is_empty() {
            world.leave(0);
        }
        prop_assert_eq!(world.enter(0, 0), Entry::Entered);
        world.inside.push((0, 0));
        world.leave(0);
        prop_assert_eq!(world.shared, Some(vec![VERSION]));
    }
}

#[test]
fn a_worker_that_is_taken_for_dead_would_break_the_limit() {
    let (bytes, _) = enter(None, &key(0), 1, 1, |_| true).unwrap();
    let again = |is_alive: fn(u64) -> bool| enter(bytes.as_deref(), &key(0), 1, 2, is_alive).unwrap().1;
    assert_eq!(again(|_| true), Entry::Full);
    assert_eq!(again(|incarnation| incarnation != 1), Entry::Entered);
}

#[test]
fn without_room_to_count_no_call_enters() {
    let mut shared = None;
    for name in 0..COUNTS {
        let (changed, entry) = enter(shared.as_deref(), &key(name), 2, 1, |_| true).unwrap();
        assert_eq!(entry, Entry::Entered);
        shared = changed;
    }
    let ask = |name, incarnation| enter(shared.as_deref(), &key(name), 2, incarnation, |_| true).unwrap().1;
    assert_eq!(ask(COUNTS, 1), Entry::Unavailable);
    assert_eq!(ask(0, 2), Entry::Unavailable);
    assert_eq!(ask(0, 1), Entry::Entered);
}

#[test]
fn who_is_not_in_cannot_leave() {
    let (shared, _) = enter(None, &key(0), 1, 1, |_| true).unwrap();
    assert_eq!(leave(None, &key(0), 1), Ok(None));
    assert_eq!(leave(shared.as_deref(), &key(1), 1), Ok(None));
    assert_eq!(leave(shared.as_deref(), &key(0), 2), Ok(None));
}

#[test]
fn corrupt_bytes_let_nobody_in() {
    let (shared, _) = enter(None, &key(0), 3, 1, |_| true).unwrap();
    let good = shared.unwrap();
    let ask = |bytes: &[u8]| enter(Some(bytes), &key(0), 3, 1, |_| true).map(drop);
    assert_eq!(ask(&good), Ok(()));
    assert_eq!(ask(&good[..good.len() - 1]), Err(Corrupt));
    assert_eq!(ask(&[]), Err(Corrupt));
    assert_eq!(ask(&[&[VERSION + 1], &good[1..]].concat()), Err(Corrupt));
    assert_eq!(leave(Some(&[]), &key(0), 1), Err(Corrupt));
}
