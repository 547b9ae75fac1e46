use proptest::prelude::*;

use super::*;

const SECOND: u64 = 1_000_000_000;
const DAY: u64 = calendar::DAY;

fn quota(count: u64, period: Period) -> QuotaLimit {
    QuotaLimit::new(count, period).unwrap()
}

/// Days since 1970, by counting them.
fn days(year: u64, month: u64) -> u64 {
    let is_leap = |year: u64| year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let length = |year, month| match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    };
    let years: u64 = (1970..year).map(|year| if is_leap(year) { 366 } else { 365 }).sum();
    years + (1..month).map(|month| length(year, month)).sum::<u64>()
}

#[test]
fn bounds() {
    for (count, period, expected) in [
        (0, Period::Length(1), Some(QuotaFault::Count)),
        (QuotaLimit::MAX_COUNT + 1, Period::Length(1), Some(QuotaFault::Count)),
        (1, Period::Length(0), Some(QuotaFault::Length)),
        (1, Period::Length(QuotaLimit::MAX_LENGTH + 1), Some(QuotaFault::Length)),
        (1, Period::Months(0), Some(QuotaFault::Months)),
        (1, Period::Months(5), Some(QuotaFault::Months)),
        (QuotaLimit::MAX_COUNT, Period::Length(QuotaLimit::MAX_LENGTH), None),
        (1, Period::Months(12), None),
    ] {
        assert_eq!(QuotaLimit::new(count, period).err(), expected, "{count} {period:?}");
    }
}

#[test]
fn months_are_those_of_the_calendar() {
    for year in 1970..2500 {
        for month in 1..=12 {
            let (index, first) = ((year - 1970) * 12 + month - 1, days(year, month));
            assert_eq!(calendar::first_day(index), first, "{year}-{month}");
            for day in [first, days(year, month + 1) - 1] {
                assert_eq!(calendar::month(day), index, "{year}-{month}, day {day}");
            }
        }
    }
}

#[test]
fn windows() {
    // 2024-02-29T13:00:00Z.
    let instant = days(2024, 2) * DAY + 28 * DAY + 13 * 3600 * SECOND;
    let from = |year, month| days(year, month) * DAY;
    for (period, start, end) in [
        (Period::Length(DAY), from(2024, 2) + 28 * DAY, from(2024, 3)),
        (Period::Length(3600 * SECOND), instant, instant + 3600 * SECOND),
        (Period::Months(1), from(2024, 2), from(2024, 3)),
        (Period::Months(3), from(2024, 1), from(2024, 4)),
        (Period::Months(12), from(2024, 1), from(2025, 1)),
    ] {
        assert_eq!(quota(1, period).window(instant), (start, end), "{period:?}");
        assert_eq!(quota(1, period).window(end - 1), (start, end), "{period:?}");
    }
}

#[test]
fn a_quota_is_used_up_and_comes_back_at_the_window_s_end() {
    let limit = quota(5, Period::Months(1));
    let january = days(2026, 1) * DAY;
    let (usage, outcome) = take(Usage::default(), &limit, january, 3);
    assert_eq!(outcome, QuotaOutcome { granted: true, remaining: 2, resets_in: 31 * DAY });
    let (refused, outcome) = take(usage, &limit, january + DAY, 3);
    assert_eq!(outcome, QuotaOutcome { granted: false, remaining: 2, resets_in: 30 * DAY });
    assert_eq!(refused, usage, "a refused call is not charged");
    assert!(take(usage, &limit, january, 2).1.granted, "a smaller one still fits");
    assert!(take(usage, &limit, january, 0).1.granted);
    assert!(!take(usage, &limit, january + 31 * DAY - 1, 3).1.granted);
    assert_eq!(take(usage, &limit, january + 31 * DAY, 3).1.remaining, 2);
    assert!(!take(Usage::default(), &limit, january, 6).1.granted, "more than there ever is");
    assert!(!take(usage, &limit, january, u64::MAX).1.granted);
}

#[test]
fn a_smaller_limit_than_before_gives_nothing_back() {
    let usage = Usage { start: 0, used: 9 };
    let outcome = take(usage, &quota(5, Period::Length(DAY)), 1, 1).1;
    assert_eq!((outcome.granted, outcome.remaining), (false, 0));
}

proptest! {
    /// However the clock jumps, back too: what is granted between two instants at which it first enters a window
    /// is within the quota.
    #[test]
    fn no_window_grants_more(
        count in 1..50_u64,
        months in prop::sample::select(vec![0_u32, 1, 3]),
        steps in prop::collection::vec((-40..40_i64, 0..20_u64), 1..200),
    ) {
        let limit = quota(count, if months == 0 { Period::Length(7 * DAY) } else { Period::Months(months) });
        let (mut now, mut usage) = (days(2026, 6) * DAY, Usage::default());
        let (mut window, mut granted) = (0, 0);
        for (step, cost) in steps {
            now = now.saturating_add_signed(step * DAY as i64);
            if limit.window(now).0 > window {
                (window, granted) = (limit.window(now).0, 0);
            }
            let (next, outcome) = take(usage, &limit, now, cost);
            usage = next;
            if outcome.granted {
                granted += cost;
            }
            prop_assert!(granted <= count);
            prop_assert_eq!(outcome.remaining, count - granted);
        }
    }

    #[test]
    fn no_window_is_longer_than_told(months in prop::sample::select(vec![1_u32, 2, 3, 4, 6, 12]), day in 0..200_000_u64) {
        let limit = quota(1, Period::Months(months));
        let (start, end) = limit.window(day * DAY);
        prop_assert!(start <= day * DAY && day * DAY < end);
        prop_assert!(end - start <= limit.longest());
    }
}
