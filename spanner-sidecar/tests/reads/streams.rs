use std::time::Duration;

use futures::StreamExt;
use spangate_mock_spanner::{Mock, Step};
use tonic::Streaming;

use super::start;
use crate::stand::{Stand, call};

const TRIES: u32 = 200;

pub async fn until(what: &str, is: impl Fn() -> bool) {
    for _ in 0..TRIES {
        if is() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{what} did not come");
}

/// One row of 1 KB, so many times.
fn long(mock: &Mock, rows: usize) {
    mock.execute("DELETE FROM items WHERE id > 0;").unwrap();
    let title = "x".repeat(1_000);
    mock.execute(&format!("INSERT INTO items (owner, id, title) VALUES ('a', 1, '{title}');")).unwrap();
    mock.repeat_rows(rows);
}

/// The first piece of a long answer, and the rest of it.
async fn begun(stand: &Stand) -> Streaming<spangate_proto::google::api::HttpBody> {
    let mut stream = stand.begin(call("All"), &[]).await.unwrap().into_inner();
    assert!(!stream.message().await.unwrap().unwrap().data.is_empty());
    stream
}

/// Bytes in memory.
fn resident(stand: &Stand) -> u64 {
    let pages = std::fs::read_to_string(format!("/proc/{}/statm", stand.process())).unwrap();
    pages.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

fn descriptors(stand: &Stand) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", stand.process())).unwrap().count()
}

#[tokio::test]
async fn a_query_ends_with_its_call() {
    let (mock, stand) = start().await;
    mock.silent(Step::Stream);
    let hangs = tokio::time::timeout(Duration::from_millis(300), stand.execute(call("All"), &[])).await;
    assert!(hangs.is_err() && mock.count(Step::Stream) == 1);
    until("the end of the query", || mock.open_streams() == 0).await;

    mock.heal(Step::Stream);
    long(&mock, 20_000);
    let stream = begun(&stand).await;
    assert_eq!(mock.open_streams(), 1);
    drop(stream);
    until("the end of the stream", || mock.open_streams() == 0).await;
}

/// Each has 20 MB to give, and nobody reads: rows wait where they come from. Who asks for a single one is not kept
/// waiting by them.
#[tokio::test]
async fn a_thousand_readers_that_stand_still() {
    const READERS: usize = 1000;
    let (mock, stand) = start().await;
    long(&mock, 20_000);
    let still = futures::future::join_all((0..READERS).map(|_| stand.begin(call("All"), &[])));
    let watch = async {
        until("the last query", || mock.open_streams() == READERS).await;
        let begun = resident(&stand);
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(mock.open_streams(), READERS);
        let later = resident(&stand);
        assert!(later < begun + 50_000_000 && later < 500_000_000, "{begun} bytes became {later}");
        mock.repeat_rows(1);
        assert_eq!(stand.execute(super::item("a", "1"), &[]).await.status(), "200");
    };
    tokio::select! {
        _ = still => panic!("some query ended"),
        () = watch => {}
    }
}

/// Cancels calls, each in the middle of its answer or before there is one.
async fn cancel(stand: &mut Stand, calls: usize) {
    // A client's HTTP/2 gives a connection up once it has met some thousand frames of streams that it had cancelled.
    const ON_ONE_CONNECTION: usize = 500;
    for _ in 0..calls / ON_ONE_CONNECTION {
        stand.reconnect();
        let stand = &*stand;
        let cancel = async |index: usize| match index % 2 {
            0 => drop(begun(stand).await),
            _ => drop(tokio::time::timeout(Duration::from_millis(1), stand.execute(call("All"), &[])).await),
        };
        futures::stream::iter(0..ON_ONE_CONNECTION).for_each_concurrent(50, cancel).await;
    }
}

#[tokio::test]
async fn ten_thousand_cancelled_calls_leave_nothing_behind() {
    let (mock, mut stand) = start().await;
    long(&mock, 60);
    let ended = || mock.open_streams() == 0;
    cancel(&mut stand, 2_000).await;
    until("the end of the queries", ended).await;
    let (sessions, files, bytes) = (mock.roles().len(), descriptors(&stand), resident(&stand));
    cancel(&mut stand, 8_000).await;
    until("the end of the queries", ended).await;
    assert_eq!(mock.roles().len(), sessions);
    until("the end of the connections", || descriptors(&stand) <= files).await;
    let bytes_then = resident(&stand);
    assert!(bytes_then < bytes + 50_000_000, "{bytes} bytes became {bytes_then}");
    mock.repeat_rows(1);
    assert_eq!(stand.execute(call("All"), &[]).await.status(), "200");
}
