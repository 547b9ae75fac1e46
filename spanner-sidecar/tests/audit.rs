//! `spanner-sidecar audit`: rows that hold whatever a caller sent, and a Spanner that is away or says nothing.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::process::Output;
use std::time::Duration;

use expect_test::expect;
use spangate_mock_spanner::{Mock, Step};
use tokio::process::Command;
use tonic::Status;

const DDL: &str = include_str!("../src/migration/own_tables/googlesql.sql");
/// What takes longer than this does not end.
const FOR_EVER: Duration = Duration::from_secs(120);

async fn audit(mock: &Mock, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spanner-sidecar"));
    command
        .env("SPANNER_EMULATOR_HOST", format!("127.0.0.1:{}", mock.port))
        .args(["audit", "--operations", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/writes.yaml")])
        .args(arguments)
        .kill_on_drop(true);
    tokio::time::timeout(FOR_EVER, command.output()).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_in_vain_ends() {
    let mock = Mock::start(DDL).await.unwrap();
    let failed = async |door: &Mock| {
        let output = audit(door, &[]).await;
        assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let [refusing, away, silent] = [(); 3].map(|()| mock.another_door());
    let (refusing, away, silent) = (refusing.await.unwrap(), away.await.unwrap(), silent.await.unwrap());
    refusing.always(Step::CreateSession, Status::unavailable("nobody is here"));
    away.always(Step::Stream, Status::unavailable("nobody is here"));
    silent.silent(Step::CreateSession);
    let (refusing, away, silent) = tokio::join!(failed(&refusing), failed(&away), failed(&silent));
    expect![[r#"
        error: cannot reach `projects/test/instances/test/databases/mock`: nobody is here
        error: cannot read the audit: nobody is here
        error: cannot reach `projects/test/instances/test/databases/mock`: the database did not answer in time
    "#]]
    .assert_eq(&[refusing, away, silent].concat());
}

/// What callers send is shown as text and does nothing: no further row, no command to the terminal.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_a_line_whatever_is_in_it() {
    let mock = Mock::start(DDL).await.unwrap();
    let forged = "o\n2026-01-01T00:00:00Z  Place  p  i  mallory";
    let subject = "Zoë\u{1b}[2J\u{9b}31m";
    mock.execute(&format!(
        "INSERT INTO spangate_audit (shard, committed_at, key_hash, operation, policy_operation, issuer, subject, tenant,
         request_id, policy_revision, fields) VALUES (1, '2026-11-24T12:00:00Z', 'AA==', 'Place', 'orders.place', 'entra',
         '{subject}', '{forged}', 'r', 'v', '{{}}');"
    ))
    .unwrap();
    let told = async |arguments: &[&str]| {
        let output = audit(&mock, arguments).await;
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    expect![[r#"
        2026-11-24T12:00:00Z  Place  orders.place  entra  Zoë\u{1b}[2J\u{9b}31m  o\n2026-01-01T00:00:00Z \u{20}Place \u{20}p \u{20}i \u{20}mallory  r  v  {}
    "#]].assert_eq(&told(&[]).await);
    let row: serde_json::Value = serde_json::from_str(&told(&["--json"]).await).unwrap();
    assert_eq!((row["subject"].as_str(), row["tenant"].as_str()), (Some(subject), Some(forged)));
}
