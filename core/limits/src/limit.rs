//! A limit in integers that do not drift: time is counted in nanoseconds, and a permit is worth as many units
//! as the period has, so that each nanosecond refills exactly `count` units.

use std::fmt;

/// At most `burst` at once, refilled by `count` each `period`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    count: u64,
    period: u64,
    burst: u64,
}

/// Why a limit was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitFault {
    Count,
    Period,
    Burst,
}

impl fmt::Display for LimitFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count => write!(f, "a rate's count must be between 1 and {}", Limit::MAX_COUNT),
            Self::Period => f.write_str("a rate's period must be between 1ns and 366d"),
            Self::Burst => write!(f, "a burst must be between 1 and {}", Limit::MAX_COUNT),
        }
    }
}

impl std::error::Error for LimitFault {}

impl Limit {
    pub const MAX_COUNT: u64 = 1_000_000_000;
    pub const MAX_PERIOD: u64 = 366 * 86_400 * 1_000_000_000;

    /// `period` in nanoseconds. Without a `burst` it is the count: the whole of a period at once.
    pub fn new(count: u64, period: u64, burst: Option<u64>) -> Result<Self, LimitFault> {
        let burst = burst.unwrap_or(count);
        let permits = 1..=Self::MAX_COUNT;
        if !permits.contains(&count) {
            Err(LimitFault::Count)
        } else if !(1..=Self::MAX_PERIOD).contains(&period) {
            Err(LimitFault::Period)
        } else if !permits.contains(&burst) {
            Err(LimitFault::Burst)
        } else {
            Ok(Self { count, period, burst })
        }
    }

    pub const fn count(&self) -> u64 {
        self.count
    }

    /// In nanoseconds.
    pub const fn period(&self) -> u64 {
        self.period
    }

    pub const fn burst(&self) -> u64 {
        self.burst
    }

    /// What `permits` are worth. The bounds above keep every product below 2¹⁰⁰, so nothing here saturates.
    pub(crate) fn units(&self, permits: u64) -> u128 {
        u128::from(permits).saturating_mul(u128::from(self.period))
    }

    /// How many whole permits `units` hold.
    pub(crate) fn permits(&self, units: u128) -> u64 {
        let permits = units.checked_div(u128::from(self.period)).unwrap_or(0);
        u64::try_from(permits).unwrap_or(u64::MAX)
    }

    /// Units that `elapsed` nanoseconds bring.
    pub(crate) fn refill(&self, elapsed: u64) -> u128 {
        u128::from(elapsed).saturating_mul(u128::from(self.count))
    }

    /// Nanoseconds until `units` have been refilled, rounded up; for ever when that is after 584 years.
    pub(crate) fn time_for(&self, units: u128) -> u64 {
        u64::try_from(units.div_ceil(u128::from(self.count))).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds() {
        for (count, period, burst, expected) in [
            (0, 1, None, Some(LimitFault::Count)),
            (1, 0, None, Some(LimitFault::Period)),
            (1, 1, Some(0), Some(LimitFault::Burst)),
            (Limit::MAX_COUNT + 1, 1, Some(1), Some(LimitFault::Count)),
            (1, Limit::MAX_PERIOD + 1, None, Some(LimitFault::Period)),
            (1, 1, Some(Limit::MAX_COUNT + 1), Some(LimitFault::Burst)),
            (Limit::MAX_COUNT, Limit::MAX_PERIOD, None, None),
        ] {
            assert_eq!(Limit::new(count, period, burst).err(), expected, "{count}/{period}, {burst:?}");
        }
    }

    #[test]
    fn the_largest_and_the_slowest_are_exact() {
        for (count, period) in
            [(Limit::MAX_COUNT, 1), (1, Limit::MAX_PERIOD), (Limit::MAX_COUNT, Limit::MAX_PERIOD), (7, 3)]
        {
            let limit = Limit::new(count, period, Some(Limit::MAX_COUNT)).unwrap();
            assert_eq!(limit.permits(limit.units(limit.burst())), limit.burst());
            assert_eq!(limit.refill(period), limit.units(count));
            let one = limit.units(1);
            assert!(limit.refill(limit.time_for(one)) >= one);
            assert!(limit.refill(limit.time_for(one) - 1) < one);
        }
        let never = Limit::new(1, Limit::MAX_PERIOD, Some(Limit::MAX_COUNT)).unwrap();
        assert_eq!(never.time_for(never.units(never.burst())), u64::MAX);
    }
}
