use std::time::{Duration, SystemTime};

use google_cloud_wkt::Timestamp;
use spangate_mock_spanner::Step;
use spangate_proto::v1::{Cache, Call, Identity};
use tonic::Status;

use super::streams::until;
use super::{bob, of, start};
use crate::stand::{Answer, alice, call};

fn rule() -> Cache {
    Cache { ttl_ms: 60_000, ..Cache::default() }
}

/// The rows of `a`, to be kept for a minute.
fn kept() -> Call {
    Call { cache: Some(rule()), policy_revision: "r1".to_owned(), ..of("a", "ReadOwn") }
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.metadata(&format!("spangate-header-{name}"))
}

#[tokio::test]
async fn the_second_answer_is_the_first() {
    let (mock, stand) = start().await;
    let first = stand.execute(kept(), &[]).await;
    let second = stand.execute(kept(), &[]).await;
    assert_eq!(mock.count(Step::Stream), 1);
    assert_eq!(first.json(), second.json());
    assert_eq!(first.json().matches("id").count(), 5);
    for name in ["etag", "read-timestamp", "cache-control", "vary"] {
        assert_eq!(header(&first, name), header(&second, name), "{name}");
        assert!(!header(&first, name).is_empty(), "{name}");
    }
    assert_eq!(header(&second, "cache-control"), "private, max-age=60");
    header(&second, "age").parse::<u64>().unwrap();

    let etag = header(&first, "etag").to_owned();
    let known = stand.execute_with(kept(), &[("if-none-match", &format!("\"x\", W/{etag}"))]).await;
    assert_eq!((known.status(), known.json()), ("304", ""));
    assert_eq!((header(&known, "etag"), known.metadata("spangate-content-type")), (etag.as_str(), ""));
    let head = stand.execute(Call { head: true, ..kept() }, &[]).await;
    assert_eq!((head.status(), head.json(), header(&head, "etag")), ("200", "", etag.as_str()));
    assert_eq!(mock.count(Step::Stream), 1);

    // Without the step nothing is kept, and nothing is said of keeping.
    let plain = stand.execute(of("a", "ReadOwn"), &[]).await;
    assert_eq!((mock.count(Step::Stream), header(&plain, "cache-control")), (2, ""));
}

#[tokio::test]
async fn who_does_not_share_an_answer() {
    let (mock, stand) = start().await;
    let of_alice = |change: fn(Identity) -> Identity| Call { identity: Some(change(alice())), ..kept() };
    let with = |change: fn(Cache) -> Cache| Call { cache: Some(change(rule())), ..kept() };
    let apart = [
        kept(),
        of_alice(|alice| Identity { issuer: "okta".to_owned(), ..alice }),
        of_alice(|alice| Identity { tenant: Some("t2".to_owned()), ..alice }),
        of_alice(|alice| Identity { roles: vec!["reader".to_owned()], ..alice }),
        Call { identity: None, ..kept() },
        Call { policy_revision: "r2".to_owned(), ..kept() },
        Call { path: of("b", "").path, ..kept() },
        with(|rule| Cache { vary: b"de".to_vec(), ..rule }),
        with(|rule| Cache { ttl_ms: 1_000, ..rule }),
    ];
    for (index, call) in apart.iter().enumerate() {
        assert_eq!(stand.execute(call.clone(), &[]).await.status(), "200");
        assert_eq!(mock.count(Step::Stream), index + 1, "{call:?}");
    }
    let lines = stand.execute_with(kept(), &[("accept", "application/x-ndjson")]).await;
    assert_eq!(lines.metadata("spangate-content-type"), "application/x-ndjson");
    assert_eq!(mock.count(Step::Stream), apart.len() + 1);

    // Another subject of the same tenant and roles does, and so does everyone where the policy says so.
    let before = mock.count(Step::Stream);
    stand.execute(Call { identity: Some(bob()), ..kept() }, &[]).await;
    assert_eq!(mock.count(Step::Stream), before);
    for identity in [Some(alice()), Some(Identity { issuer: "okta".to_owned(), ..bob() }), None] {
        let shared = Cache { shared: true, ..rule() };
        let answer =
            stand.execute(Call { identity: identity.clone(), cache: Some(shared), ..kept() }, &[]).await;
        let who = if identity.is_some() { "private" } else { "public" };
        assert_eq!(header(&answer, "cache-control"), format!("{who}, max-age=60"));
    }
    // The one without an identity has been kept already, by the call that did not share.
    assert_eq!(mock.count(Step::Stream), before);
}

