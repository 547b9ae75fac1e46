//! Rows as they are read: one a line where the caller would have that, and no longer than somebody reads them.

use serde_json::{Value, json};

use super::Site;
use crate::support::{Connection, PROTOCOLS, assert_no_trap, eventually, metrics, statistics};

/// More than anybody would read.
const ENDLESS: usize = 1_000_000_000;

#[test]
fn rows_come_one_a_line() {
    let site = Site::start();
    for protocol in PROTOCOLS {
        let mut connection = Connection::open(&site.stack, protocol).unwrap();
        let mut lines = |path: &str| -> Vec<Value> {
            let list = site.get(path).header("accept", "application/json;q=0.5, application/x-ndjson");
            let answer = connection.send(list).unwrap();
            assert_eq!(answer.header("content-type"), Some("application/x-ndjson"), "{}", answer.text());
            assert!(answer.text().ends_with('\n'));
            answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        };
        let row = |id: &str, text: &str| json!({"id": id, "text": text});
        assert_eq!(lines("/all"), [row("1", "one"), row("2", "two"), row("3", "three")]);
        let page = lines("?limit=2");
        assert_eq!(page[..2], [row("1", "one"), row("2", "two")]);
        let next = page[2]["next_page"].as_str().unwrap();
        let last = lines(&format!("?limit=2&page={next}"));
        assert_eq!(last, [row("3", "three"), json!({"next_page": null})]);
        let plain = connection.send(site.get("/all").header("accept", "text/html")).unwrap();
        assert_eq!(plain.header("content-type"), Some("application/json"));
    }
    assert_no_trap(&site.stack);
}

#[test]
fn a_client_that_leaves_ends_its_query() {
    let site = Site::start();
    site.spanner.repeat_rows(ENDLESS);
    for protocol in PROTOCOLS {
        let mut connection = Connection::open(&site.stack, protocol).unwrap();
        // Left, the connection of HTTP/1.1 is closed, and of HTTP/2 the stream is reset; then the connection itself.
        let mut begun = connection.begin(site.get("/all")).unwrap();
        assert!(begun.read().unwrap());
        assert_eq!((site.spanner.open_streams(), in_flight(&site)), (1, [1, 1]), "{protocol:?}");
        drop(begun);
        let answer = connection.send(site.get("/nowhere/at/all")).unwrap();
        assert_eq!(answer.status, 404, "{protocol:?}: {}", answer.text());
        nothing_is_in_flight(&site);

        let mut begun = connection.begin(site.get("/all")).unwrap();
        assert!(begun.read().unwrap());
        assert_eq!((site.spanner.open_streams(), in_flight(&site)), (1, [1, 1]), "{protocol:?}");
        drop(begun);
        drop(connection);
        nothing_is_in_flight(&site);
    }
    site.spanner.repeat_rows(1);
    assert_no_trap(&site.stack);
}

fn nothing_is_in_flight(site: &Site) {
    eventually("the query has ended", || site.spanner.open_streams() == 0);
    eventually("nothing is in flight", || in_flight(site) == [0, 0]);
}

/// Calls as Envoy counts them, and the places in the database that the sidecar has given.
fn in_flight(site: &Site) -> [u64; 2] {
    let of_envoy =
        statistics(&site.stack, "^cluster.spanner-sidecar.upstream_rq_active$").into_values().sum();
    let metrics = metrics(&site.stack);
    let places = metrics.lines().filter(|line| line.starts_with("spangate_sidecar_in_flight{"));
    [of_envoy, places.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()]
}
