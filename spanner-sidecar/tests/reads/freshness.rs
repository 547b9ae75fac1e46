use std::time::{Duration, SystemTime};

use google_cloud_wkt::Timestamp;
use googleapis_tonic_google_spanner_v1::google::spanner::v1::transaction_options::read_only::TimestampBound;
use spangate_mock_spanner::Mock;

use super::{item, of, start};
use crate::stand::Stand;

const TOLD: &str = "spangate-header-read-timestamp";

fn ahead(duration: Duration) -> String {
    String::from(Timestamp::try_from(SystemTime::now() + duration).unwrap())
}

fn bound(mock: &Mock) -> String {
    match mock.records().last().unwrap().timestamp_bound.unwrap() {
        TimestampBound::Strong(_) => "strong".to_owned(),
        TimestampBound::ExactStaleness(age) => format!("exactly {} s ago", age.seconds),
        TimestampBound::MinReadTimestamp(at) => {
            format!("not before {}", String::from(Timestamp::new(at.seconds, at.nanos).unwrap()))
        }
        other => format!("{other:?}"),
    }
}

/// Reads, and tells the `Read-Timestamp`.
async fn read(stand: &Stand, call: spangate_proto::v1::Call, minimum: Option<&str>) -> String {
    let headers: Vec<_> = minimum.iter().map(|minimum| ("read-min-timestamp", *minimum)).collect();
    let answer = stand.execute_with(call, &headers).await;
    assert_eq!(answer.status(), "200", "{answer:?}");
    answer.metadata(TOLD).to_owned()
}

#[tokio::test]
async fn every_read_tells_when() {
    let (mock, stand) = start().await;
    for (operation, expected) in [("Mine", "strong"), ("ReadOlder", "exactly 10 s ago")] {
        let call = if operation == "Mine" { crate::stand::call("Mine") } else { of("a", operation) };
        let told = read(&stand, call, None).await;
        assert_eq!(bound(&mock), expected);
        Timestamp::try_from(told.as_str()).unwrap();
    }
    // The client tells no timestamp here: what was asked for is what can be promised.
    let told = read(&stand, of("a", "ReadBounded"), None).await;
    assert_eq!(bound(&mock), format!("not before {told}"));
}

#[tokio::test]
async fn a_caller_reads_its_own_writes() {
    let (mock, stand) = start().await;
    let first = read(&stand, item("a", "1"), None).await;
    assert_eq!(read(&stand, item("a", "1"), Some(&first)).await, first);
    assert_eq!(bound(&mock), format!("not before {first}"));
    // What the operation promises anyway, it keeps.
    read(&stand, of("a", "ReadOlder"), Some("2026-01-01T00:00:00Z")).await;
    assert_eq!(bound(&mock), "exactly 10 s ago");
    read(&stand, of("a", "ReadOlder"), Some(&first)).await;
    assert_eq!(bound(&mock), format!("not before {first}"));
    // Within the second that clocks may differ by.
    read(&stand, item("a", "1"), Some(&ahead(Duration::from_millis(500)))).await;
}

#[tokio::test]
async fn minimums_that_are_refused() {
    let (_mock, stand) = start().await;
    let later = ahead(Duration::from_secs(60));
    for headers in [
        &[("read-min-timestamp", later.as_str())][..],
        &[("read-min-timestamp", "yesterday")],
        &[("read-min-timestamp", "")],
        &[("read-min-timestamp", "2026-01-01T00:00:00Z"), ("read-min-timestamp", "2026-01-01T00:00:00Z")],
    ] {
        stand.execute_with(item("a", "1"), headers).await.assert_refused("400", "parameter_invalid");
    }
    let headers = [("read-min-timestamp", "2026-01-01T00:00:00Z")];
    let answer = stand.execute_with(crate::stand::call("Mine"), &headers).await;
    answer.assert_refused("400", "parameter_invalid");
}
