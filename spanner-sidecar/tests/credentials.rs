//! Who the sidecar is to Google, before a Spanner that asks: keys that rotate under load, identities of other clouds,
//! recovery. What a secret is in these tests has `canary` in it, and is searched for in all that the sidecar says.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test did not expect fails it"
)]

mod exchange;
mod stand;

#[path = "credentials/clouds.rs"]
mod clouds;
#[path = "credentials/defaults.rs"]
mod defaults;
#[path = "credentials/impersonation.rs"]
mod impersonation;
#[path = "credentials/trial.rs"]
mod trial;
#[path = "credentials/trouble.rs"]
mod trouble;

use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use exchange::{CANARIES, Exchange, FEDERATED_TOKEN, SUBJECT_TOKEN};
use serde_json::{Value, json};
use spangate_mock_spanner::Mock;
use stand::key_file::key_file;
use stand::{Stand, call};

const SCHEMA: &str = "CREATE TABLE t (a STRING(MAX), b INT64) PRIMARY KEY (a)";

/// A folder for a test's files; it goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("spangate-credentials-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Replaces the file at once, as a secret of Kubernetes is.
    fn put(&self, name: &str, text: &str) -> PathBuf {
        let (path, new) = (self.0.join(name), self.0.join("new"));
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&new).unwrap();
        std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
        std::fs::rename(new, &path).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The id of the key that a self-signed token names.
fn key_id(authorization: &str) -> Option<String> {
    let header = authorization.strip_prefix("Bearer ")?.split('.').next()?;
    let header: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
    Some(header.get("kid")?.as_str()?.to_owned())
}

/// A sidecar with these credentials, before a Spanner with that guard.
async fn serving(credentials: &Path, guard: impl Fn(&str) -> bool + Send + Sync + 'static) -> (Mock, Stand) {
    serving_with(credentials, &[], &[], guard).await
}

async fn serving_with(
    credentials: &Path,
    options: &[&str],
    environment: &[(&str, String)],
    guard: impl Fn(&str) -> bool + Send + Sync + 'static,
) -> (Mock, Stand) {
    let own = ["--credentials", credentials.to_str().unwrap()];
    serving_by_default(&[&own, options].concat(), environment, guard).await
}

/// With whatever credentials the environment has.
async fn serving_by_default(
    options: &[&str],
    environment: &[(&str, String)],
    guard: impl Fn(&str) -> bool + Send + Sync + 'static,
) -> (Mock, Stand) {
    let mock = Mock::start(SCHEMA).await.unwrap();
    mock.execute("INSERT INTO t (a, b) VALUES ('x', 7);").unwrap();
    mock.guard(guard);
    let endpoint = format!("http://127.0.0.1:{}", mock.port);
    let options = [&["--endpoint", &endpoint], options].concat();
    let stand = Stand::before_spanner("credentials.yaml", &options, environment).await;
    (mock, stand)
}

fn assert_silent(stand: &Stand, secrets: &[&str]) {
    let log = stand.log();
    for secret in secrets.iter().chain(&["canary", "PRIVATE KEY"]) {
        assert!(!log.contains(secret), "`{secret}` is in the log:\n{log}");
    }
}

