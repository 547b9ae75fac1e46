//! Who fetches an issuer's keys, and when the next one may: a lease, a back-off, and a bound on how often calls
//! with unknown keys can make us ask. Pure, as a value in shared data.

/// After this a fetch counts as lost with its worker. Longer than the two requests of a discovery may take.
const LEASE: u64 = 12 * SECOND;

/// From one fetch that a call has caused to the next: so there are at most three in ten seconds, and a call whose key
/// has just come waits no longer than this, however many forged ones came before it.
const ASKED_INTERVAL: u64 = 10 * SECOND / 3 + 1;

/// The first wait after a failure; each further failure doubles it.
const BACK_OFF: u64 = SECOND;
const LONGEST_BACK_OFF: u64 = 32 * SECOND;

const SECOND: u64 = 1_000_000_000;

/// Instants are in nanoseconds of the clock that all workers share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct FetchState {
    leased_until: u64,
    failures: u64,
    not_before: u64,
    /// When the last fetch began, and the last one that failed.
    begun: u64,
    failed: u64,
    /// When a call may cause the next one.
    asked_not_before: u64,
}

impl FetchState {
    pub fn under_way(&self, now: u64) -> bool {
        now < self.leased_until
    }

    pub fn failures(&self) -> u64 {
        self.failures
    }

    pub fn begun(&self) -> u64 {
        self.begun
    }

    /// Whether a fetch for a call that came at `since` has failed, or none will begin by `end`.
    pub fn has_failed(&self, since: u64, end: u64) -> bool {
        self.failed > since || self.not_before > end
    }

    /// `asked`: because of a call whose key is unknown, although there are keys.
    pub fn may_begin(&self, now: u64, asked: bool) -> bool {
        !self.under_way(now) && now >= self.not_before && (!asked || now >= self.asked_not_before)
    }

    pub fn begin(self, now: u64, asked: bool) -> Self {
        let asked_not_before = if asked { now.saturating_add(ASKED_INTERVAL) } else { self.asked_not_before };
        Self { leased_until: now.saturating_add(LEASE), begun: now, asked_not_before, ..self }
    }

    pub fn succeed(self) -> Self {
        Self { leased_until: 0, failures: 0, not_before: 0, ..self }
    }

    pub fn fail(self, now: u64) -> Self {
        let doublings = u32::try_from(self.failures.min(5)).unwrap_or(5);
        let wait = BACK_OFF.saturating_mul(2_u64.saturating_pow(doublings)).min(LONGEST_BACK_OFF);
        Self {
            leased_until: 0,
            failures: self.failures.saturating_add(1),
            not_before: now.saturating_add(wait),
            failed: self.begun,
            ..self
        }
    }

    pub fn encode(&self) -> Vec<u8> {
        let Self { leased_until, failures, not_before, begun, failed, asked_not_before } = self;
        [leased_until, failures, not_before, begun, failed, asked_not_before]
            .into_iter()
            .flat_map(|field| field.to_le_bytes())
            .collect()
    }

    /// Bytes that are none of ours count as a new state: the worst of it is one fetch too many.
    pub fn decode(bytes: &[u8]) -> Self {
        let (fields, _) = bytes.as_chunks();
        match fields.first_chunk().map(|fields| fields.map(u64::from_le_bytes)) {
            Some([leased_until, failures, not_before, begun, failed, asked_not_before]) => {
                Self { leased_until, failures, not_before, begun, failed, asked_not_before }
            }
            None => Self::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_fetch_at_a_time_and_a_lost_one_is_forgotten() {
        let state = FetchState::default().begin(5, false);
        assert!(state.under_way(5 + LEASE - 1) && !state.may_begin(5 + LEASE - 1, false));
        assert!(!state.under_way(5 + LEASE) && state.may_begin(5 + LEASE, false));
        assert_eq!(FetchState::decode(&state.encode()), state);
        assert_eq!(FetchState::decode(&[1, 2, 3]), FetchState::default());
    }

    /// In every ten seconds, not only in those that some window begins with.
    #[test]
    fn unknown_keys_cause_three_fetches_in_any_ten_seconds() {
        let mut state = FetchState::default();
        let mut begun: Vec<u64> = Vec::new();
        for now in (100 * SECOND..160 * SECOND).step_by(1_000_000) {
            if state.may_begin(now, true) {
                state = state.begin(now, true).succeed();
                begun.push(now);
            }
        }
        assert_eq!(begun[0], 100 * SECOND, "the first at once");
        for (index, start) in begun.iter().enumerate() {
            let within = begun[index..].iter().take_while(|later| *later - start < 10 * SECOND).count();
            assert!(within <= 3, "{within} from {start}");
            assert!(state.may_begin(*start + 100 * SECOND, true));
        }
        assert!(begun.len() >= 17, "and as often as that allows: {}", begun.len());
        let early = FetchState::default().begin(0, true).succeed();
        assert!(early.may_begin(1, false) && !early.may_begin(1, true), "planned fetches do not count");
    }

    #[test]
    fn a_failure_counts_for_calls_that_came_before_it_began() {
        let failed = FetchState::default().begin(10, true).fail(12);
        assert!(failed.has_failed(9, 9) && !failed.has_failed(10, 20 * SECOND));
        assert!(failed.has_failed(20, 30), "backing off until after its end");
    }

    #[test]
    fn failures_back_off_and_a_success_ends_that() {
        let mut state = FetchState::default();
        let mut waits = Vec::new();
        for _ in 0..8 {
            state = state.begin(0, false).fail(0);
            waits.push(state.not_before / SECOND);
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 32, 32]);
        assert!(!state.may_begin(31 * SECOND, true) && state.may_begin(32 * SECOND, true));
        assert!(state.succeed().may_begin(0, false));
    }
}
