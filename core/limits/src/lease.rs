//! A worker's own permits of one key. It spends them without asking anyone, learns how large a block is worth
//! taking, and settles the rest when it comes back to the cell.

use crate::{CLOCK_MARGIN, Grant, LEASE_PERIOD, Limit, Outcome, Returned, Standing, Take};

/// Exhausted sooner than this, the next block is twice as large.
const QUICK: u64 = LEASE_PERIOD / 10;

/// Empty when new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lease {
    left: u64,
    spent: u64,
    generation: u64,
    /// When it was granted.
    since: u64,
    /// Size of the block that was last asked for.
    block: u64,
    /// How the cell stood then.
    standing: Standing,
    /// What has become of permits that calls held of an earlier lease.
    late: Option<Returned>,
}

/// Permits of a call of which it is not known yet whether it counts. Whoever loses it loses permits only: the cell
/// counts them as out until their lease has died.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "permits that are not given back are lost for as long as a lease lives"]
pub struct Hold {
    permits: u64,
    generation: u64,
}

impl Lease {
    /// Takes `cost` permits from the lease, or nothing: an expired lease has none.
    pub fn spend(&mut self, now: u64, cost: u64) -> bool {
        let paid = self.draw(now, cost);
        if paid {
            self.spent = self.spent.saturating_add(cost);
        }
        paid
    }

    /// The same for a call that may not count in the end.
    pub fn hold(&mut self, now: u64, cost: u64) -> Option<Hold> {
        self.draw(now, cost).then_some(Hold { permits: cost, generation: self.generation })
    }

    /// The call that held permits has used so many of them: the others are the worker's again, or the cell's if
    /// their lease was not the last. What the cell no longer counts as out brings nothing.
    pub fn conclude(&mut self, hold: Hold, used: u64) {
        let Hold { permits, generation } = hold;
        let spent = used.min(permits);
        let unspent = permits.saturating_sub(spent);
        if generation == self.generation {
            self.left = self.left.saturating_add(unspent);
            self.spent = self.spent.saturating_add(spent);
            return;
        }
        match &mut self.late {
            Some(late) if late.generation == generation => {
                late.spent = late.spent.saturating_add(spent);
                late.unspent = late.unspent.saturating_add(unspent);
            }
            Some(late) if late.generation > generation => {}
            late => *late = Some(Returned { generation, spent, unspent }),
        }
    }

    /// What to ask of the cell for a call that the lease could not pay. Blocks begin with one permit, the
    /// call's own, double while they are used up quickly, and stay small in two ways. All workers together hold
    /// at most a quarter of the burst: with a small burst nothing is ever held, and the burst is exact. And a
    /// block is no more than comes back while a lease lives, so that one lost with its worker is soon made up.
    pub fn ask(&self, limit: &Limit, now: u64, cost: u64, workers: u64) -> Take {
        let held = now.saturating_sub(self.since);
        let block = match self.block {
            0 => 1,
            block if held < QUICK => block.saturating_mul(2),
            block if held > LEASE_PERIOD => block.checked_div(2).unwrap_or(1),
            block => block,
        };
        let share = limit.burst().checked_div(workers.saturating_mul(4)).unwrap_or(0);
        let refilled = limit.permits(limit.refill(LEASE_PERIOD));
        // What costs nothing draws nothing.
        let block = if cost == 0 { 0 } else { block.min(share).min(refilled).max(1) };
        Take { cost, block, hold: false, settle: self.settle() }
    }

    /// What to hand back when permits are about to expire unspent, for a host to ask now and then.
    pub fn surrender(&self, now: u64) -> Option<Take> {
        let near = now.saturating_add(LEASE_PERIOD / 2) >= self.expires() && self.alive(now);
        let unspent = |returned: Option<Returned>| returned.is_some_and(|returned| returned.unspent > 0);
        let worth_it = near && unspent(self.returned()) || unspent(self.late);
        worth_it.then(|| Take { cost: 0, block: 0, hold: false, settle: self.settle() })
    }

