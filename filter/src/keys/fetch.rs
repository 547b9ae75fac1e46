//! Who fetches an issuer's keys, and when the next one may: a lease, a back-off, and a bound on how often calls
//! with unknown keys can make us ask. Pure, as a value in shared data.

/// After this a fetch counts as lost with its worker. Longer than a fetch may take.
const LEASE: u64 = 8 * SECOND;

/// Fetches that calls may cause beyond the planned ones: so many in so long.
const ASKED: u64 = 3;
const ASKED_WINDOW: u64 = 10 * SECOND;

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
    window: u64,
    asked: u64,
}

impl FetchState {
    pub fn under_way(&self, now: u64) -> bool {
        now < self.leased_until
    }

    pub fn failures(&self) -> u64 {
        self.failures
    }

    /// `asked`: because of a call whose key is unknown, although there are keys.
    pub fn may_begin(&self, now: u64, asked: bool) -> bool {
        let in_window = now.saturating_sub(self.window) < ASKED_WINDOW;
        now >= self.not_before && !(asked && in_window && self.asked >= ASKED)
    }

    pub fn begin(self, now: u64, asked: bool) -> Self {
        let mut begun = Self { leased_until: now.saturating_add(LEASE), ..self };
        if asked {
            if now.saturating_sub(begun.window) >= ASKED_WINDOW {
                begun.window = now;
                begun.asked = 0;
            }
            begun.asked = begun.asked.saturating_add(1);
        }
        begun
    }

    pub fn succeeded(self) -> Self {
        Self { leased_until: 0, failures: 0, not_before: 0, ..self }
    }

    pub fn failed(self, now: u64) -> Self {
        let doublings = u32::try_from(self.failures.min(5)).unwrap_or(5);
        let wait = BACK_OFF.saturating_mul(2_u64.saturating_pow(doublings)).min(LONGEST_BACK_OFF);
        Self {
            leased_until: 0,
            failures: self.failures.saturating_add(1),
            not_before: now.saturating_add(wait),
            ..self
        }
    }

    pub fn encode(&self) -> Vec<u8> {
        let Self { leased_until, failures, not_before, window, asked } = self;
        [leased_until, failures, not_before, window, asked]
            .into_iter()
            .flat_map(|field| field.to_le_bytes())
            .collect()
    }

    /// Bytes that are none of ours count as a new state: the worst of it is one fetch too many.
    pub fn decode(bytes: &[u8]) -> Self {
        let (fields, _) = bytes.as_chunks();
        match fields.first_chunk().map(|fields| fields.map(u64::from_le_bytes)) {
            Some([leased_until, failures, not_before, window, asked]) => {
                Self { leased_until, failures, not_before, window, asked }
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
        assert!(state.under_way(5 + LEASE - 1));
        assert!(!state.under_way(5 + LEASE));
        assert_eq!(FetchState::decode(&state.encode()), state);
        assert_eq!(FetchState::decode(&[1, 2, 3]), FetchState::default());
    }

    #[test]
    fn unknown_keys_cause_three_fetches_in_ten_seconds() {
        let mut state = FetchState::default();
        let mut begun = 0;
        for now in (100 * SECOND..109 * SECOND).step_by(1_000_000) {
            if !state.under_way(now) && state.may_begin(now, true) {
                state = state.begin(now, true).succeeded();
                begun += 1;
            }
        }
        assert_eq!(begun, 3);
        assert!(state.may_begin(111 * SECOND, true));
        assert!(state.may_begin(101 * SECOND, false), "planned fetches do not count");
    }

    #[test]
    fn failures_back_off_and_a_success_ends_that() {
        let mut state = FetchState::default();
        let mut waits = Vec::new();
        for _ in 0..8 {
            state = state.begin(0, false).failed(0);
            waits.push(state.not_before / SECOND);
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 32, 32]);
        assert!(!state.may_begin(31 * SECOND, true) && state.may_begin(32 * SECOND, true));
        assert!(state.succeeded().may_begin(0, false));
    }
}
