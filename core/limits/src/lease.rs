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
}

impl Lease {
    /// Takes `cost` permits from the lease, or nothing: an expired lease has none.
    pub fn spend(&mut self, now: u64, cost: u64) -> bool {
        match self.left.checked_sub(cost) {
            Some(left) if self.alive(now) => {
                self.left = left;
                self.spent = self.spent.saturating_add(cost);
                true
            }
            _ => false,
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
        Take { cost, block: block.min(share).min(refilled).max(1), settle: self.returned() }
    }

    /// What to hand back when the lease is about to die with permits unspent, for a host to ask now and then.
    pub fn surrender(&self, now: u64) -> Option<Take> {
        let near = now.saturating_add(LEASE_PERIOD / 2) >= self.expires();
        let settle = self.returned().filter(|returned| near && returned.unspent > 0 && self.alive(now))?;
        Some(Take { cost: 0, block: 0, settle: Some(settle) })
    }

    /// Takes over what the cell said to `take`, once the host has stored the cell. Until then the lease stands.
    pub fn accept(&mut self, now: u64, take: &Take, outcome: &Outcome) {
        let grant = match outcome {
            Outcome::Granted(grant) => *grant,
            Outcome::Refused(refusal) => {
                Grant { permits: 0, generation: self.generation, standing: refusal.standing }
            }
            Outcome::Unavailable => return,
        };
        *self = Self {
            left: grant.permits,
            spent: 0,
            generation: grant.generation,
            since: now,
            block: take.block,
            standing: grant.standing,
        };
    }

    /// Whether nothing is lost by forgetting this lease.
    pub fn is_idle(&self, now: u64) -> bool {
        self.left == 0 && self.spent == 0 || !self.alive(now)
    }

    /// The account as this worker last saw it, its own permits included.
    pub fn standing(&self) -> Standing {
        Standing { remaining: self.standing.remaining.saturating_add(self.left), ..self.standing }
    }

    /// From this instant on nothing of it may be spent.
    pub fn expires(&self) -> u64 {
        self.generation.saturating_add(2).saturating_mul(LEASE_PERIOD).saturating_sub(CLOCK_MARGIN)
    }

    /// Also a clock that has stepped back further than the margin kills it.
    fn alive(&self, now: u64) -> bool {
        now < self.expires() && now.saturating_add(CLOCK_MARGIN) >= self.since
    }

    /// The flaw that the simulator must notice.
    #[cfg(test)]
    pub(crate) fn outlive(&mut self, time: u64) {
        self.generation += time.div_ceil(LEASE_PERIOD);
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
        let take = Take { cost: 1, block: 10, settle: None };
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
        assert_eq!(surrender, Take { cost: 0, block: 0, settle: Some(returned) });
    }
}
