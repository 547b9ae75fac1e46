//! What the emulator cannot do: a Spanner that fails at a chosen step, for the sidecar to tell apart what happened
//! from what did not, and to stop trying.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod stand;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use spangate_mock_spanner::{Mock, Step};
use spangate_proto::v1::Call;
use spangate_proto::v1::call::Idempotency;
use stand::{Stand, call, query};
use tonic::{Code, Status};

const DDL: &str =
    concat!(include_str!("data/faulty.sql"), include_str!("../src/migration/own_tables/googlesql.sql"),);

async fn stand() -> (Mock, Stand) {
    let mock = Mock::start(DDL).await.unwrap();
    mock.execute("INSERT INTO t (a, b) VALUES ('x', 7), ('y', 7)").unwrap();
    let stand = Stand::serving(mock.port, "faulty.yaml").await;
    stand.until_healthy().await;
    mock.forget_counts();
    (mock, stand)
}

fn write(operation: &str) -> Call {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let nonce = format!("{number:016}").into_bytes();
    let query = query(&[("id", &number.to_string())]);
    Call { idempotency: Some(Idempotency::Nonce(nonce)), query, ..call(operation) }
}

/// As Envoy counts them.
const FIRST_TRY: [(&str, &str); 1] = [("x-envoy-attempt-count", "1")];

#[tokio::test]
async fn a_lost_session_is_renewed_once_for_all_who_wait() {
    let (mock, stand) = stand().await;
    mock.lose_sessions();
    let calls = futures::future::join_all((0..10).map(|_| stand.execute(call("Read"), &[]))).await;
    for answer in &calls {
        assert_eq!(answer.json(), r#"{"rows":[{"a":"x"},{"a":"y"}]}"#);
    }
    assert_eq!(mock.count(Step::CreateSession), 1);

    mock.lose_sessions();
    assert_eq!(stand.execute(write("Write"), &[]).await.status(), "204");
    assert_eq!((mock.count(Step::CreateSession), mock.count(Step::Commit)), (2, 1));
}

#[tokio::test]
async fn a_commit_without_an_answer_is_an_unknown_outcome() {
    let (mock, stand) = stand().await;
    mock.always(Step::Commit, Status::unavailable("gone"));
    stand.execute(write("Write"), &[]).await.assert_refused("500", "outcome_unknown");
    // Four times each, and less and less often, until its time is over.
    assert!((8..=80).contains(&mock.count(Step::Commit)), "{} commits", mock.count(Step::Commit));

    mock.silent(Step::Commit);
    stand.execute(write("WriteInTime"), &[]).await.assert_refused("500", "outcome_unknown");
    assert_eq!(mock.query("SELECT COUNT(*) FROM spangate_audit").unwrap(), [["0"]]);
}

#[tokio::test]
async fn what_fails_before_the_commit_has_not_happened() {
    let (mock, stand) = stand().await;
    mock.always(Step::Execute, Status::unavailable("gone"));
    stand.execute_with(write("Write"), &FIRST_TRY).await.assert_refused("503", "database_unavailable");
    mock.silent(Step::Execute);
    stand.execute_with(write("WriteInTime"), &FIRST_TRY).await.assert_refused("504", "deadline_exceeded");
    assert_eq!(mock.count(Step::Commit), 0);
}

#[tokio::test]
async fn aborted_transactions_run_again() {
    let (mock, stand) = stand().await;
    mock.once(Step::Commit, Status::aborted("contention"));
    assert_eq!(stand.execute(write("Write"), &[]).await.status(), "204");
    assert_eq!((mock.count(Step::Execute), mock.count(Step::Commit)), (2, 2));

    // Not the commit: one that is in flight when the time is over may happen.
    mock.always(Step::Execute, Status::aborted("contention"));
    let answer = stand.execute(write("WriteInTime"), &[]).await;
    // Whichever limit ends it, attempts or time.
    assert!(["conflict", "deadline_exceeded"].contains(&answer.reason()), "{answer:?}");
}

#[tokio::test]
async fn reads_stop_trying() {
    let (mock, stand) = stand().await;
    mock.always(Step::Stream, Status::unavailable("gone"));
    let answer = stand.execute(call("Read"), &[]).await;
    answer.assert_refused("503", "database_unavailable");
    assert_eq!(answer.metadata("spangate-retry-after"), "1");
    assert!((2..=5).contains(&mock.count(Step::Stream)), "{} tries", mock.count(Step::Stream));

    mock.silent(Step::Stream);
    stand.execute(call("ReadInTime"), &[]).await.assert_refused("504", "deadline_exceeded");

    // The caller's deadline, where it is the shorter one.
    stand.execute_within(call("Read"), "300m").await.assert_refused("504", "deadline_exceeded");

    for (status, expected, reason) in [
        (Status::permission_denied("role reader may not read secret_table"), "403", "permission_denied"),
        (Status::resource_exhausted("quota"), "503", "database_overloaded"),
        (Status::invalid_argument("Unrecognized name: secret_column"), "500", "schema_mismatch"),
        (Status::not_found("Table not found: secret_table"), "500", "schema_mismatch"),
    ] {
        mock.always(Step::Stream, status);
        let answer = stand.execute(call("Read"), &[]).await;
        answer.assert_refused(expected, reason);
        assert!(!format!("{answer:?}").contains("secret"), "{answer:?}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_half_way_ends_with_an_error() {
    let (mock, stand) = stand().await;
    mock.break_after_rows(Status::new(Code::DataLoss, "half way"));
    let answer = stand.execute(call("Read"), &[]).await;
    assert_eq!(answer.status(), "200");
    assert!(answer.failed());
    assert_eq!(answer.error_reason(), "database_unavailable");
    stand.until_logged(&["answer_cut", r#""operation":"Read""#, "database_unavailable"]).await;
}

#[tokio::test]
async fn roles_types_and_limits_are_on_the_wire() {
    let (mock, stand) = stand().await;
    let roles: BTreeSet<String> = mock.roles().into_iter().collect();
    assert_eq!(roles.into_iter().collect::<Vec<_>>(), ["reader", "writer"]);
    stand.execute(call("Read"), &[]).await;
    let (value, code) = mock.last_parameter("b").unwrap();
    assert_eq!((value.as_str(), code), ("7", 2));

    // Of twenty calls that hang half find a place, as many as scans may take: the others are refused and not queued.
    mock.silent(Step::Stream);
    let hanging = (0..20).map(|_| stand.execute(call("Read"), &[]));
    let hanging = futures::future::join_all(hanging);
    let refused = async {
        for _ in 0..300 {
            if mock.count(Step::Stream) == 11 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(mock.count(Step::Stream), 11);
        stand.execute(call("Read"), &[]).await.assert_refused("503", "database_overloaded");
    };
    tokio::join!(async { drop(tokio::time::timeout(Duration::from_secs(5), hanging).await) }, refused);
}
