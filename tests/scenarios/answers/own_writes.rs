//! Read your writes: what a write tells as its `Read-Timestamp`, sent back, makes an old read new enough.

use super::Site;
use crate::support::{Connection, PROTOCOLS, assert_no_trap, assert_problem};

#[test]
fn a_caller_reads_its_own_write() {
    let site = Site::start();
    for (protocol, id) in PROTOCOLS.into_iter().zip(10..) {
        let mut connection = Connection::open(&site.stack, protocol).unwrap();
        let (path, text) = (format!("/{id}"), format!("note {id}"));
        let written = connection.send(site.post(&path, &format!(r#"{{"text":"{text}"}}"#))).unwrap();
        assert_eq!((written.status, written.text()), (201, format!(r#"{{"id":"{id}","text":"{text}"}}"#)));
        assert_eq!(written.header("location"), Some(format!("/notes/v1/{id}").as_str()));
        let written_at = written.header("read-timestamp").unwrap();

        // Half an hour ago there was none.
        assert_problem(&connection.send(site.get(&path)).unwrap(), 404, "not_found");
        let read = connection.send(site.get(&path).header("read-min-timestamp", written_at)).unwrap();
        assert_eq!((read.status, read.text()), (200, format!(r#"{{"text":"{text}","n":"0"}}"#)));
        assert!(read.header("read-timestamp").unwrap() >= written_at);

        let too_far = "2999-01-01T00:00:00Z";
        for refused in [
            site.get(&path).header("read-min-timestamp", too_far),
            site.get(&path).header("read-min-timestamp", written_at).header("read-min-timestamp", written_at),
            // Nobody has promised to heed it there.
            site.get("/all").header("read-min-timestamp", written_at),
        ] {
            assert_problem(&connection.send(refused).unwrap(), 400, "parameter_invalid");
        }
    }
    assert_no_trap(&site.stack);
}
