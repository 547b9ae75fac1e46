//! `spanner-sidecar audit`: rows that hold whatever a caller sent, and a Spanner that is away or says nothing.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Output;
use std::time::Duration;

use expect_test::expect;
use spangate_mock_spanner::{Mock, Step};
use tokio::process::Command;
use tonic::Status;

const DDL: &str = include_str!("../src/migration/own_tables/googlesql.sql");
/// What takes longer than this does not end.
const FOR_EVER: Duration = Duration::from_secs(240);

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
