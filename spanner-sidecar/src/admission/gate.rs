//! Who may go on, who waits, and who is turned away: a pure machine that is told what happens and when. It knows
//! nothing of tasks; whoever drives it wakes those whose tickets it names.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use spangate_operations::{Class, Database};

/// What a call needs a place of, beside the database's own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lane {
    pub class: Class,
    pub role: Option<Arc<str>>,
}

/// One who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Admitted,
    Waits {
        ticket: Ticket,
        /// Then the queue's patience ends, or the answer would come too late.
        until: Instant,
        full: Full,
    },
    TurnedAway(Full),
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    Region,
    /// The database, the class or the role.
    Database,
}

#[derive(Debug)]
pub struct Gate {
    whole: Budget,
    region: Budget,
    classes: BTreeMap<Class, Budget>,
    roles: BTreeMap<String, Budget>,
    max_waiting: usize,
    max_wait: Duration,
    /// First come, first served, within a lane: a scan that waits for a place among scans holds up no point read.
    waiting: BTreeMap<Lane, VecDeque<Waiting>>,
    tickets: u64,
}

#[derive(Debug)]
struct Waiting {
    ticket: Ticket,
    until: Instant,
}

#[derive(Debug)]
struct Budget {
    limit: usize,
    taken: usize,
}

impl Budget {
    fn new(limit: u32) -> Self {
        Self { limit: usize::try_from(limit).unwrap_or(usize::MAX), taken: 0 }
    }

    fn is_full(&self) -> bool {
        self.taken >= self.limit
    }
}

impl Gate {
    pub fn new(database: &Database, region: Option<&str>) -> Self {
        let whole = database.max_in_flight;
        let of_region = region.and_then(|region| database.regions.get(region)?.max_in_flight);
        let mut classes: BTreeMap<_, _> = database
            .classes
            .iter()
            .filter_map(|(class, limits)| Some((*class, Budget::new(limits.max_in_flight?))))
            .collect();
        // Unless the author says otherwise, scans leave half of the places to what is quick.
        classes
            .entry(Class::Scan)
            .or_insert_with(|| Budget::new(whole.min(of_region.unwrap_or(whole)).div_ceil(2)));
        let roles = database
            .roles
            .iter()
            .filter_map(|(role, limits)| Some((role.clone(), Budget::new(limits.max_in_flight?))))
            .collect();
        let (max_waiting, max_wait) = match &database.queue {
            Some(queue) => (queue.max_waiting, Duration::from_millis(queue.max_wait.milliseconds)),
            None => (0, Duration::ZERO),
        };
        Self {
            whole: Budget::new(whole),
            region: Budget::new(of_region.unwrap_or(u32::MAX)),
            classes,
            roles,
            max_waiting: usize::try_from(max_waiting).unwrap_or(usize::MAX),
            max_wait,
            waiting: BTreeMap::new(),
            tickets: 0,
        }
    }

    /// Somebody comes who must be answered before `deadline`, which is likely to take `pace`.
    pub fn come(&mut self, lane: &Lane, now: Instant, deadline: Instant, pace: Duration) -> Verdict {
        let is_queued = self.waiting.contains_key(lane);
        let full = match self.full(lane) {
            None if !is_queued => {
                self.take(lane);
                return Verdict::Admitted;
            }
            full => full.unwrap_or(Full::Database),
        };
        let latest = deadline.checked_sub(pace).unwrap_or(now);
        let until = latest.min(now + self.max_wait);
        if self.waiting_count() >= self.max_waiting || self.is_scans_part_full(lane) || until <= now {
            return Verdict::TurnedAway(full);
        }
        let ticket = Ticket(self.tickets);
        self.tickets += 1;
        self.waiting.entry(lane.clone()).or_default().push_back(Waiting { ticket, until });
        Verdict::Waits { ticket, until, full }
    }

