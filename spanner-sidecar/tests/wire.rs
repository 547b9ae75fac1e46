//! What Spanner is told beside the statements: who asks (role, tags), how urgently, of which replicas and how fresh.
//! Looked at where it arrives, on a Spanner of our own.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod stand;

use expect_test::{Expect, expect};
use googleapis_tonic_google_spanner_v1::google::spanner::v1::directed_read_options::{
    ReplicaSelection, Replicas, replica_selection,
};
use googleapis_tonic_google_spanner_v1::google::spanner::v1::transaction_options::read_only::TimestampBound;
use spangate_mock_spanner::{Fault, Mock, Record, Step, Times, When};
use spangate_proto::v1::Call;
use spangate_proto::v1::call::Idempotency;
use stand::{Stand, body, call, query};
use tonic::Status;

const DDL: &str =
    concat!(include_str!("data/wire.sql"), include_str!("../src/migration/own_tables/googlesql.sql"),);

async fn start() -> (Mock, Stand) {
    let mock = Mock::start(DDL).await.unwrap();
    let stand = Stand::serving(mock.port, "wire.yaml").await;
    stand.until_healthy().await;
    (mock, stand)
}

fn of_policy(operation: &str, policy_operation: &str) -> Call {
    Call { policy_operation: policy_operation.to_owned(), ..call(operation) }
}

fn write(policy_operation: &str) -> Call {
    let query = query(&[("first", "1"), ("second", "2"), ("third", "3")]);
    let idempotency = Some(Idempotency::CallerKey("key".to_owned()));
    Call { query, idempotency, ..of_policy("Write", policy_operation) }
}

/// What calls ask, without what planning does.
fn told(mock: &Mock) -> String {
    let of_calls = mock.records().into_iter().filter(|record| record.request_tag != "spangate=plan");
    of_calls.map(line).collect()
}

fn line(record: Record) -> String {
    let Record { what, role, request_tag, transaction_tag, priority, directed_read, timestamp_bound, .. } =
        record;
    let replicas = directed_read.and_then(|options| options.replicas).as_ref().map(replicas);
    let parts = [
        what,
        format!("as {role}"),
        request_tag,
        transaction_tag,
        priority,
        replicas.unwrap_or_default(),
        timestamp_bound.map(bound).unwrap_or_default(),
    ];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(" | ") + "\n"
}

fn replicas(replicas: &Replicas) -> String {
    let all =
        |selections: &[ReplicaSelection]| selections.iter().map(selection).collect::<Vec<_>>().join(", ");
    match replicas {
        Replicas::IncludeReplicas(include) => {
            let failover = if include.auto_failover_disabled { "no failover" } else { "failover" };
            format!("of {} with {failover}", all(&include.replica_selections))
        }
        Replicas::ExcludeReplicas(exclude) => format!("not of {}", all(&exclude.replica_selections)),
    }
}

fn selection(selection: &ReplicaSelection) -> String {
    let kind = match selection.r#type() {
        replica_selection::Type::Unspecified => "any",
        other => other.as_str_name(),
    };
    format!("{kind} {}", selection.location).trim().to_owned()
}

fn bound(bound: TimestampBound) -> String {
    match bound {
        TimestampBound::Strong(_) => "strong".to_owned(),
        TimestampBound::ExactStaleness(age) => format!("exactly {} s ago", age.seconds),
        // A maximum age is told as an instant of the sidecar's clock, which no test knows.
        TimestampBound::MinReadTimestamp(at) if at.seconds > 1_780_000_000 => "not before lately".to_owned(),
        TimestampBound::MinReadTimestamp(at) => format!("not before {}", at.seconds),
        other => format!("{other:?}"),
    }
}

async fn check(calls: &[Call], expected: Expect) {
    let (mock, stand) = start().await;
    for call in calls {
        let answer = stand.execute(call.clone(), &[]).await;
        assert_eq!(answer.status(), "200", "{answer:?}");
    }
    expected.assert_eq(&told(&mock));
}

