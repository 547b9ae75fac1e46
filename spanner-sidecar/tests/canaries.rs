//! What must be in no log, no metric and no refusal: SQL, names of tables, values, keys, tokens, and Spanner's own words.
//! Each of them carries a canary here, and every message fails once in every way.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod stand;

use spangate_mock_spanner::{Fault, Mock, Step, Times, When};
use spangate_proto::v1::call::Idempotency;
use spangate_proto::v1::{Cache, Call, Claim, Identity};
use stand::{Answer, Stand, body, call, query};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::{Code, Status};

const CANARY: &str = "canary";
const DDL: &str =
    concat!(include_str!("data/canaries.sql"), include_str!("../src/migration/own_tables/googlesql.sql"));

fn by_canary(operation: &str, number: usize, more: &[(&str, &str)]) -> Call {
    let claim = Claim { name: "department".to_owned(), json: "\"canary-claim\"".to_owned() };
    let identity = Identity {
        issuer: "canary-issuer".to_owned(),
        subject: "canary-subject".to_owned(),
        tenant: Some("canary-tenant".to_owned()),
        roles: vec!["canary-role".to_owned()],
        scopes: vec!["canary-scope".to_owned()],
        claims: vec![claim],
    };
    let id = number.to_string();
    let mut query = query(&[("owner", "canary-owner")]);
    if operation != "List" {
        query.extend(stand::query(&[("id", &id)]));
    }
    query.extend(stand::query(more));
    let idempotency = Some(Idempotency::CallerKey(format!("canary-key-{number}")));
    Call { identity: Some(identity), query, idempotency, ..call(operation) }
}

/// One call of each kind, good ones and bad ones.
async fn calls(stand: &Stand, number: usize) -> Vec<Answer> {
    let kept = Cache { ttl_ms: 1, vary: b"canary-vary".to_vec(), shared: false };
    let list = by_canary("List", number, &[]);
    let title = body(r#"{"title": "canary-title"}"#);
    vec![
        stand.execute(list.clone(), &[]).await,
        stand.execute(Call { cache: Some(kept), ..list.clone() }, &[]).await,
        stand.execute(by_canary("List", number, &[("page", "canary-token")]), &[]).await,
        stand.execute(by_canary("List", number, &[("limit", "canary-limit")]), &[]).await,
        stand.execute_with(list, &[("read-min-timestamp", "canary-timestamp")]).await,
        stand.execute(by_canary("Read", number, &[]), &[]).await,
        stand.execute(by_canary("Write", number, &[]), &title).await,
        stand.execute(by_canary("Write", number, &[]), &body(r#"{"title": ["canary-list"]}"#)).await,
        stand.execute(by_canary("Write", number, &[]), &body("{canary-syntax")).await,
    ]
}

/// Of those that were refused: trailers, message, whatever there is.
fn assert_silent(answers: &[Answer], what: &str) {
    for answer in answers.iter().filter(|answer| answer.failed()) {
        let shown = format!("{answer:?}").to_lowercase();
        assert!(!shown.contains(CANARY), "{what}: {shown}");
    }
}

async fn metrics(stand: &Stand) -> String {
    let log = stand.log();
    let line = log.lines().find(|line| line.contains("metrics_listening")).unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    let mut stream = TcpStream::connect(line["address"].as_str().unwrap()).await.unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn nothing_that_is_planted_comes_up_anywhere() {
    let mock = Mock::start(DDL).await.unwrap();
    mock.execute("INSERT INTO canary_items (owner, id, title) VALUES ('canary-owner', 1000, 'canary-row');")
        .unwrap();
    let keys = stand::page_keys();
    let options = ["--page-key-file", keys.to_str().unwrap(), "--metrics", "127.0.0.1:0"];
    let stand = Stand::serving_with(mock.port, "canaries.yaml", &options).await;
    stand.until_healthy().await;

    let mut number = 0;
    let well = calls(&stand, number).await;
    let statuses: Vec<_> = well.iter().map(|answer| (answer.status(), answer.failed())).collect();
    let (ok, refused) = (("200", false), ("400", true));
    // What is asked for by key is not there before it has been written.
    let absent = ("404", true);
    assert_eq!(statuses, [ok, ok, refused, refused, refused, absent, ok, refused, refused], "{well:?}");
    assert_silent(&well, "all well");

    let steps = [Step::Begin, Step::Execute, Step::Stream, Step::Read, Step::Commit, Step::Rollback];
    for step in steps {
        for code in 1..=16 {
            number += 1;
            let status = Status::new(Code::from_i32(code), "canary-message: canary_items('canary-value')");
            mock.fault(step, When::Before, Times::Nth(1), Fault::Status(status));
            assert_silent(&calls(&stand, number).await, &format!("{step:?} {:?}", Code::from_i32(code)));
            mock.heal_all();
        }
    }
    mock.break_after_rows(Status::data_loss("canary-half-way"));
    assert_silent(&calls(&stand, number + 1).await, "broken streams");
    mock.heal_all();
    mock.lose_sessions();
    assert_silent(&calls(&stand, number + 2).await, "lost sessions");

    let (log, metrics) = (stand.log(), metrics(&stand).await);
    let found: Vec<_> =
        log.lines().chain(metrics.lines()).filter(|line| line.to_lowercase().contains(CANARY)).collect();
    assert!(found.is_empty(), "{found:#?}");
    let key = std::fs::read_to_string(keys).unwrap();
    assert!(!log.contains(key.trim()) && !metrics.contains(key.trim()));
    assert!(metrics.contains("spangate_sidecar_calls") && log.contains("\"refused\""));
}
