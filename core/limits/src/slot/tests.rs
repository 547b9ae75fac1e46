use super::*;
use crate::Returned;

const SECOND: u64 = 1_000_000_000;

const ONE: Take = Take { cost: 1, block: 1, hold: false, settle: [None; 2] };

/// A slot as a host holds it.
#[derive(Default)]
struct Host(Option<Vec<u8>>);

impl Host {
    fn take(&mut self, key: &Key, limit: &Limit, now: u64) -> Outcome {
        let (changed, outcome) = take(self.0.as_deref(), key, limit, now, &ONE).unwrap();
        self.0 = changed.or(self.0.take());
        assert!(self.0.as_ref().is_none_or(|bytes| bytes.len() <= MAX_BYTES));
        outcome
    }

    /// How many calls pass until one is refused.
    fn admits(&mut self, key: &Key, now: u64) -> u64 {
        (0..).find(|_| !matches!(self.take(key, &limit(), now), Outcome::Granted(_))).unwrap()
    }

    /// A slot with as many keys as have a cell of their own, each of which has spent one permit.
    fn crowded() -> Self {
        let mut host = Self::default();
        for name in 0..CELLS {
            assert!(matches!(host.take(&key("a", name), &limit(), SECOND), Outcome::Granted(_)));
        }
        host
    }

    fn slot(&self) -> Slot {
        Slot::decode(self.0.as_ref().unwrap()).unwrap()
    }
}

/// One a second, three at once.
fn limit() -> Limit {
    Limit::new(1, SECOND, Some(3)).unwrap()
}

fn key(rule: &str, name: usize) -> Key {
    Key::digest(rule.as_bytes(), &[name.to_string().as_bytes()])
}

#[test]
fn keys_keep_apart_while_there_is_room() {
    let mut host = Host::crowded();
    for name in 0..CELLS {
        assert_eq!(host.admits(&key("a", name), SECOND), 2, "{name}");
    }
}

#[test]
fn the_crowded_share_and_bring_their_debt_along() {
    let mut host = Host::crowded();
    let (first, second) = (key("a", 100), key("a", 101));
    host.take(&first, &limit(), SECOND);
    assert_eq!(host.admits(&second, SECOND), 2, "one is the first one's");
    // A second later the others are full again and forgotten, so that there is room for both.
    assert_eq!(host.admits(&first, 2 * SECOND), 1, "what the overflow had, and no burst of three");
    assert_eq!(host.admits(&second, 2 * SECOND), 1);
    assert_eq!((host.slot().cells.len(), host.slot().overflows.len()), (2, 1));
    assert_eq!(host.admits(&first, 5 * SECOND), 3);
}

#[test]
fn what_cannot_be_told_from_new_is_forgotten() {
    let mut host = Host::crowded();
    host.take(&key("a", 100), &limit(), 2 * SECOND - 1);
    assert_eq!((host.slot().cells.len(), host.slot().overflows.len()), (CELLS, 1));
    host.take(&key("a", 101), &limit(), 2 * SECOND);
    assert_eq!((host.slot().cells.len(), host.slot().overflows.len()), (1, 1));
}

#[test]
fn without_room_for_a_rule_no_call_passes() {
    let mut host = Host::crowded();
    for rule in ["b", "c", "d", "e"] {
        assert!(matches!(host.take(&key(rule, 0), &limit(), SECOND), Outcome::Granted(_)));
    }
    let before = host.0.clone();
    assert_eq!(host.take(&key("f", 0), &limit(), SECOND), Outcome::Unavailable);
    assert_eq!(host.0, before);
}

#[test]
fn a_refused_call_writes_nothing_but_a_settlement() {
    let mut host = Host::default();
    host.admits(&key("a", 0), SECOND);
    let ask = |ask: &Take| take(host.0.as_deref(), &key("a", 0), &limit(), SECOND, ask).unwrap().0;
    assert_eq!(ask(&ONE), None);
    let settle = [Some(Returned { generation: 1, spent: 0, unspent: 0 }), None];
    assert!(ask(&Take { settle, ..ONE }).is_some());
}

#[test]
fn corrupt_bytes_are_an_error_and_no_fresh_burst() {
    let mut host = Host::crowded();
    host.take(&key("a", 100), &limit(), SECOND);
    let good = host.0.clone().unwrap();
    assert_eq!(host.slot().encode(), good);
    let ask = |bytes: &[u8]| take(Some(bytes), &key("a", 0), &limit(), SECOND, &ONE).map(drop);
    assert_eq!(ask(&good), Ok(()));
    for length in 0..good.len() {
        assert_eq!(ask(&good[..length]), Err(Corrupt), "{length} bytes");
    }
    assert_eq!(ask(&[&[VERSION + 1], &good[1..]].concat()), Err(Corrupt));
    assert_eq!(ask(&[&good[..], &[0]].concat()), Err(Corrupt));
    let mut rich = host.slot();
    rich.cells_mut().for_each(|cell| cell.level = limit().units(3) + 1);
    assert_eq!(ask(&rich.encode()), Err(Corrupt), "more than the burst");
}
