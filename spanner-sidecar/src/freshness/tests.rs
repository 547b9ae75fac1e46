use spangate_document::parse_duration;

use super::*;

fn instant(text: &str) -> Timestamp {
    Timestamp::try_from(text).unwrap()
}

const NOW: &str = "2026-11-23T12:00:00.5Z";

fn check(staleness: Staleness, minimum: Option<&str>, expected: &str) {
    let told = match at(&staleness, minimum.map(instant), instant(NOW)) {
        At::Strong => "strong".to_owned(),
        At::Exact(age) => format!("exactly {age:?} ago"),
        At::OrLater(instant) => format!("at or after {}", String::from(instant)),
    };
    assert_eq!(told, expected, "{staleness:?} {minimum:?}");
}

#[test]
fn the_later_of_what_operation_and_caller_want() {
    let ten = || parse_duration("10s").unwrap();
    let (recent, old, ancient) = ("2026-11-23T11:59:59.75Z", "2026-11-23T11:59:00Z", "2026-11-23T10:59:59Z");
    check(Staleness::Strong, None, "strong");
    check(Staleness::Strong, Some(recent), "at or after 2026-11-23T11:59:59.75Z");
    // Spanner may have thrown away what it was then.
    check(Staleness::Strong, Some(ancient), "strong");
    check(Staleness::Exact(ten()), None, "exactly 10s ago");
    check(Staleness::Exact(ten()), Some(old), "exactly 10s ago");
    check(Staleness::Exact(ten()), Some(recent), "at or after 2026-11-23T11:59:59.75Z");
    check(Staleness::Max(ten()), None, "at or after 2026-11-23T11:59:50.5Z");
    check(Staleness::Max(ten()), Some(old), "at or after 2026-11-23T11:59:50.5Z");
    check(Staleness::Max(ten()), Some(recent), "at or after 2026-11-23T11:59:59.75Z");
    let since = |text: &str| Staleness::MinReadTimestamp(text.to_owned());
    check(since("2026-01-01T00:00:00.000000000Z"), None, "at or after 2026-01-01T00:00:00Z");
    check(since("2026-01-01T00:00:00.000000000Z"), Some(old), "at or after 2026-11-23T11:59:00Z");
}

#[test]
fn instants_move_over_whole_seconds() {
    let told = |instant: Timestamp| String::from(instant);
    assert_eq!(told(before(instant(NOW), Duration::from_millis(700))), "2026-11-23T11:59:59.8Z");
    assert_eq!(told(after(instant(NOW), Duration::from_millis(700))), "2026-11-23T12:00:01.2Z");
    assert_eq!(told(before(instant(NOW), Duration::MAX)), "0001-01-01T00:00:00Z");
}
