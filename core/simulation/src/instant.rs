//! Instants and spans of time as descriptions of calls write them.

use spangate_document::{Diagnostics, Fields, parse_duration};
use spangate_policy::condition::parse_timestamp;
use spangate_policy::facts::Timestamp;

const MILLISECOND: i128 = 1_000_000;

/// An instant, or one told by how far it is from the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    At(Timestamp),
    /// Nanoseconds after the call, negative before it.
    From(i128),
}

impl Moment {
    /// In whole seconds since 1970, as tokens count.
    pub fn seconds(self, now: Timestamp) -> i64 {
        let nanoseconds = match self {
            Self::At(at) => at.nanoseconds,
            Self::From(offset) => now.nanoseconds.saturating_add(offset),
        };
        i64::try_from(nanoseconds.div_euclid(1_000_000_000)).unwrap_or(i64::MAX)
    }
}

/// RFC 3339, or a date alone for its midnight in UTC.
pub fn instant(
    fields: &mut Fields<'_>,
    name: &'static str,
    diagnostics: &mut Diagnostics,
) -> Option<Timestamp> {
    let text = fields.string(name, diagnostics)?;
    let found = parse_instant(text);
    if found.is_none() {
        let message = format!("`{text}` is no instant (such as `2026-11-23T12:00:00Z`)");
        diagnostics.push(fields.fault(name, message));
    }
    found
}

/// An instant, or a duration from the call on; `-5m` is five minutes before it.
pub fn moment(fields: &mut Fields<'_>, name: &'static str, diagnostics: &mut Diagnostics) -> Option<Moment> {
    let text = fields.string(name, diagnostics)?;
    let offset = || {
        let (sign, text) = text.strip_prefix('-').map_or((1, text), |text| (-1, text));
        let duration = parse_duration(text).ok()?;
        Some(Moment::From(sign * i128::from(duration.milliseconds) * MILLISECOND))
    };
    let found = parse_instant(text).map(Moment::At).or_else(offset);
    if found.is_none() {
        let message = format!(
            "`{text}` is neither an instant (such as `2026-11-23T12:00:00Z`) nor a duration (such as `1h`, `-5m`)"
        );
        diagnostics.push(fields.fault(name, message));
    }
    found
}

/// How much later, in nanoseconds.
pub fn span(fields: &mut Fields<'_>, name: &'static str, diagnostics: &mut Diagnostics) -> Option<i128> {
    let duration = fields.duration(name, diagnostics)?;
    Some(i128::from(duration.milliseconds) * MILLISECOND)
}

fn parse_instant(text: &str) -> Option<Timestamp> {
    parse_timestamp(text).or_else(|| parse_timestamp(&format!("{text}T00:00:00Z")))
}
