//! A `cache` step, as a client's own cache would use it: a hit, and a 304 that leaves the connection in step.

use spangate_mock_spanner::Step;

use super::Site;
use crate::support::{Connection, PROTOCOLS, Protocol, assert_no_trap, metrics, raw};

#[test]
fn kept_answers_are_told_with_their_age_and_not_sent_twice() {
    let site = Site::start();
    for (protocol, from) in PROTOCOLS.into_iter().zip(1..) {
        // An answer of its own for each protocol.
        let kept = || site.get(&format!("/kept?from={from}"));
        let mut connection = Connection::open(&site.stack, protocol).unwrap();
        let first = connection.send(kept()).unwrap();
        assert_eq!(first.status, 200, "{}", first.text());
        assert_eq!(first.header("cache-control"), Some("private, max-age=600"));
        assert_eq!(first.header("vary"), Some("accept, authorization, read-min-timestamp"));
        let etag = first.header("etag").unwrap().to_owned();
        assert!(first.header("read-timestamp").is_some());

        let asked = site.spanner.count(Step::Stream);
        site.spanner.execute("UPDATE notes SET text = 'another' WHERE id = 3;").unwrap();
        let hit = connection.send(kept()).unwrap();
        assert_eq!(hit.body, first.body);
        for name in ["etag", "read-timestamp", "cache-control", "vary", "content-type"] {
            assert_eq!(hit.header(name), first.header(name), "{name}");
        }
        assert!(hit.header("age").unwrap().parse::<u64>().is_ok());

        let known = || kept().header("if-none-match", format!("\"other\", W/{etag}"));
        let not_modified = connection.send(known()).unwrap();
        assert_eq!((not_modified.status, not_modified.text().as_str()), (304, ""));
        assert_eq!(not_modified.header("etag"), Some(etag.as_str()));
        assert_eq!(not_modified.header("content-type"), None);
        assert_eq!(not_modified.header("vary"), first.header("vary"));
        assert_eq!(not_modified.header("read-timestamp"), first.header("read-timestamp"));
        assert!(not_modified.header("age").is_some());
        let other = connection.send(kept().header("if-none-match", "\"other\"")).unwrap();
        assert_eq!((other.status, &other.body), (200, &first.body));
        assert_eq!(site.spanner.count(Step::Stream), asked, "a hit asked the database");

        if protocol == Protocol::Http1 {
            // The client above would take a new connection where this one is out of step.
            let line = format!(
                "GET /notes/v1/kept?from={from} HTTP/1.1\r\nhost: g\r\nauthorization: {}\r\n",
                site.token
            );
            let both = format!("{line}if-none-match: {etag}\r\n\r\n{line}connection: close\r\n\r\n");
            let answers = raw(&site.stack, both.as_bytes()).unwrap();
            let (first, second) = answers.split_once("\r\n\r\n").unwrap();
            assert!(first.starts_with("HTTP/1.1 304 ") && second.starts_with("HTTP/1.1 200 "), "{answers}");
            assert!(!first.contains("transfer-encoding") && !first.contains("content-length"), "{first}");
        }
    }
    let counted = metrics(&site.stack);
    for line in [r#"kept_answers_total{found="read"} 2"#, r#"kept_answers_total{found="hit"} 8"#] {
        assert!(counted.contains(line), "{counted}");
    }
    assert_no_trap(&site.stack);
}
