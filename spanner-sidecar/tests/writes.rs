//! Writes on a Spanner of our own: applied once whatever is lost, repeats given the first answer, each with its audit row.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod stand;

#[path = "writes/audit.rs"]
mod audit;
#[path = "writes/lost.rs"]
mod lost;
#[path = "writes/repeats.rs"]
mod repeats;

use spangate_mock_spanner::Mock;
use spangate_proto::v1::Call;
use spangate_proto::v1::call::Idempotency;
use stand::{Stand, call, path};

const DDL: &str =
    concat!(include_str!("data/writes.sql"), include_str!("../src/migration/own_tables/googlesql.sql"),);

async fn start() -> (Mock, Stand) {
    let mock = Mock::start(DDL).await.unwrap();
    mock.execute("INSERT INTO counters (id, n) VALUES ('a', 0), ('b', 0)").unwrap();
    let stand = Stand::in_production(mock.port, "writes.yaml").await;
    stand.until_healthy().await;
    mock.forget_counts();
    (mock, stand)
}

fn keyed(operation: &str, id: &str, key: &str) -> Call {
    let idempotency = Some(Idempotency::CallerKey(key.to_owned()));
    Call { path: path(&[("id", id)]), idempotency, ..call(operation) }
}

/// As the filter sends what has no key of the caller's.
fn drawn(operation: &str, id: &str, nonce: u8) -> Call {
    let idempotency = Some(Idempotency::Nonce(vec![nonce; 16]));
    Call { path: path(&[("id", id)]), idempotency, ..call(operation) }
}

/// The one number that a query returns.
fn number(mock: &Mock, query: &str) -> u64 {
    let rows = mock.query(query).unwrap();
    rows[0][0].parse().unwrap()
}

fn count(mock: &Mock, table: &str) -> u64 {
    number(mock, &format!("SELECT COUNT(*) FROM {table}"))
}

fn counter(mock: &Mock, id: &str) -> u64 {
    number(mock, &format!("SELECT n FROM counters WHERE id = '{id}'"))
}
