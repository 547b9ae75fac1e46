use std::time::Duration;

use spangate_mock_spanner::{Fault, Step, Times, When};
use tonic::Status;

use super::{count, counter, drawn, keyed, start};
use crate::stand::body;

/// Every message of a write is lost on its way there or back, once: the write happens once, and is answered.
#[tokio::test]
async fn a_message_that_is_lost_once() {
    let (mock, stand) = start().await;
    let faults = || {
        [
            ("unavailable", Fault::Status(Status::unavailable("gone"))),
            ("aborted", Fault::Status(Status::aborted("contention"))),
            ("unknown", Fault::Status(Status::unknown("lost"))),
            ("cut", Fault::Disconnect),
            ("late", Fault::Delay(Duration::from_millis(50))),
        ]
    };
    let mut number = 0;
    for (operation, steps) in
        [("Place", [Step::Stream, Step::Commit]), ("Count", [Step::Execute, Step::Commit])]
    {
        for step in steps {
            for when in [When::Before, When::After] {
                for (name, fault) in faults() {
                    number += 1;
                    let (id, key) = (format!("w{number}"), format!("key{number}"));
                    mock.execute(&format!("INSERT INTO counters (id, n) VALUES ('{id}', 0)")).unwrap();
                    let sent = if operation == "Place" { body(r#"{"total": 1}"#) } else { Vec::new() };
                    mock.fault(step, when, Times::Nth(1), fault);
                    let first = stand.execute(keyed(operation, &id, &key), &sent).await;
                    mock.heal_all();
                    // Before the commit an unknown error is told; the caller sends the same again.
                    let again = stand.execute(keyed(operation, &id, &key), &sent).await;
                    let place = format!("{operation} {step:?} {when:?} {name}: {first:?} {again:?}");
                    let is_told = name == "unknown" && step != Step::Commit;
                    assert_eq!(first.failed(), is_told, "{place}");
                    assert!(!again.failed(), "{place}");
                    if !is_told {
                        assert_eq!((first.status(), first.json()), (again.status(), again.json()), "{place}");
                    }
                    assert_eq!(counter(&mock, &id), u64::from(operation == "Count"), "{place}");
                }
            }
        }
    }
    let (orders, counted) = (count(&mock, "orders"), number - count(&mock, "orders"));
    assert_eq!((orders, counted), (20, 20));
    for table in ["spangate_idempotency", "spangate_audit"] {
        assert_eq!(count(&mock, table), number, "{table}");
    }
}

/// The commit happens and is never answered: what came of it is read back.
#[tokio::test]
async fn a_commit_that_is_never_answered() {
    let (mock, stand) = start().await;
    for (id, fault) in [("a", Fault::Silence), ("b", Fault::Status(Status::unavailable("gone")))] {
        mock.fault(Step::Commit, When::After, Times::Always, fault);
        let answer = stand.execute(keyed("Count", id, id), &[]).await;
        assert_eq!((answer.status(), counter(&mock, id)), ("204", 1), "{answer:?}");
        mock.heal_all();
    }
    // Neither answered nor to be read back: unknown, until it is asked for again.
    mock.fault(Step::Commit, When::After, Times::Always, Fault::Silence);
    mock.always(Step::Read, Status::unavailable("gone"));
    stand.execute(keyed("Count", "a", "later"), &[]).await.assert_refused("500", "outcome_unknown");
    mock.heal_all();
    assert_eq!(stand.execute(keyed("Count", "a", "later"), &[]).await.status(), "204");
    assert_eq!((counter(&mock, "a"), count(&mock, "spangate_audit")), (2, 3));
}

/// The commit happens, its answer is lost, and to the client's own second try of it Spanner says something that would
/// mean, alone, that nothing was written. Nobody sends this write again: it is read back all the same.
#[tokio::test]
async fn a_lost_answer_is_not_forgotten_over_a_later_one() {
    let (mock, stand) = start().await;
    let answers = [
        Status::resource_exhausted("too much"),
        Status::not_found("Session not found: it is gone"),
        Status::aborted("contention"),
        Status::permission_denied("no"),
        Status::failed_precondition("no"),
    ];
    for (number, later) in answers.into_iter().enumerate() {
        let id = format!("l{number}");
        mock.execute(&format!("INSERT INTO counters (id, n) VALUES ('{id}', 0)")).unwrap();
        let lost = Fault::Status(Status::unavailable("gone"));
        mock.fault(Step::Commit, When::After, Times::Nth(1), lost);
        mock.fault(Step::Commit, When::Before, Times::Nth(2), Fault::Status(later.clone()));
        let nonce = u8::try_from(number).unwrap();
        let answer = stand.execute_with(drawn("Count", &id, nonce), &[("x-envoy-attempt-count", "1")]).await;
        mock.heal_all();
        assert_eq!((answer.status(), counter(&mock, &id)), ("204", 1), "{later:?}: {answer:?}");
    }
    assert_eq!(count(&mock, "spangate_audit"), 5);
}

#[tokio::test]
async fn a_session_that_is_lost_on_the_way() {
    let (mock, stand) = start().await;
    for (number, step) in [Step::Execute, Step::Commit].into_iter().enumerate() {
        let lost = Status::not_found("Session not found: it is gone");
        mock.once(step, lost);
        let key = format!("key{number}");
        assert_eq!(stand.execute(keyed("Count", "a", &key), &[]).await.status(), "204");
    }
    assert_eq!((counter(&mock, "a"), count(&mock, "spangate_audit")), (2, 2));
}
