//! What a client is told of a limit: `RateLimit` and `RateLimit-Policy`
//! (draft-ietf-httpapi-ratelimit-headers-10) and `Retry-After` (RFC 9110, section 10.2.3). All round so that
//! a client which believes them is not refused.

use crate::{Limit, QuotaLimit, QuotaOutcome, Standing};

/// `"name";q=20;w=12`: a burst of 20, back within 12 seconds.
pub fn rate_limit_policy(name: &str, limit: &Limit) -> String {
    policy(name, limit.burst(), limit.time_for(limit.units(limit.burst())))
}

/// `"name";r=5;t=9`: five are left, and all of the burst is back after nine seconds.
pub fn rate_limit(name: &str, standing: &Standing) -> String {
    state(name, standing.remaining, standing.full_after)
}

/// `"name";q=100000;w=86400`: so many in each day. Of windows that differ in length it tells the longest.
pub fn quota_policy(name: &str, limit: &QuotaLimit) -> String {
    policy(name, limit.count(), limit.longest())
}

/// `"name";r=99;t=3600`: 99 are left for the hour that the window still has.
pub fn quota(name: &str, outcome: &QuotaOutcome) -> String {
    state(name, outcome.remaining, outcome.resets_in)
}

/// Whole seconds to wait, at least one.
pub fn retry_after(nanoseconds: u64) -> u64 {
    seconds(nanoseconds).max(1)
}

fn policy(name: &str, quota: u64, window: u64) -> String {
    format!("{};q={quota};w={}", quoted(name), seconds(window))
}

fn state(name: &str, remaining: u64, reset: u64) -> String {
    format!("{};r={remaining};t={}", quoted(name), seconds(reset))
}

fn seconds(nanoseconds: u64) -> u64 {
    nanoseconds.div_ceil(1_000_000_000)
}

/// A string of RFC 9651, section 3.3.3; what it cannot hold becomes `_`.
fn quoted(name: &str) -> String {
    let mut text = String::from('"');
    for character in name.chars() {
        match character {
            '"' | '\\' => text.extend(['\\', character]),
            ' '..='~' => text.push(character),
            _ => text.push('_'),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Period;

    #[test]
    fn numbers_round_up() {
        let limit = Limit::new(100, 60_000_000_000, Some(20)).unwrap();
        assert_eq!(rate_limit_policy("orders", &limit), r#""orders";q=20;w=12"#);
        let standing = Standing { remaining: 5, full_after: 8_400_000_000 };
        assert_eq!(rate_limit("orders", &standing), r#""orders";r=5;t=9"#);
        let day = QuotaLimit::new(100_000, Period::Length(86_400_000_000_000)).unwrap();
        assert_eq!(quota_policy("orders", &day), r#""orders";q=100000;w=86400"#);
        let month = QuotaLimit::new(5, Period::Months(1)).unwrap();
        assert_eq!(quota_policy("orders", &month), r#""orders";q=5;w=2678400"#);
        let outcome = QuotaOutcome { granted: true, remaining: 99, resets_in: 3_599_000_000_001 };
        assert_eq!(quota("orders", &outcome), r#""orders";r=99;t=3600"#);
        assert_eq!([retry_after(0), retry_after(1_000_000_000), retry_after(1_000_000_001)], [1, 1, 2]);
    }

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        assert_eq!(quoted("a\"b\\c\r\nü"), r#""a\"b\\c___""#);
    }
}