    /// Takes over what the cell said to `take`, once the host has stored the cell. Until then the lease stands.
    /// Gives the hold, if the take asked for one and was granted.
    pub fn accept(&mut self, now: u64, take: &Take, outcome: &Outcome) -> Option<Hold> {
        let grant = match outcome {
            Outcome::Granted(grant) => *grant,
            Outcome::Refused(refusal) => {
                Grant { permits: 0, generation: self.generation, standing: refusal.standing }
            }
            Outcome::Unavailable => return None,
        };
        *self = Self {
            left: grant.permits,
            spent: 0,
            generation: grant.generation,
            since: now,
            block: take.block,
            standing: grant.standing,
            late: None,
        };
        let held = take.hold && matches!(outcome, Outcome::Granted(_));
        held.then_some(Hold { permits: take.cost, generation: grant.generation })
    }

    /// Whether nothing is lost by forgetting this lease.
    pub fn is_idle(&self, now: u64) -> bool {
        self.settle() == [None, None] || !self.alive(now)
    }

    /// The account as this worker last saw it, its own permits included.
    pub fn standing(&self) -> Standing {
        Standing { remaining: self.standing.remaining.saturating_add(self.left), ..self.standing }
    }

    /// From this instant on nothing of it may be spent.
    pub fn expires(&self) -> u64 {
        self.generation.saturating_add(2).saturating_mul(LEASE_PERIOD).saturating_sub(CLOCK_MARGIN)
    }

    fn draw(&mut self, now: u64, cost: u64) -> bool {
        match self.left.checked_sub(cost) {
            Some(left) if self.alive(now) => {
                self.left = left;
                true
            }
            _ => false,
        }
    }

    /// Also a clock that has stepped back further than the margin kills it.
    fn alive(&self, now: u64) -> bool {
        now < self.expires() && now.saturating_add(CLOCK_MARGIN) >= self.since
    }

    /// A flaw that the simulator must notice.
    #[cfg(test)]
    pub(crate) fn outlive(&mut self, time: u64) {
        self.generation += time.div_ceil(LEASE_PERIOD);
    }

    /// Another: a hold of an earlier lease is taken for one of this.
    #[cfg(test)]
    pub(crate) fn adopt(&self, hold: &mut Hold) {
        hold.generation = self.generation;
    }

    fn settle(&self) -> [Option<Returned>; 2] {
        [self.returned(), self.late]
    }