#[tokio::test]
async fn of_reads() {
    let named = |operation| of_policy(operation, "items.read");
    check(
        &[
            named("Strong"),
            named("Exact"),
            named("Max"),
            named("Since"),
            named("ByKey"),
            named("Undirected"),
            of_policy("Strong", ""),
            of_policy("ALongNameThatLeavesLittleToTheOther", "an_api_with_a_long_name.and_an_operation"),
        ],
        expect![[r#"
            SELECT a FROM t | as reader | spangate=Strong,policy=items.read | PRIORITY_MEDIUM | of READ_ONLY europe-west1, any us-east1 with no failover | strong
            SELECT a FROM t | as reader | spangate=Exact,policy=items.read | PRIORITY_LOW | of READ_ONLY europe-west1, any us-east1 with no failover | exactly 15 s ago
            SELECT a FROM t | as reader | spangate=Max,policy=items.read | PRIORITY_HIGH | of READ_ONLY europe-west1, any us-east1 with no failover | not before lately
            SELECT a FROM t | as reader | spangate=Since,policy=items.read | PRIORITY_MEDIUM | not of READ_WRITE, any asia-east1 | not before 1767222000
            read t | as auditor | spangate=ByKey,policy=items.read | PRIORITY_MEDIUM | of READ_ONLY europe-west1, any us-east1 with no failover | exactly 60 s ago
            SELECT a FROM t | as reader | spangate=Undirected,policy=items.read | PRIORITY_MEDIUM | strong
            SELECT a FROM t | as reader | spangate=Strong | PRIORITY_MEDIUM | of READ_ONLY europe-west1, any us-east1 with no failover | strong
            SELECT a FROM t | as reader | spangate=ALongNameThatLea~,policy=an_api_with_a_l~ | PRIORITY_MEDIUM | of READ_ONLY europe-west1, any us-east1 with no failover | strong
        "#]],
    )
    .await;
}

#[tokio::test]
async fn of_a_callers_minimum() {
    let (mock, stand) = start().await;
    // Of the last hour: what is older is met by any read.
    let minimum = std::time::SystemTime::now() - std::time::Duration::from_secs(600);
    let minimum = google_cloud_wkt::Timestamp::try_from(minimum).unwrap();
    let told = String::from(minimum);
    let answer = stand.execute_with(call("OfCaller"), &[("read-min-timestamp", &told)]).await;
    assert_eq!(answer.status(), "200", "{answer:?}");
    let record = mock.records().pop().unwrap();
    let Some(TimestampBound::MinReadTimestamp(at)) = record.timestamp_bound else {
        panic!("{record:?}");
    };
    assert_eq!((at.seconds, at.nanos), (minimum.seconds(), minimum.nanos()));
}

#[tokio::test]
async fn of_a_write() {
    let (mock, stand) = start().await;
    let sent = body(r#"{"items": ["4", "5"]}"#);
    // Lost and read back, so that this is seen as well.
    mock.fault(Step::Commit, When::After, Times::Nth(1), Fault::Status(Status::unknown("lost")));
    let answer = stand.execute(write("items.write"), &sent).await;
    assert_eq!(answer.status(), "200", "{answer:?}");
    expect![[r#"
        INSERT INTO t (a, b) VALUES (@first, 1) THEN RETURN a | as writer | spangate=Write,policy=items.write | spangate=Write,policy=items.write | PRIORITY_LOW
        INSERT INTO t (a, b) VALUES (@second, 2) | as writer | spangate=Write,policy=items.write | spangate=Write,policy=items.write | PRIORITY_LOW
        INSERT INTO t (a) VALUES (@item) | as writer | spangate=Write,policy=items.write | spangate=Write,policy=items.write | PRIORITY_LOW
        INSERT INTO t (a) VALUES (@item) | as writer | spangate=Write,policy=items.write | spangate=Write,policy=items.write | PRIORITY_LOW
        commit | as writer | spangate=Write,policy=items.write | PRIORITY_LOW
        read spangate_idempotency | as writer | spangate=Write,policy=items.write | PRIORITY_LOW | strong
    "#]].assert_eq(&told(&mock));
}

/// One client for each role, and no session under any other.
#[tokio::test]
async fn sessions_by_role() {
    let (mock, stand) = start().await;
    for operation in ["Strong", "Exact", "ByKey"] {
        stand.execute(call(operation), &[]).await;
    }
    stand.execute(write(""), &body(r#"{"items": ["4"]}"#)).await;
    let mut roles = mock.roles();
    roles.dedup();
    assert_eq!(roles, ["auditor", "reader", "writer"]);
}
