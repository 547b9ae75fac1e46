//! New credentials before they take over: a token is not enough, Spanner must take it.

use spangate_mock_spanner::Step;
use tonic::Status;

use super::*;

/// Keys that sign tokens like any other, and that Spanner does not know: whoever mixes files up notices it in the log,
/// and no caller does.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_spanner_does_not_know_never_takes_over() {
    let folder = Folder::new("unknown");
    let path = folder.put("key.json", &key_file("first").0);
    let known = ["first", "second"];
    let guard =
        move |authorization: &str| known.contains(&key_id(authorization).unwrap_or_default().as_str());
    let (_mock, stand) = serving(&path, guard).await;
    stand.until_healthy().await;

    let done = AtomicBool::new(false);
    let caller = async || {
        while !done.load(Ordering::Relaxed) {
            assert_eq!(stand.execute(call("Read"), &[]).await.json(), r#"{"rows":[{"a":"x"}]}"#);
        }
    };
    let rotation = async {
        folder.put("key.json", &key_file("unknown").0);
        let refusals = || stand.log().matches("Spanner does not accept them").count();
        until("two refusals", || refusals() >= 2).await;
        assert!(!stand.log().contains("credentials_renewed"), "{}", stand.log());
        folder.put("key.json", &key_file("second").0);
        stand.until_logged(&["credentials_renewed"]).await;
        done.store(true, Ordering::Relaxed);
    };
    tokio::join!(caller(), caller(), caller(), rotation);
    assert_silent(&stand, &[]);
}

/// A key that Spanner knows, of an account that may do less.
#[tokio::test]
async fn a_key_of_another_account_does_not_take_over() {
    let folder = Folder::new("other");
    let path = folder.put("key.json", &key_file("first").0);
    let (mock, stand) = serving(&path, |_| true).await;
    // All sessions that calls need are there.
    stand.until_served(call("Read")).await;
    // The new ones are asked about first, and then those before them.
    mock.once(Step::CreateSession, Status::permission_denied("canary"));
    folder.put("key.json", &key_file("second").0);
    stand.until_logged(&["credentials_refused", "denies them a database that it opens"]).await;
    // Where nobody may, nobody may less.
    mock.always(Step::CreateSession, Status::permission_denied("canary"));
    stand.until_logged(&["credentials_renewed"]).await;
    assert_eq!(stand.execute(call("Read"), &[]).await.status(), "200");
    assert_silent(&stand, &[]);
}

/// Nothing is known of new ones then: those before them stay, and the new ones are not forgotten.
#[tokio::test]
async fn a_spanner_that_is_away_refuses_nobody_for_ever() {
    let folder = Folder::new("away");
    let path = folder.put("key.json", &key_file("first").0);
    let withdrawn = Arc::new(AtomicBool::new(false));
    let guard = {
        let withdrawn = Arc::clone(&withdrawn);
        move |authorization: &str| {
            !withdrawn.load(Ordering::SeqCst) || key_id(authorization).as_deref() == Some("second")
        }
    };
    let (mock, stand) = serving(&path, guard).await;
    // All sessions that calls need are there.
    stand.until_served(call("Read")).await;
    mock.always(Step::CreateSession, Status::unavailable("canary"));
    folder.put("key.json", &key_file("second").0);
    stand.until_logged(&["credentials_refused", "cannot be asked"]).await;
    assert_eq!(stand.execute(call("Read"), &[]).await.status(), "200");
    mock.heal_all();
    stand.until_logged(&["credentials_renewed"]).await;
    withdrawn.store(true, Ordering::SeqCst);
    assert_eq!(stand.execute(call("Read"), &[]).await.status(), "200");

    // Those that Spanner refuses anyway are replaced by whatever gives a token.
    mock.always(Step::CreateSession, Status::unavailable("canary"));
    let renewed = stand.log().matches("credentials_renewed").count();
    mock.guard(|authorization| key_id(authorization).as_deref() == Some("third"));
    stand.execute(call("Read"), &[]).await.assert_refused("503", "database_unavailable");
    folder.put("key.json", &key_file("third").0);
    stand.until_served(call("Read")).await;
    assert!(stand.log().matches("credentials_renewed").count() > renewed);
    assert_silent(&stand, &[]);
}

/// A token service goes on giving tokens that Spanner takes no more: they are not told to be good again and again.
#[tokio::test]
async fn tokens_that_spanner_refuses_renew_nothing() {
    const SECOND: &str = "canary-second-token";
    let exchange = Exchange::start().await;
    let folder = Folder::new("refused");
    let token_file = folder.put("projected-token", SUBJECT_TOKEN);
    let configuration = exchange.configuration(json!({"file": token_file}));
    let path = folder.put("configuration.json", &configuration.to_string());
    let (mock, stand) = serving(&path, |_| true).await;
    stand.until_served(call("Read")).await;

    mock.guard(|authorization| authorization == format!("Bearer {SECOND}"));
    let refusals = || stand.log().matches("credentials_refused").count();
    until("two refusals", || refusals() >= 2).await;
    assert!(!stand.log().contains("credentials_renewed"), "{}", stand.log());
    exchange.hand_out(SECOND);
    stand.until_served(call("Read")).await;
    stand.until_logged(&["credentials_renewed"]).await;
    assert_silent(&stand, &CANARIES);
}