    fn returned(&self) -> Option<Returned> {
        let Self { left: unspent, spent, generation, .. } = *self;
        (unspent > 0 || spent > 0).then_some(Returned { generation, spent, unspent })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cell;

    const SECOND: u64 = 1_000_000_000;

    /// Calls on one worker, `gap` apart; the blocks it asked for.
    fn blocks(limit: &Limit, workers: u64, gap: u64, calls: u64) -> Vec<u64> {
        let mut cell = Cell::full(limit, 0);
        let mut lease = Lease::default();
        let mut blocks = Vec::new();
        for call in 0..calls {
            let now = call * gap;
            if !lease.spend(now, 1) {
                let take = lease.ask(limit, now, 1, workers);
                let (next, outcome) = cell.take(limit, now, &take);
                cell = next;
                lease.accept(now, &take, &outcome);
                blocks.push(take.block);
            }
        }
        blocks
    }

    #[test]
    fn blocks_follow_use() {
        let limit = Limit::new(1000, SECOND, None).unwrap();
        assert_eq!(blocks(&limit, 4, 1000, 100), [1, 2, 4, 8, 16, 32, 62]);
        assert_eq!(blocks(&limit, 4, SECOND, 5), [1; 5], "a slow caller holds nothing");
        let small = Limit::new(100, 60 * SECOND, Some(20)).unwrap();
        assert_eq!(blocks(&small, 4, 1000, 20), [1; 20], "a small burst is never parcelled out");
        let slow = Limit::new(1000, 3600 * SECOND, None).unwrap();
        assert_eq!(blocks(&slow, 4, 1000, 100), [1; 100], "a lost block would be missed for minutes");
    }

    #[test]
    fn an_expired_lease_is_spent_by_nobody() {
        let limit = Limit::new(1000, SECOND, None).unwrap();
        let take = Take { cost: 1, block: 10, hold: false, settle: [None; 2] };
        let (_, outcome) = Cell::full(&limit, 0).take(&limit, 5 * SECOND, &take);
        let mut lease = Lease::default();
        lease.accept(5 * SECOND, &take, &outcome);
        assert!(lease.spend(5 * SECOND, 4));
        assert!(lease.spend(lease.expires() - 1, 1));
        assert!(!lease.spend(lease.expires(), 1));
        assert!(!lease.spend(4 * SECOND, 1), "the clock stepped back before the grant");
        assert!(!lease.spend(5 * SECOND, 5), "four are left");
        assert_eq!(lease.surrender(5 * SECOND), None, "not yet");
        let returned = Returned { generation: 5, spent: 5, unspent: 4 };
        let surrender = lease.surrender(lease.expires() - 1).unwrap();
        let settle = [Some(returned), None];
        assert_eq!(surrender, Take { cost: 0, block: 0, hold: false, settle });
    }

    /// Ten at once, ten a second, and a lease for a call that holds three.
    fn holding(now: u64) -> (Limit, Cell, Lease, Hold) {
        let limit = Limit::new(10, SECOND, None).unwrap();
        let mut lease = Lease::default();
        let take = Take { hold: true, ..lease.ask(&limit, now, 3, 1) };
        let (cell, outcome) = Cell::full(&limit, now).take(&limit, now, &take);
        let hold = lease.accept(now, &take, &outcome).unwrap();
        (limit, cell, lease, hold)
    }

    #[test]
    fn what_a_call_held_and_did_not_use_is_the_worker_s_again() {
        let (_, _, mut lease, hold) = holding(5 * SECOND);
        assert!(!lease.spend(5 * SECOND, 1));
        lease.conclude(hold, 1);
        assert!(lease.spend(5 * SECOND, 2));
        assert!(!lease.spend(5 * SECOND, 1), "one was used");
        assert_eq!(lease.returned(), Some(Returned { generation: 5, spent: 3, unspent: 0 }));
    }

    #[test]
    fn what_was_held_longer_than_the_lease_goes_back_to_the_cell() {
        let (limit, cell, mut lease, hold) = holding(5 * SECOND);
        let now = 6 * SECOND;
        let take = lease.ask(&limit, now, 1, 1);
        let (cell, outcome) = cell.take(&limit, now, &take);
        lease.accept(now, &take, &outcome);
        lease.conclude(hold, 0);
        assert!(!lease.spend(now, 1), "it is not of this lease");
        let surrender = lease.surrender(now).unwrap();
        assert_eq!(surrender.settle, [None, Some(Returned { generation: 5, spent: 0, unspent: 3 })]);
        let (cell, _) = cell.take(&limit, now, &surrender);
        let take = Take { cost: 9, block: 9, hold: false, settle: [None; 2] };
        assert!(matches!(cell.take(&limit, now, &take).1, Outcome::Granted(_)));
        assert!(matches!(cell.take(&limit, now, &Take { cost: 10, ..take }).1, Outcome::Refused(_)));
    }

    #[test]
    fn what_costs_nothing_draws_nothing() {
        let limit = Limit::new(10, SECOND, None).unwrap();
        let mut lease = Lease::default();
        let take = lease.ask(&limit, SECOND, 0, 1);
        let cell = Cell::full(&limit, SECOND);
        let (after, outcome) = cell.take(&limit, SECOND, &take);
        assert!(matches!(outcome, Outcome::Granted(Grant { permits: 0, .. })));
        assert_eq!(after, cell);
        lease.accept(SECOND, &take, &outcome);
        assert!(lease.spend(SECOND, 0));
        assert_eq!(lease.standing().remaining, 10);
    }
}
