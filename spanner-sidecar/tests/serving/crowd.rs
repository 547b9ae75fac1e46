//! More calls than there are places for.

use std::time::Duration;

use spangate_mock_spanner::Step;
use spangate_proto::v1::Call;

use super::stand::{call, path};
use super::*;

fn point() -> Call {
    Call { path: path(&[("id", "1")]), ..call("Point") }
}

async fn until_begun(mock: &Mock, scans: usize) {
    while mock.count(Step::Stream) < scans {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn slow_scans_starve_no_point_read() {
    let file = Document::new(&document(", max_in_flight: 8", &[SCAN, POINT]));
    let (mock, stand) = start(&file, &[]).await;
    mock.silent(Step::Stream);
    let scans = futures::future::join_all((0..4).map(|_| stand.execute(call("Scan"), &[])));
    let points = async {
        until_begun(&mock, 4).await;
        stand.execute(call("Scan"), &[]).await.assert_refused("503", "database_overloaded");
        let many = futures::future::join_all((0..200).map(|_| async {
            let answer = stand.execute(point(), &[]).await;
            match answer.status() {
                "200" => answer.json().to_owned(),
                // More at once than there are places: told so, and not kept waiting.
                _ => answer.reason().to_owned(),
            }
        }));
        let answers = many.await;
        assert!(answers.iter().any(|answer| answer == r#"{"id":"1","title":"one"}"#), "{answers:?}");
        for _ in 0..50 {
            assert_eq!(stand.execute(point(), &[]).await.json(), r#"{"id":"1","title":"one"}"#);
        }
        assert_eq!(mock.count(Step::Stream), 4);
    };
    tokio::select! {
        _ = scans => panic!("the scans ended"),
        () = points => {}
    }
}

/// Two run, two wait, and the end is asked for meanwhile: all are answered before it comes.
#[tokio::test]
async fn whoever_waits_is_answered_before_the_end() {
    let settings =
        ", max_in_flight: 2, classes: {scan: {max_in_flight: 2}}, queue: {max_waiting: 2, max_wait: 10s}";
    let file = Document::new(&document(settings, &[SCAN]));
    let (mock, mut stand) = start(&file, &[]).await;
    mock.slow(Step::Stream, Duration::from_secs(1));
    let calls = {
        let stand = &stand;
        let crowd = futures::future::join_all((0..4).map(|_| stand.execute(call("Scan"), &[])));
        let end = async {
            until_begun(&mock, 2).await;
            // The crowd and this one: one of the five finds the queue full.
            let answer = stand.execute(call("Scan"), &[]).await;
            answer.assert_refused("503", "database_overloaded");
            assert_eq!(answer.metadata("spangate-retry-after"), "1");
            stand.ask_to_terminate();
        };
        tokio::join!(crowd, end).0
    };
    for answer in &calls {
        assert_eq!(answer.json(), r#"{"rows":[{"id":"1"}]}"#);
    }
    assert_eq!(mock.count(Step::Stream), 4);
    assert!(stand.ended().await.success());
}

#[tokio::test]
async fn a_region_has_a_limit_of_its_own() {
    let settings = ", max_in_flight: 20, classes: {scan: {max_in_flight: 20}}, regions: {europe-west1: {max_in_flight: 2}}";
    let file = Document::new(&document(settings, &[SCAN]));
    let (mock, stand) = start(&file, &["--region", "europe-west1"]).await;
    mock.silent(Step::Stream);
    let scans = futures::future::join_all((0..2).map(|_| stand.execute(call("Scan"), &[])));
    let refused = async {
        until_begun(&mock, 2).await;
        let answer = stand.execute(call("Scan"), &[]).await;
        answer.assert_refused("429", "region_limit");
        assert_eq!(answer.metadata("spangate-retry-after"), "1");
    };
    tokio::select! {
        _ = scans => panic!("the scans ended"),
        () = refused => {}
    }
}
