//! The account of one key: a token bucket that knows how many of its permits are out with workers.
//!
//! Why it holds: let Φ be the cell's level and all permits out that may still be spent or given back. The cell keeps
//! `level + outstanding ≤ burst`, and `outstanding` counts every lease until after that lease has died, so
//! Φ ≤ burst always. A call takes one from Φ, only time adds to it, and never more than rate·T. Hence in
//! every interval at most burst + rate·T calls are admitted.

use crate::{LEASE_PERIOD, Limit};

/// Level and permits out at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// In units of the limit (see [`Limit`]).
    pub(crate) level: u128,
    /// The latest instant that the cell has seen: time before it is not counted twice.
    pub(crate) updated: u64,
    /// Permits out that were granted in the period of `updated`, and in the one before.
    pub(crate) newer: u64,
    pub(crate) older: u64,
}

/// What a worker asks of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Take {
    /// Permits that are spent at once, by the call that asks.
    pub cost: u64,
    /// How many permits to take in all if they are there: what is above `cost` goes into the lease.
    pub block: u64,
    /// The call may give its permits back, so they count as out, like the rest of the block.
    pub hold: bool,
    /// What the worker gives up of leases that it had.
    pub settle: [Option<Returned>; 2],
}

impl Take {
    /// Whether this changes a cell, if it is granted.
    pub(crate) fn draws(&self) -> bool {
        self.cost > 0 || self.block > 0
    }

    pub(crate) fn settles(&self) -> bool {
        self.settle.iter().any(Option::is_some)
    }
}

/// Permits that were out and no longer are. Only what is out can be settled, and only once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Returned {
    /// The period in which they were granted.
    pub generation: u64,
    pub spent: u64,
    pub unspent: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Granted(Grant),
    Refused(Refusal),
    /// The slot has no room to account for this key: neither a yes nor a no to its rate can be given.
    Unavailable,
}

/// The call's cost is spent, and `permits` more are the worker's to spend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    pub permits: u64,
    /// The period in which they were granted, from which the lease's expiry follows.
    pub generation: u64,
    pub standing: Standing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Nanoseconds after which the same call could pass; absent when it costs more than the burst.
    pub retry_after: Option<u64>,
    pub standing: Standing,
}

/// How an account stands: what may be told to the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Whole permits in the cell.
    pub remaining: u64,
    /// Nanoseconds until, untouched, all of the burst is back.
    pub full_after: u64,
}

impl Cell {
    /// A cell that nobody has used.
    pub fn full(limit: &Limit, now: u64) -> Self {
        Self { level: limit.units(limit.burst()), updated: now, newer: 0, older: 0 }
    }

    /// Settles, refills and grants, as of `now`.
    pub fn take(mut self, limit: &Limit, now: u64, take: &Take) -> (Self, Outcome) {
        // Time first: what is settled below was out until now, so it held back the refill until now.
        self.advance(limit, now);
        for returned in take.settle.iter().flatten() {
            self.settle(limit, returned);
        }
        let available = limit.permits(self.level);
        if take.cost > available {
            let retry_after = self.wait(limit, take.cost);
            return (self, Outcome::Refused(Refusal { retry_after, standing: self.standing(limit) }));
        }
        let taken = available.min(take.block.max(take.cost));
        let permits = taken.saturating_sub(take.cost);
        self.level = self.level.saturating_sub(limit.units(taken));
        self.newer = self.newer.saturating_add(if take.hold { taken } else { permits });
        let grant = Grant { permits, generation: generation(self.updated), standing: self.standing(limit) };
        (self, Outcome::Granted(grant))
    }

    /// When, untouched, this cell can no more be told from a new one.
    pub fn full_at(&self, limit: &Limit) -> u64 {
        self.updated.saturating_add(self.wait(limit, limit.burst()).unwrap_or(u64::MAX))
    }

    /// Whether this can be a cell of that limit at all.
    pub(crate) fn fits(&self, limit: &Limit) -> bool {
        let out = self.newer.checked_add(self.older);
        out.is_some_and(|out| self.level.saturating_add(limit.units(out)) <= limit.units(limit.burst()))
    }

    fn outstanding(&self) -> u64 {
        self.newer.saturating_add(self.older)
    }

    /// Lets time pass. What is out when its generation ends is gone: spent, or lost with its worker.
    fn advance(&mut self, limit: &Limit, now: u64) {
        while self.outstanding() > 0 {
            let end = next_period(self.updated);
            if end > now {
                break;
            }
            self.refill(limit, end);
            self.older = self.newer;
            self.newer = 0;
        }
        self.refill(limit, now);
    }

    fn refill(&mut self, limit: &Limit, now: u64) {
        let room = limit.units(limit.burst().saturating_sub(self.outstanding()));
        let refilled = self.level.saturating_add(limit.refill(now.saturating_sub(self.updated)));
        self.level = refilled.min(room);
        self.updated = self.updated.max(now);
    }

    /// Spent permits stop counting as out, unspent ones go back. A lease that the cell no longer counts brings
    /// nothing: its permits were given up for lost when its generation ended.
    fn settle(&mut self, limit: &Limit, returned: &Returned) {
        let current = generation(self.updated);
        let out = if returned.generation == current {
            &mut self.newer
        } else if returned.generation.saturating_add(1) == current {
            &mut self.older
        } else {
            return;
        };
        let counted = returned.spent.checked_add(returned.unspent).and_then(|all| out.checked_sub(all));
        if let Some(left) = counted {
            *out = left;
            self.level = self.level.saturating_add(limit.units(returned.unspent));
        }
    }

    /// Nanoseconds until `cost` permits are there, if nobody else takes or returns any.
    fn wait(mut self, limit: &Limit, cost: u64) -> Option<u64> {
        if cost > limit.burst() {
            return None;
        }
        let start = self.updated;
        while cost > limit.burst().saturating_sub(self.outstanding()) {
            self.advance(limit, next_period(self.updated));
        }
        let missing = limit.units(cost).saturating_sub(self.level);
        Some(self.updated.saturating_sub(start).saturating_add(limit.time_for(missing)))
    }

    fn standing(&self, limit: &Limit) -> Standing {
        let full_after = self.full_at(limit).saturating_sub(self.updated);
        Standing { remaining: limit.permits(self.level), full_after }
    }
}

/// The period of leases in which an instant lies.
fn generation(instant: u64) -> u64 {
    instant.checked_div(LEASE_PERIOD).unwrap_or(0)
}

fn next_period(instant: u64) -> u64 {
    generation(instant).saturating_add(1).saturating_mul(LEASE_PERIOD)
}

#[cfg(test)]
mod tests;
