//! Reads on a Spanner of our own: how fresh they are, what is kept of them, how they are cut into pages, and that they
//! end when nobody waits for them any more.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod stand;

#[path = "reads/cache.rs"]
mod cache;
#[path = "reads/cache_model.rs"]
mod cache_model;
#[path = "reads/freshness.rs"]
mod freshness;
#[path = "reads/keys.rs"]
mod keys;
#[path = "reads/pages.rs"]
mod pages;
#[path = "reads/streams.rs"]
mod streams;

use spangate_mock_spanner::Mock;
use spangate_proto::v1::{Call, Identity};
use stand::{Stand, alice, call, path};

/// The tables of `reads.sql` with five rows of `a` and one of `b`, and a sidecar that keeps 1 MiB.
async fn start() -> (Mock, Stand) {
    let mock = Mock::start(include_str!("data/reads.sql")).await.unwrap();
    mock.execute(
        "INSERT INTO items (owner, id, title) VALUES
            ('a', 1, 'one'), ('a', 2, 'two'), ('a', 3, 'three'), ('a', 4, 'four'), ('a', 5, 'five'), ('b', 6, 'six');",
    )
    .unwrap();
    let keys = stand::page_keys();
    let options = ["--page-key-file", keys.to_str().unwrap(), "--cache-size", "1MiB"];
    let stand = Stand::serving_with(mock.port, "reads.yaml", &options).await;
    stand.until_healthy().await;
    mock.forget_counts();
    (mock, stand)
}

fn of(owner: &str, operation: &str) -> Call {
    Call { path: path(&[("owner", owner)]), ..call(operation) }
}

fn item(owner: &str, id: &str) -> Call {
    Call { path: path(&[("owner", owner), ("id", id)]), ..call("ReadItem") }
}

fn bob() -> Identity {
    Identity { subject: "bob".to_owned(), ..alice() }
}