#[tokio::test]
async fn an_identity_that_is_bound_keeps_answers_apart() {
    let (mock, stand) = start().await;
    let shared = Cache { shared: true, ..rule() };
    for tenant in ["a", "b", "a"] {
        let identity = Identity { tenant: Some(tenant.to_owned()), ..alice() };
        let mine = Call { identity: Some(identity), cache: Some(shared.clone()), ..call("Mine") };
        let rows = if tenant == "a" { 5 } else { 1 };
        assert_eq!(stand.execute(mine, &[]).await.json().matches("\"id\"").count(), rows);
    }
    assert_eq!(mock.count(Step::Stream), 2);
}

#[tokio::test]
async fn one_reads_for_all() {
    let (mock, stand) = start().await;
    mock.slow(Step::Stream, Duration::from_secs(1));
    let answers = futures::future::join_all((0..1_000).map(|_| stand.execute(kept(), &[]))).await;
    assert!(answers.iter().all(|answer| answer.json() == answers[0].json()));
    assert_eq!(mock.count(Step::Stream), 1);
}

#[tokio::test]
async fn who_waits_for_a_reader_that_leaves_reads_in_its_stead() {
    let (mock, stand) = start().await;
    mock.slow(Step::Stream, Duration::from_millis(500));
    let leaving = tokio::time::timeout(Duration::from_millis(200), stand.execute(kept(), &[]));
    let waiting = async {
        while mock.count(Step::Stream) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        futures::future::join_all((0..10).map(|_| stand.execute(kept(), &[]))).await
    };
    let (left, answers) = tokio::join!(leaving, waiting);
    assert!(left.is_err());
    assert!(answers.iter().all(|answer| answer.status() == "200"), "{answers:?}");
    assert_eq!(mock.count(Step::Stream), 2);
}

#[tokio::test]
async fn refusals_are_not_kept() {
    let (mock, stand) = start().await;
    mock.once(Step::Stream, Status::permission_denied("not now"));
    stand.execute(kept(), &[]).await.assert_refused("403", "permission_denied");
    assert_eq!(stand.execute(kept(), &[]).await.status(), "200");
    assert_eq!(mock.count(Step::Stream), 2);
}

#[tokio::test]
async fn nothing_is_served_past_its_time() {
    let (mock, stand) = start().await;
    let brief = || Call { cache: Some(Cache { ttl_ms: 200, ..rule() }), ..kept() };
    stand.execute(brief(), &[]).await;
    tokio::time::sleep(Duration::from_millis(250)).await;
    stand.execute(brief(), &[]).await;
    assert_eq!(mock.count(Step::Stream), 2);
}

/// The one that takes the place of another that has run out is kept for its own time.
#[tokio::test]
async fn what_is_read_again_is_kept_again() {
    let (mock, stand) = start().await;
    let brief = || Call { cache: Some(Cache { ttl_ms: 2_000, ..rule() }), ..kept() };
    for reads in 1..=3 {
        stand.execute(brief(), &[]).await;
        stand.execute(brief(), &[]).await;
        assert_eq!(mock.count(Step::Stream), reads);
        tokio::time::sleep(Duration::from_millis(2_100)).await;
    }
}

/// What one document meant is not what the next one means.
#[tokio::test]
async fn a_reload_begins_anew() {
    let (mock, stand) = start().await;
    stand.execute(kept(), &[]).await;
    stand.signal("-HUP");
    stand.until_logged(&["operations_reloaded"]).await;
    mock.forget_counts();
    stand.execute(kept(), &[]).await;
    stand.execute(kept(), &[]).await;
    assert_eq!(mock.count(Step::Stream), 1);
}

