//! A write whose answer is lost on its way back. Envoy's own retries follow only what the sidecar itself calls
//! unwritten, and a lost answer is never that; so who stands between the two and says `UNAVAILABLE` of a sidecar that
//! has answered is another proxy, such as a mesh's.

use super::Site;
use super::lossy::Lossy;
use crate::support::{Connection, PROTOCOLS, assert_no_trap, assert_problem, statistics};

#[test]
fn a_write_whose_answer_is_lost_is_there_once() {
    let mut lossy = None;
    let site = Site::start_with(|options| Lossy::between(options, &mut lossy));
    let lossy = lossy.unwrap();
    let n = || site.spanner.query("SELECT n FROM notes WHERE id = 1").unwrap().concat();
    let retries =
        || statistics(&site.stack, "^cluster.spanner-sidecar.upstream_rq_retry$").into_values().sum::<u64>();
    let mut expected = 0;
    for protocol in PROTOCOLS {
        let mut connection = Connection::open(&site.stack, protocol).unwrap();
        // Without a key Envoy's retry has the filter's nonce, with one it has the caller's.
        for key in [None, Some(format!("{protocol:?}"))] {
            let mut add = site.post("/1/more", "");
            if let Some(key) = &key {
                add = add.header("idempotency-key", key);
            }
            let retried = retries();
            lossy.lose(1);
            let answer = connection.send(add.clone()).unwrap();
            expected += 1;
            let told = format!("{protocol:?} {key:?}: {answer:?}");
            assert_eq!((answer.status, answer.text()), (200, format!(r#"{{"n":"{expected}"}}"#)), "{told}");
            assert_eq!(answer.header("idempotency-replayed"), Some("true"), "{told}");
            assert!(answer.header("read-timestamp").is_some(), "{told}");
            assert_eq!((n(), retries()), (vec![expected.to_string()], retried + 1), "{told}");
            if key.is_some() {
                let again = connection.send(add).unwrap();
                assert_eq!((again.status, again.body), (200, answer.body), "{told}");
                assert_eq!(n(), [expected.to_string()], "{told}");
            }
        }

        // Lost more often than Envoy tries, it is for the caller to send it again.
        let add = site.post("/1/more", "").header("idempotency-key", format!("{protocol:?}-lost"));
        lossy.lose(3);
        expected += 1;
        assert_problem(&connection.send(add.clone()).unwrap(), 503, "upstream_unavailable");
        let again = connection.send(add).unwrap();
        assert_eq!((again.status, again.text()), (200, format!(r#"{{"n":"{expected}"}}"#)));
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        assert_eq!(n(), [expected.to_string()]);
    }
    assert_no_trap(&site.stack);
}
