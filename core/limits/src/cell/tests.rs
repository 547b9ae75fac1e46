use super::*;

const SECOND: u64 = 1_000_000_000;

fn limit() -> Limit {
    Limit::new(10, SECOND, Some(10)).unwrap()
}

fn one() -> Take {
    Take { cost: 1, block: 1, hold: false, settle: [None; 2] }
}

fn block(block: u64) -> Take {
    Take { block, ..one() }
}

/// How many calls of cost 1 pass until one is refused, and that refusal.
fn drain(mut cell: Cell, limit: &Limit, now: u64) -> (u64, Refusal) {
    for admitted in 0.. {
        match cell.take(limit, now, &one()) {
            (next, Outcome::Granted(_)) => cell = next,
            (_, Outcome::Refused(refusal)) => return (admitted, refusal),
            (_, Outcome::Unavailable) => unreachable!("a cell is always there"),
        }
    }
    unreachable!()
}

#[test]
fn a_burst_then_the_rate() {
    let (admitted, refusal) = drain(Cell::full(&limit(), SECOND), &limit(), SECOND);
    assert_eq!((admitted, refusal.retry_after), (10, Some(SECOND / 10)));
    assert_eq!(refusal.standing, Standing { remaining: 0, full_after: SECOND });
}

#[test]
fn what_is_out_holds_back_the_refill() {
    // A worker takes ten of a burst of ten at 1.0 s, and is gone. Its lease lives until 3 s.
    let (cell, _) = Cell::full(&limit(), SECOND).take(&limit(), SECOND, &block(10));
    assert_eq!(drain(cell, &limit(), 3 * SECOND - 1).0, 1, "only the spent one came back");
    assert_eq!(
        drain(cell, &limit(), 3 * SECOND + SECOND / 2).0,
        6,
        "from 3 s on it refills: that one and five"
    );
    assert_eq!(drain(cell, &limit(), 9 * SECOND).0, 10);
}

#[test]
fn leases_expire_each_in_its_time() {
    let (cell, _) = Cell::full(&limit(), SECOND).take(&limit(), SECOND, &block(4));
    let (cell, _) = cell.take(&limit(), 2 * SECOND, &block(4));
    assert_eq!((cell.newer, cell.older), (3, 3));
    let (cell, _) = cell.take(&limit(), 3 * SECOND, &one());
    assert_eq!((cell.newer, cell.older), (0, 3), "a busy key does not keep a lost lease counted");
}

#[test]
fn settling_gives_back_what_is_unspent() {
    let (cell, _) = Cell::full(&limit(), SECOND).take(&limit(), SECOND, &block(10));
    let returned = Returned { generation: 1, spent: 4, unspent: 5 };
    let settle = Take { cost: 0, block: 0, hold: false, settle: [Some(returned), None] };
    let (settled, _) = cell.take(&limit(), SECOND, &settle);
    assert_eq!(drain(settled, &limit(), SECOND).0, 5);
    let (late, _) = cell.take(&limit(), 3 * SECOND, &settle);
    assert_eq!(drain(late, &limit(), 3 * SECOND).0, 1, "what has expired brings nothing");
}

#[test]
fn what_was_never_out_cannot_be_returned() {
    let (cell, _) = Cell::full(&limit(), SECOND).take(&limit(), SECOND, &block(5));
    for (generation, spent, unspent) in [(1, 0, 5), (1, 5, 0), (0, 0, 1), (2, 0, 1), (1, u64::MAX, u64::MAX)]
    {
        let settle = [Some(Returned { generation, spent, unspent }), None];
        let (forged, _) = cell.take(&limit(), SECOND, &Take { cost: 0, block: 0, hold: false, settle });
        assert_eq!(forged, cell, "{settle:?}");
    }
}

#[test]
fn a_clock_that_steps_back_adds_nothing() {
    let (cell, _) = Cell::full(&limit(), 9 * SECOND).take(&limit(), 9 * SECOND, &Take { cost: 10, ..one() });
    for now in [0, 5 * SECOND, 9 * SECOND] {
        assert_eq!(drain(cell, &limit(), now).0, 0);
    }
    let (cell, _) = cell.take(&limit(), 5 * SECOND, &Take { cost: 0, ..one() });
    assert_eq!(drain(cell, &limit(), 9 * SECOND).0, 0, "the time between is not counted twice");
}

#[test]
fn retry_after_is_when_it_passes_and_not_before() {
    let slow = Limit::new(3, 7, Some(5)).unwrap();
    for limit in [limit(), slow] {
        for out in 0..5 {
            let (cell, _) =
                Cell::full(&limit, SECOND).take(&limit, SECOND, &Take { cost: 5, ..block(5 + out) });
            for cost in 1..=limit.burst() {
                let take = Take { cost, ..one() };
                let Outcome::Refused(refusal) = cell.take(&limit, SECOND, &take).1 else { continue };
                let at = SECOND + refusal.retry_after.unwrap();
                assert!(matches!(cell.take(&limit, at, &take).1, Outcome::Granted(_)), "{out} {cost}");
                assert!(matches!(cell.take(&limit, at - 1, &take).1, Outcome::Refused(_)), "{out} {cost}");
            }
        }
    }
    let never = Take { cost: 11, ..one() };
    let (_, outcome) = Cell::full(&limit(), 0).take(&limit(), 0, &never);
    assert!(matches!(outcome, Outcome::Refused(Refusal { retry_after: None, .. })));
}