async fn until(what: &str, is: impl Fn() -> bool) {
    for _ in 0..600 {
        if is() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{what} did not come");
}

/// The quarterly rotation: the file is replaced, by a broken one first, and then the old key is withdrawn. No call
/// notices any of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_rotates_under_load_and_no_call_fails() {
    let folder = Folder::new("rotation");
    let ((first, first_key), (second, second_key)) = (key_file("first"), key_file("second"));
    let path = folder.put("key.json", &first);
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let withdrawn = Arc::new(AtomicBool::new(false));
    let guard = {
        let (seen, withdrawn) = (Arc::clone(&seen), Arc::clone(&withdrawn));
        move |authorization: &str| {
            let id = key_id(authorization).unwrap_or_default();
            seen.lock().unwrap().push(id.clone());
            id == "second" || (id == "first" && !withdrawn.load(Ordering::SeqCst))
        }
    };
    let (_mock, stand) = serving(&path, guard).await;
    stand.until_healthy().await;

    let (done, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    let caller = async || {
        while !done.load(Ordering::Relaxed) {
            assert_eq!(stand.execute(call("Read"), &[]).await.json(), r#"{"rows":[{"a":"x"}]}"#);
            answered.fetch_add(1, Ordering::Relaxed);
        }
    };
    let further = async |calls: usize| {
        let enough = answered.load(Ordering::Relaxed) + calls;
        until("answers", || answered.load(Ordering::Relaxed) >= enough).await;
    };
    let rotation = async {
        further(100).await;
        folder.put("key.json", &second[..second.len() / 2]);
        until("the broken file's refusal", || stand.log().contains("credentials_refused")).await;
        further(100).await;
        assert!(!seen.lock().unwrap().iter().any(|id| id == "second"));

        folder.put("key.json", &second);
        until("the second key", || seen.lock().unwrap().iter().any(|id| id == "second")).await;
        further(100).await;
        withdrawn.store(true, Ordering::SeqCst);
        further(100).await;
        assert_eq!(seen.lock().unwrap().last().unwrap(), "second");
        done.store(true, Ordering::Relaxed);
    };
    let callers = futures::future::join_all((0..8).map(|_| caller()));
    tokio::join!(callers, rotation);
    assert_silent(&stand, &[&first_key, &second_key]);
}

/// The library gives up for good on a token service that refuses (400, 403): it is asked again all the same, at the
/// start and when a token runs out.
#[tokio::test]
async fn credentials_that_failed_for_good_recover() {
    let exchange = Exchange::start().await;
    let folder = Folder::new("recovery");
    let token_file = folder.put("projected-token", SUBJECT_TOKEN);
    let configuration = exchange.configuration(json!({"file": token_file}));
    let path = folder.put("configuration.json", &configuration.to_string());

    exchange.refuse(400);
    exchange.lifetime(3);
    let expected = format!("Bearer {FEDERATED_TOKEN}");
    let (_mock, stand) = serving(&path, move |authorization| authorization == expected).await;
    until("a refusal", || exchange.refused() > 0).await;
    stand.execute(call("Read"), &[]).await.assert_refused("503", "database_unavailable");
    exchange.heal();
    stand.until_served(call("Read")).await;

    exchange.refuse(403);
    let mut refusals = 0;
    while refusals == 0 {
        let answer = stand.execute(call("Read"), &[]).await;
        assert!(!format!("{answer:?}").contains("canary"), "{answer:?}");
        refusals += usize::from(answer.reason() == "database_unavailable");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    until("why, in the log", || stand.log().contains("127.0.0.1 answered 403")).await;
    exchange.lifetime(3600);
    exchange.heal();
    stand.until_served(call("Read")).await;
    assert_silent(&stand, &CANARIES);
}

/// A token that Spanner takes no more before it expires, or never took: only Spanner knows.
#[tokio::test]
async fn a_token_that_spanner_refuses_is_replaced() {
    const SECOND: &str = "canary-second-token";
    for first in [FEDERATED_TOKEN, SECOND] {
        let exchange = Exchange::start().await;
        let folder = Folder::new("revoked");
        let token_file = folder.put("projected-token", SUBJECT_TOKEN);
        let configuration = exchange.configuration(json!({"file": token_file}));
        let path = folder.put("configuration.json", &configuration.to_string());
        let accepted = Arc::new(Mutex::new(first));
        let guard = {
            let accepted = Arc::clone(&accepted);
            move |authorization: &str| authorization == format!("Bearer {}", accepted.lock().unwrap())
        };
        let (_mock, stand) = serving(&path, guard).await;
        if first == FEDERATED_TOKEN {
            stand.until_served(call("Read")).await;
        } else {
            stand.until_logged(&["database_unreachable"]).await;
        }

        exchange.hand_out(SECOND);
        *accepted.lock().unwrap() = SECOND;
        stand.execute(call("Read"), &[]).await.assert_refused("503", "database_unavailable");
        stand.until_served(call("Read")).await;
        assert_silent(&stand, &CANARIES);
    }
}

/// A sidecar that could not say who it is does not start, and says why without a word of the file.
#[tokio::test]
async fn credentials_that_cannot_be_used_are_told_at_once() {
    let folder = Folder::new("faults");
    let mut table = String::new();
    let (key, _) = key_file("canary");
    for (name, text) in [
        // In the middle of the key. Keys differ in length, so the place is fixed and not half of it.
        ("cut.json", key[..916].to_owned()),
        ("kind.json", json!({"type": "canary"}).to_string()),
        ("member.json", json!({"type": "service_account", "private_key": "canary"}).to_string()),
    ] {
        let path = folder.put(name, &text);
        let options = ["--endpoint", "http://127.0.0.1:1", "--credentials", path.to_str().unwrap()];
        let said = Stand::refusing_to_start("credentials.yaml", &options).await;
        assert!(!said.contains("canary"), "{said}");
        table.push_str(&said.replace(folder.0.to_str().unwrap(), ""));
    }
    let options = ["--endpoint", "http://spanner.example.com"];
    table.push_str(&Stand::refusing_to_start("credentials.yaml", &options).await);
    expect_test::expect![[r#"
        error: the credentials `/cut.json` cannot be used: it is not JSON at line 1, column 916
        error: the credentials `/kind.json` cannot be used: its `type` is none of `service_account`, `external_account`, `impersonated_service_account`, `authorized_user`
        error: the credentials `/member.json` cannot be used: a member is missing, of the wrong type, or not a key
        error: `--endpoint http://spanner.example.com` must begin with `https://`; `http://` is for loopback alone
    "#]].assert_eq(&table);
}