    /// A place is free again: who gets on.
    pub fn leave(&mut self, lane: &Lane, now: Instant) -> Vec<Ticket> {
        self.whole.taken -= 1;
        self.region.taken -= 1;
        for budget in
            [self.classes.get_mut(&lane.class), of_role(&mut self.roles, lane)].into_iter().flatten()
        {
            budget.taken -= 1;
        }
        self.advance(now)
    }

    /// One who waits goes away, or has waited too long: who gets on since the way is free.
    pub fn give_up(&mut self, lane: &Lane, ticket: Ticket, now: Instant) -> Vec<Ticket> {
        if let Some(queue) = self.waiting.get_mut(lane) {
            queue.retain(|waiting| waiting.ticket != ticket);
            if queue.is_empty() {
                self.waiting.remove(lane);
            }
        }
        self.advance(now)
    }

    /// How long until a place may be free, given what each place is likely to be held for.
    pub fn expected_wait(&self, pace: Duration) -> Duration {
        let ahead = u32::try_from(self.waiting_count() + 1).unwrap_or(u32::MAX);
        let places = u32::try_from(self.whole.limit.min(self.region.limit)).unwrap_or(u32::MAX);
        pace.saturating_mul(ahead) / places.max(1)
    }

    pub fn waiting_count(&self) -> usize {
        self.waiting.values().map(VecDeque::len).sum()
    }

    /// Scans may take as much of the queue as of the places, half of it unless the author says otherwise: those that
    /// wait turn nobody away who is quick.
    fn is_scans_part_full(&self, lane: &Lane) -> bool {
        let Some(Budget { limit, .. }) = self.classes.get(&Class::Scan).filter(|_| lane.class == Class::Scan)
        else {
            return false;
        };
        let places = self.whole.limit.min(self.region.limit).max(1);
        let part = self.max_waiting.saturating_mul((*limit).min(places)).div_ceil(places);
        let scans = self.waiting.iter().filter(|(lane, _)| lane.class == Class::Scan);
        scans.map(|(_, queue)| queue.len()).sum::<usize>() >= part
    }

    fn full(&self, lane: &Lane) -> Option<Full> {
        if self.region.is_full() {
            return Some(Full::Region);
        }
        let of_role = lane.role.as_deref().and_then(|role| self.roles.get(role));
        let budgets = [Some(&self.whole), self.classes.get(&lane.class), of_role];
        budgets.into_iter().flatten().any(Budget::is_full).then_some(Full::Database)
    }

    fn take(&mut self, lane: &Lane) {
        self.whole.taken += 1;
        self.region.taken += 1;
        for budget in
            [self.classes.get_mut(&lane.class), of_role(&mut self.roles, lane)].into_iter().flatten()
        {
            budget.taken += 1;
        }
    }

    /// Lets on whoever there is room for, the longest waiting first. Whose time has passed is left out: it is told by
    /// its own clock.
    fn advance(&mut self, now: Instant) -> Vec<Ticket> {
        let mut admitted = Vec::new();
        for queue in self.waiting.values_mut() {
            queue.retain(|waiting| waiting.until > now);
        }
        self.waiting.retain(|_, queue| !queue.is_empty());
        loop {
            let heads = self.waiting.iter().filter_map(|(lane, queue)| Some((queue.front()?.ticket, lane)));
            let next = heads.filter(|(_, lane)| self.full(lane).is_none()).min_by_key(|(ticket, _)| *ticket);
            let Some((ticket, lane)) = next else { return admitted };
            let lane = lane.clone();
            if let Some(queue) = self.waiting.get_mut(&lane) {
                queue.pop_front();
                if queue.is_empty() {
                    self.waiting.remove(&lane);
                }
            }
            self.take(&lane);
            admitted.push(ticket);
        }
    }
}

fn of_role<'b>(roles: &'b mut BTreeMap<String, Budget>, lane: &Lane) -> Option<&'b mut Budget> {
    roles.get_mut(lane.role.as_deref()?)
}

#[cfg(test)]
mod tests;
