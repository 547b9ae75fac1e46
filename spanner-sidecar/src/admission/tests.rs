use std::collections::BTreeMap;
use std::time::Duration;

use spangate_operations::{Database, Dialect, Queue};

use super::*;

fn admission(places: u32) -> Arc<Admission> {
    let database = Database {
        name: "projects/p/instances/i/databases/d".to_owned(),
        dialect: Dialect::GoogleSql,
        max_in_flight: places,
        max_channels: 1,
        classes: BTreeMap::new(),
        roles: BTreeMap::new(),
        regions: BTreeMap::new(),
        queue: Some(Queue { max_waiting: 100, max_wait: spangate_document::parse_duration("1s").unwrap() }),
        directed_reads: None,
    };
    Admission::new("main", &database, None, Arc::new(Metrics::new()))
}

fn point() -> Claim {
    Claim { lane: Lane { class: Class::Point, role: None }, pace: Arc::default() }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(10)
}

fn gauge(admission: &Admission, name: &str) -> i64 {
    let Counted { in_flight, waiting, wait_seconds: _ } = admission.counted(&point().lane);
    match name {
        "in_flight" => in_flight.get(),
        _ => waiting.get(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_place_is_handed_on_and_a_wait_ends() {
    let admission = admission(1);
    let claim = point();
    let first = admission.admit(&claim, soon()).await.unwrap();
    let waiting = async {
        let second = admission.admit(&claim, soon()).await.unwrap();
        assert_eq!((gauge(&admission, "in_flight"), gauge(&admission, "waiting")), (1, 0));
        drop(second);
    };
    let leaving = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!((gauge(&admission, "in_flight"), gauge(&admission, "waiting")), (1, 1));
        drop(first);
    };
    tokio::join!(waiting, leaving);
    assert_eq!((gauge(&admission, "in_flight"), gauge(&admission, "waiting")), (0, 0));

    let _held = admission.admit(&claim, soon()).await.unwrap();
    let began = Instant::now();
    let refusal = admission.admit(&claim, soon()).await.err().unwrap();
    assert_eq!(refusal.reason, Reason::DatabaseOverloaded);
    assert_eq!(began.elapsed().as_secs(), 1);
    assert_eq!((gauge(&admission, "in_flight"), gauge(&admission, "waiting")), (1, 0));
}

/// Cancelled at any moment, before, while and after it is given a place, a call leaves none behind.
#[tokio::test]
async fn cancelled_calls_leave_no_place_taken() {
    let admission = admission(2);
    let calls = (0..2_000_u64).map(|number| {
        let admission = Arc::clone(&admission);
        tokio::spawn(async move {
            let work = async {
                let admitted = admission.admit(&point(), soon()).await;
                tokio::time::sleep(Duration::from_micros(number % 7 * 50)).await;
                drop(admitted);
            };
            let _ = tokio::time::timeout(Duration::from_micros(number % 11 * 100), work).await;
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    assert_eq!((gauge(&admission, "in_flight"), gauge(&admission, "waiting")), (0, 0));
    assert!(admission.lock().waiting.is_empty());
    assert_eq!(admission.lock().gate.waiting_count(), 0);
    let claim = point();
    for _ in 0..3 {
        let (one, two) = tokio::join!(admission.admit(&claim, soon()), admission.admit(&claim, soon()));
        assert!(one.is_ok() && two.is_ok());
    }
}
