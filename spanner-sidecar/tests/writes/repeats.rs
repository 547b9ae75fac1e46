use std::time::Duration;

use spangate_mock_spanner::Step;
use spangate_proto::v1::{Call, Identity};
use tonic::Status;

use super::{count, counter, drawn, keyed, start};
use crate::stand::{Answer, Stand, alice, body};

fn replayed(answer: &Answer) -> bool {
    answer.metadata("spangate-header-idempotency-replayed") == "true"
}

#[tokio::test]
async fn a_repeat_is_given_the_first_answer() {
    let (mock, stand) = start().await;
    for (id, call) in [("k", keyed("Place", "k", "key")), ("n", drawn("Place", "n", 1))] {
        let first = stand.execute(call.clone(), &body(r#"{"total": 7}"#)).await;
        assert_eq!((first.status(), replayed(&first)), ("201", false), "{first:?}");
        assert_eq!(first.json(), format!(r#"{{"id":"{id}","total":"7"}}"#));
        let again = stand.execute(call, &body(r#"{"total": 7}"#)).await;
        assert_eq!(
            (again.status(), again.json(), replayed(&again)),
            ("201", first.json(), true),
            "{again:?}"
        );
        for name in ["spangate-header-location", "spangate-header-read-timestamp", "spangate-content-type"] {
            assert_eq!(again.metadata(name), first.metadata(name), "{name}");
            assert!(!first.metadata(name).is_empty(), "{name}");
        }
    }
    assert_eq!((count(&mock, "orders"), count(&mock, "spangate_audit")), (2, 2));

    // One that could happen again, and one that would be refused now.
    for (operation, id) in [("Count", "a"), ("CountOnce", "b")] {
        assert_eq!(stand.execute(keyed(operation, id, "key"), &[]).await.status(), "204");
        let again = stand.execute(keyed(operation, id, "key"), &[]).await;
        assert_eq!((again.status(), again.json(), replayed(&again)), ("204", "", true), "{operation}");
        assert_eq!(counter(&mock, id), 1);
    }
    stand.execute(keyed("CountOnce", "b", "other"), &[]).await.assert_refused("409", "counted_already");
}

#[tokio::test]
async fn another_request_under_the_same_key_is_refused() {
    let (mock, stand) = start().await;
    let place = |id| keyed("Place", id, "key");
    assert_eq!(stand.execute(place("o"), &body(r#"{"total": 1}"#)).await.status(), "201");
    for (call, text) in [(place("o"), r#"{"total": 2}"#), (place("p"), r#"{"total": 1}"#)] {
        stand.execute(call, &body(text)).await.assert_refused("422", "idempotency_key_reused");
    }
    assert_eq!((count(&mock, "orders"), count(&mock, "spangate_audit")), (1, 1));
}

#[tokio::test]
async fn a_key_is_its_callers_alone() {
    let (mock, stand) = start().await;
    let of = |identity: Identity| Call { identity: Some(identity), ..keyed("Count", "a", "key") };
    let mut calls = vec![
        of(alice()),
        of(Identity { subject: "bob".to_owned(), ..alice() }),
        of(Identity { issuer: "okta".to_owned(), ..alice() }),
        of(Identity { tenant: Some("t2".to_owned()), ..alice() }),
        of(Identity { tenant: None, ..alice() }),
        keyed("Keyed", "a", "key"),
    ];
    // Nobody at all has no key of his own, but the filter's nonce.
    calls.push(Call { identity: None, ..drawn("Count", "a", 1) });
    for call in &calls {
        let answer = stand.execute(call.clone(), &[]).await;
        assert_eq!((answer.status(), replayed(&answer)), ("204", false), "{call:?}");
    }
    for call in &calls {
        assert!(replayed(&stand.execute(call.clone(), &[]).await), "{call:?}");
    }
    assert_eq!(counter(&mock, "a"), u64::try_from(calls.len()).unwrap());
}

/// The filter refuses it as well; that is not relied upon.
#[tokio::test]
async fn whoever_is_not_known_has_no_key() {
    let (mock, stand) = start().await;
    let nameless = Identity { subject: String::new(), ..alice() };
    let of_nowhere = Identity { issuer: String::new(), ..alice() };
    for identity in [None, Some(nameless), Some(of_nowhere)] {
        for operation in ["Count", "Keyed"] {
            let call = Call { identity: identity.clone(), ..keyed(operation, "a", "key") };
            stand.execute(call, &[]).await.assert_refused("400", "parameter_invalid");
        }
    }
    assert_eq!((counter(&mock, "a"), count(&mock, "spangate_idempotency")), (0, 0));
}

#[tokio::test]
async fn what_was_refused_may_be_sent_again() {
    let (mock, stand) = start().await;
    stand.execute(keyed("Count", "new", "key"), &[]).await.assert_refused("409", "no_such_counter");
    mock.execute("INSERT INTO counters (id, n) VALUES ('new', 0)").unwrap();
    let answer = stand.execute(keyed("Count", "new", "key"), &[]).await;
    assert_eq!((answer.status(), replayed(&answer), counter(&mock, "new")), ("204", false, 1));
}

/// Two sidecars, as two pods are, and every call sent to both, twice: while the first is in flight, too.
#[tokio::test]
async fn repeats_at_the_same_time_happen_once() {
    let (mock, stand) = start().await;
    let door = mock.another_door().await.unwrap();
    let other = Stand::in_production(door.port, "writes.yaml").await;
    other.until_healthy().await;
    mock.slow(Step::Commit, Duration::from_millis(30));
    let text = body(r#"{"total": 1}"#);
    for round in 0..10 {
        let (order, key) = (format!("o{round}"), format!("key{round}"));
        mock.execute(&format!("INSERT INTO counters (id, n) VALUES ('c{round}', 0)")).unwrap();
        for (operation, id, sent) in
            [("Place", order.clone(), text.as_slice()), ("CountOnce", format!("c{round}"), &[])]
        {
            let send = |stand| {
                let call = keyed(operation, &id, &key);
                async move { Stand::execute(stand, call, sent).await }
            };
            let answers = [&stand, &other, &stand, &other].map(send);
            let answers = futures::future::join_all(answers).await;
            let firsts = answers.iter().filter(|answer| !replayed(answer)).count();
            assert_eq!(firsts, 1, "{operation}: {answers:#?}");
            for answer in &answers {
                assert_eq!((answer.status(), answer.json()), (answers[0].status(), answers[0].json()));
            }
        }
        assert_eq!(counter(&mock, &format!("c{round}")), 1);
    }
    assert_eq!((count(&mock, "orders"), count(&mock, "spangate_idempotency")), (10, 20));
    assert_eq!(count(&mock, "spangate_audit"), 20);
}

/// What cannot be told is not told: Envoy's retry may be of a write that has happened.
#[tokio::test]
async fn a_repeat_that_cannot_be_looked_up_says_so() {
    let (mock, stand) = start().await;
    for step in [Step::Execute, Step::Begin, Step::Read] {
        mock.always(step, Status::unavailable("gone"));
    }
    let tried = |tries: &'static str| {
        let call = drawn("Count", "a", 1);
        let stand = &stand;
        async move { stand.execute_with(call, &[("x-envoy-attempt-count", tries)]).await }
    };
    tried("1").await.assert_refused("503", "database_unavailable");
    assert_eq!(mock.count(Step::Read), 0);
    tried("2").await.assert_refused("500", "outcome_unknown");
    stand.execute(drawn("Count", "a", 1), &[]).await.assert_refused("500", "outcome_unknown");
    stand.execute(keyed("Count", "a", "key"), &[]).await.assert_refused("503", "database_unavailable");
    mock.heal_all();
    assert_eq!(tried("3").await.status(), "204");
    assert_eq!(counter(&mock, "a"), 1);
}