/// It asks the database no more often than the policy says, whatever a caller would like.
#[tokio::test]
async fn a_callers_cache_control_changes_nothing() {
    let (mock, stand) = start().await;
    stand.execute(kept(), &[]).await;
    for control in ["no-cache", "no-store", "max-age=0"] {
        stand.execute_with(kept(), &[("cache-control", control)]).await;
    }
    assert_eq!(mock.count(Step::Stream), 1);
}

/// Of three megabytes one is kept.
#[tokio::test]
async fn what_is_kept_has_a_bound() {
    const ANSWERS: usize = 30;
    let (mock, stand) = start().await;
    mock.repeat_rows(1_000);
    let one = |number: usize| Call { policy_revision: number.to_string(), ..of("a", "AllOfOwner") };
    let sizes = async || {
        let mut sizes = Vec::new();
        for number in 0..ANSWERS {
            let answer = stand.execute(Call { cache: Some(rule()), ..one(number) }, &[]).await;
            sizes.push(answer.json().len());
        }
        sizes
    };
    let total: usize = sizes().await.into_iter().sum();
    assert!(total > 3 * 1024 * 1024, "{total} bytes");
    mock.forget_counts();
    sizes().await;
    let (read, fits) = (mock.count(Step::Stream), ANSWERS * 1024 * 1024 / total);
    assert!((ANSWERS - fits..ANSWERS).contains(&read), "{read} of {ANSWERS} were read again, {fits} fit");
}

#[tokio::test]
async fn a_callers_minimum_goes_past_what_is_older() {
    let (mock, stand) = start().await;
    let first = stand.execute(kept(), &[]).await;
    let told = header(&first, "read-timestamp").to_owned();
    let reached = stand.execute_with(kept(), &[("read-min-timestamp", &told)]).await;
    assert_eq!((header(&reached, "read-timestamp"), mock.count(Step::Stream)), (told.as_str(), 1));
    let now = String::from(Timestamp::try_from(SystemTime::now()).unwrap());
    let fresh = stand.execute_with(kept(), &[("read-min-timestamp", &now)]).await;
    assert_eq!((header(&fresh, "read-timestamp"), mock.count(Step::Stream)), (now.as_str(), 2));
    // What one caller wanted is not what others are told.
    let others = stand.execute(kept(), &[]).await;
    assert_eq!((header(&others, "read-timestamp"), mock.count(Step::Stream)), (told.as_str(), 2));
}

#[tokio::test]
async fn long_answers_go_through() {
    let (mock, stand) = start().await;
    mock.repeat_rows(20_000);
    for reads in 1..=2 {
        let answer = stand.execute(kept(), &[]).await;
        assert!(answer.json().len() > 1024 * 1024);
        serde_json::from_str::<serde_json::Value>(answer.json()).unwrap();
        assert_eq!((header(&answer, "etag"), mock.count(Step::Stream)), ("", reads));
    }
    // That it is too long is known: nobody waits for another to find that out.
    mock.silent(Step::Stream);
    let both = futures::future::join(stand.begin(kept(), &[]), stand.begin(kept(), &[]));
    tokio::select! {
        _ = both => panic!("nobody is answered"),
        () = until("both have asked", || mock.count(Step::Stream) == 4) => {}
    }
}

/// The token of its next page is good for an hour from its making.
#[tokio::test]
async fn a_page_is_kept_for_as_long_as_its_token_is_good() {
    let (_mock, stand) = start().await;
    let rule = Cache { ttl_ms: 24 * 3_600_000, ..Cache::default() };
    for (operation, kept) in [("ListItems", "private, max-age=1800"), ("ReadOwn", "private, max-age=86400")] {
        let answer = stand.execute(Call { cache: Some(rule.clone()), ..of("a", operation) }, &[]).await;
        assert_eq!(header(&answer, "cache-control"), kept);
    }
}
