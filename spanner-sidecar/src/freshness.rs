//! How fresh data must be: the operation's staleness and a caller's `Read-Min-Timestamp` together, as a bound for
//! Spanner. Pure: the clock is read by whoever asks.

use std::time::Duration;

use google_cloud_wkt::Timestamp;
use spangate_operations::{Freshness, Operation, Staleness};
use tonic::metadata::MetadataMap;

use crate::refusal::{Reason, Refusal};

/// As Envoy passes the caller's header on.
const READ_MIN_TIMESTAMP: &str = "read-min-timestamp";
/// Further ahead of our clock than this lies no timestamp that an answer has told: the read would wait for it.
const AHEAD: Duration = Duration::from_secs(1);
/// Spanner keeps old versions for an hour. A minimum from before is met by any read that the operation may do.
const OLDEST: Duration = Duration::from_secs(3600);

/// At which timestamp a read sees the database.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum At {
    Strong,
    /// So long ago.
    Exact(Duration),
    /// At this instant or later, as Spanner finds convenient.
    OrLater(Timestamp),
}

/// The caller's minimum, of an operation that lets callers have one. Elsewhere it is refused like any parameter
/// that nobody declared: passed over, it would be taken for kept.
pub fn minimum(
    operation: &Operation,
    metadata: &MetadataMap,
    now: Timestamp,
) -> Result<Option<Timestamp>, Refusal> {
    let invalid = |detail: &'static str| Err(Refusal::new(Reason::ParameterInvalid, detail));
    let mut values = metadata.get_all(READ_MIN_TIMESTAMP).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if operation.freshness == Freshness::Operation {
        return invalid("the operation takes no `Read-Min-Timestamp`");
    }
    let parsed = value.to_str().ok().and_then(|text| Timestamp::try_from(text).ok());
    match (parsed, values.next()) {
        (Some(minimum), None) if minimum > after(now, AHEAD) => {
            invalid("`Read-Min-Timestamp` lies in the future")
        }
        (Some(minimum), None) => Ok(Some(minimum)),
        _ => invalid("`Read-Min-Timestamp` must be one RFC 3339 timestamp, as `Read-Timestamp` told it"),
    }
}

/// A maximum age is told to Spanner as an instant of our clock, so that the answer can say which.
pub fn at(staleness: &Staleness, minimum: Option<Timestamp>, now: Timestamp) -> At {
    let ago = |age: &spangate_document::Duration| {
        let age = Duration::from_millis(age.milliseconds);
        (age, before(now, age))
    };
    let minimum = minimum.filter(|minimum| *minimum > before(now, OLDEST));
    let later = |floor: Timestamp| match minimum {
        Some(minimum) if minimum > floor => minimum,
        _ => floor,
    };
    match (staleness, minimum) {
        (Staleness::Strong, None) => At::Strong,
        (Staleness::Strong, Some(minimum)) => At::OrLater(minimum),
        (Staleness::Exact(age), minimum) => {
            let (age, floor) = ago(age);
            match minimum {
                Some(minimum) if minimum > floor => At::OrLater(minimum),
                _ => At::Exact(age),
            }
        }
        (Staleness::Max(age), _) => At::OrLater(later(ago(age).1)),
        // Read by the loader, which takes nothing else; a strong read keeps any promise.
        (Staleness::MinReadTimestamp(text), _) => match Timestamp::try_from(text.as_str()) {
            Ok(floor) => At::OrLater(later(floor)),
            Err(_) => At::Strong,
        },
    }
}

fn before(instant: Timestamp, by: Duration) -> Timestamp {
    let (seconds, nanos) = parts(by);
    Timestamp::clamp(instant.seconds().saturating_sub(seconds), instant.nanos() - nanos)
}

fn after(instant: Timestamp, by: Duration) -> Timestamp {
    let (seconds, nanos) = parts(by);
    Timestamp::clamp(instant.seconds().saturating_add(seconds), instant.nanos() + nanos)
}

/// Nanoseconds are below 10⁹ on both sides, so that their sum and difference fit.
fn parts(duration: Duration) -> (i64, i32) {
    let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    (seconds, i32::try_from(duration.subsec_nanos()).unwrap_or(0))
}

/// Our clock, where it is read.
pub fn now() -> Timestamp {
    Timestamp::try_from(std::time::SystemTime::now()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
