//! The end, in the middle of everything.

use futures::StreamExt;
use spangate_mock_spanner::Step;
use spangate_proto::v1::Call;
use spangate_proto::v1::call::Idempotency;

use super::stand::{Stand, call, path};
use super::*;

const ADD: &str = "  Add:
    write: [{insert: {table: items, columns: {id: id}}}]
    parameters: {id: {type: INT64, from: path}}
    answer: none
";
const SETTINGS: &str = ", max_in_flight: 6, queue: {max_waiting: 20, max_wait: 20s}";

fn add(id: u8) -> Call {
    let idempotency = Some(Idempotency::Nonce(vec![id; 16]));
    Call { path: path(&[("id", &id.to_string())]), idempotency, ..call("Add") }
}

/// Streams run, writes are in flight, and others wait for their place: all of them end well, and only then the sidecar,
/// which has told everybody before that it serves no more.
#[tokio::test]
async fn everything_that_has_begun_is_ended_first() {
    let file = Document::new(&document(SETTINGS, &[SCAN, ADD]));
    let (mock, mut stand) = start(&file, &[]).await;
    mock.slow(Step::Commit, Duration::from_millis(150));
    mock.slow(Step::Stream, Duration::from_millis(150));
    let mut health = stand.watch_health("spangate.v1.Gateway").await;
    assert_eq!(health.next().await.unwrap(), "Serving");
    let (writes, scans) = {
        let stand = &stand;
        let writes = futures::future::join_all((10..20).map(|id| stand.execute(add(id), &[])));
        let scans = futures::future::join_all((0..10).map(|_| stand.execute(call("Scan"), &[])));
        let end = async {
            while mock.count(Step::Commit) == 0 || mock.count(Step::Stream) == 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            stand.ask_to_terminate();
            assert_eq!(health.next().await.unwrap(), "NotServing");
            drop(health);
        };
        let (writes, scans, ()) = tokio::join!(writes, scans, end);
        (writes, scans)
    };
    assert_eq!(writes.iter().map(|answer| answer.status()).collect::<Vec<_>>(), ["204"; 10]);
    assert_eq!(scans.iter().map(|answer| answer.status()).collect::<Vec<_>>(), ["200"; 10]);
    assert_eq!(mock.query("SELECT COUNT(*) FROM items").unwrap(), [["11"]]);
    assert_eq!(mock.query("SELECT COUNT(*) FROM spangate_audit").unwrap(), [["10"]]);
    assert!(stand.ended().await.success());
    assert!(!stand.log().contains("drain_overdue"), "{}", stand.log());
}

/// A call that hangs, and how the sidecar that is asked to end ends.
async fn hanging(options: &[&str], end: impl AsyncFn(&Stand)) -> Stand {
    let hang = "  Hang: {read: {sql: SELECT id FROM items}, deadline: 1h}\n";
    let file = Document::new(&document("", &[hang]));
    let (mock, mut stand) = start(&file, options).await;
    mock.silent(Step::Stream);
    let answer = {
        let stand = &stand;
        let asked = async {
            while mock.count(Step::Stream) == 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            stand.ask_to_terminate();
            end(stand).await;
        };
        let (answer, ()) = tokio::join!(stand.execute(call("Hang"), &[]), asked);
        answer
    };
    assert!(answer.failed(), "{answer:?}");
    assert!(stand.ended().await.success());
    until("the end of the query", async || mock.open_streams() == 0).await;
    stand
}

#[tokio::test]
async fn what_does_not_end_in_time_is_cut() {
    let stand = hanging(&["--drain", "500ms"], async |_| ()).await;
    assert!(stand.log().contains("drain_overdue"), "{}", stand.log());
}

#[tokio::test]
async fn a_second_signal_waits_for_nobody() {
    let stand = hanging(&["--drain", "1h"], async |stand| {
        stand.until_logged(&["draining"]).await;
        stand.ask_to_terminate();
    })
    .await;
    assert!(stand.log().contains("drain_cut_short"), "{}", stand.log());
}
