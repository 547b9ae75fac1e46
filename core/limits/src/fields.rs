//! What a client is told of a limit: `RateLimit` and `RateLimit-Policy`
//! (draft-ietf-httpapi-ratelimit-headers-10) and `Retry-After` (RFC 9110, section 10.2.3). All round so that
//! a client which believes them is not refused.

use crate::{Limit, Standing};

/// `"name";q=20;w=12`: a burst of 20, back within 12 seconds.
pub fn rate_limit_policy(name: &str, limit: &Limit) -> String {
    let window = limit.time_for(limit.units(limit.burst()));
    format!("{};q={};w={}", quoted(name), limit.burst(), seconds(window))
}

/// `"name";r=5;t=9`: five are left, and all of the burst is back after nine seconds.
pub fn rate_limit(name: &str, standing: &Standing) -> String {
    format!("{};r={};t={}", quoted(name), standing.remaining, seconds(standing.full_after))
}

/// Whole seconds to wait, at least one.
pub fn retry_after(nanoseconds: u64) -> u64 {
    seconds(nanoseconds).max(1)
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

    #[test]
    fn numbers_round_up() {
        let limit = Limit::new(100, 60_000_000_000, Some(20)).unwrap();
        assert_eq!(rate_limit_policy("orders", &limit), r#""orders";q=20;w=12"#);
        let standing = Standing { remaining: 5, full_after: 8_400_000_000 };
        assert_eq!(rate_limit("orders", &standing), r#""orders";r=5;t=9"#);
        assert_eq!([retry_after(0), retry_after(1_000_000_000), retry_after(1_000_000_001)], [1, 1, 2]);
    }

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        assert_eq!(quoted("a\"b\\c\r\nü"), r#""a\"b\\c___""#);
    }
}
