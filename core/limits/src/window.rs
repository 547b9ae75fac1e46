//! Quotas of the calendar, in UTC: so many in each window, and a new window begins for everybody at once. Pure as
//! all of this crate; here instants are nanoseconds since 1970, since a month is nothing that a monotonic clock
//! could know.

use std::fmt;

/// At most `count` in each window of `period`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaLimit {
    count: u64,
    period: Period,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// Nanoseconds; the first window began with 1970.
    Length(u64),
    /// Calendar months, counted from January.
    Months(u32),
}

/// Why a quota was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotaFault {
    Count,
    Length,
    Months,
}

impl fmt::Display for QuotaFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count => write!(f, "a quota's count must be between 1 and {}", QuotaLimit::MAX_COUNT),
            Self::Length => f.write_str("a quota's window must be between 1ns and 366d"),
            Self::Months => f.write_str("a quota's window must be 1, 2, 3, 4, 6 or 12 months"),
        }
    }
}

impl std::error::Error for QuotaFault {}

impl QuotaLimit {
    /// The largest integer that a structured field can tell (RFC 9651, section 3.3.1).
    pub const MAX_COUNT: u64 = 999_999_999_999_999;
    pub const MAX_LENGTH: u64 = crate::Limit::MAX_PERIOD;

    pub fn new(count: u64, period: Period) -> Result<Self, QuotaFault> {
        if !(1..=Self::MAX_COUNT).contains(&count) {
            return Err(QuotaFault::Count);
        }
        match period {
            Period::Length(1..=Self::MAX_LENGTH) | Period::Months(1 | 2 | 3 | 4 | 6 | 12) => {
                Ok(Self { count, period })
            }
            Period::Length(_) => Err(QuotaFault::Length),
            Period::Months(_) => Err(QuotaFault::Months),
        }
    }

    pub const fn count(&self) -> u64 {
        self.count
    }

    pub const fn period(&self) -> Period {
        self.period
    }

    /// The window in which an instant lies: its beginning, and that of the next one.
    fn window(&self, instant: u64) -> (u64, u64) {
        match self.period {
            Period::Length(length) => {
                let start = instant.saturating_sub(instant.checked_rem(length).unwrap_or(0));
                (start, start.saturating_add(length))
            }
            Period::Months(months) => {
                let month = calendar::month(instant / calendar::DAY);
                let first = month.saturating_sub(month.checked_rem(u64::from(months)).unwrap_or(0));
                let next = first.saturating_add(u64::from(months));
                let begins = |month| calendar::first_day(month).saturating_mul(calendar::DAY);
                (begins(first), begins(next))
            }
        }
    }

    /// Nanoseconds that a window has, at most.
    pub(crate) fn longest(&self) -> u64 {
        match self.period {
            Period::Length(length) => length,
            Period::Months(months) => {
                let days: u64 = match months {
                    1 => 31,
                    2 => 62,
                    3 => 92,
                    4 => 123,
                    6 => 184,
                    _ => 366,
                };
                days.saturating_mul(calendar::DAY)
            }
        }
    }
}

/// What has been used of one account's quota. Empty when new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// When the window began.
    pub start: u64,
    pub used: u64,
}

/// The answer of a quota to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaOutcome {
    pub granted: bool,
    /// What is left of this window.
    pub remaining: u64,
    /// Nanoseconds until the next window begins.
    pub resets_in: u64,
}

/// Draws on an account. A clock that steps back stays in the window that it has reached: nobody gets more.
pub fn take(usage: Usage, limit: &QuotaLimit, wall_now: u64, cost: u64) -> (Usage, QuotaOutcome) {
    let (start, _) = limit.window(wall_now);
    let mut usage = if start > usage.start { Usage { start, used: 0 } } else { usage };
    let (_, end) = limit.window(usage.start);
    let left = limit.count.saturating_sub(usage.used);
    let granted = cost <= left;
    if granted {
        usage.used = usage.used.saturating_add(cost);
    }
    let remaining = limit.count.saturating_sub(usage.used);
    (usage, QuotaOutcome { granted, remaining, resets_in: end.saturating_sub(wall_now) })
}

/// Months and days since 1970 (proleptic Gregorian).
mod calendar {
    pub const DAY: u64 = 86_400 * 1_000_000_000;

    /// Months of 400 years, after which the calendar repeats itself, and their days.
    const MONTHS: u64 = 4800;
    const DAYS: u64 = 146_097;

    /// The month in which a day lies.
    pub fn month(day: u64) -> u64 {
        // Never off by more than one.
        let near = day.saturating_mul(MONTHS) / DAYS;
        let from = near.saturating_sub(1);
        (from..=near.saturating_add(1)).rev().find(|month| first_day(*month) <= day).unwrap_or(from)
    }

    /// The day on which a month begins.
    pub fn first_day(month: u64) -> u64 {
        const BEFORE: [u64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
        let (years, month) = (month / 12, month % 12);
        // In March a year's own leap day counts already.
        let counted = 1969_u64.saturating_add(years).saturating_add(u64::from(month >= 2));
        let leap_days = (counted / 4).saturating_sub(counted / 100).saturating_add(counted / 400);
        let in_year = usize::try_from(month).ok().and_then(|month| BEFORE.get(month)).unwrap_or(&0);
        // 477 leap days lie before 1970.
        years.saturating_mul(365).saturating_add(leap_days).saturating_sub(477).saturating_add(*in_year)
    }
}

#[cfg(test)]
mod tests;
