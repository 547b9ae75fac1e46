//! Many writers to one row, by way of two sidecars as two pods are, and every write sent to both at once: none is lost
//! and none is doubled. On the emulator, which takes one writer at a time, and on a Spanner of our own, which lets them
//! collide, with channels and sessions as in production.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod stand;

use std::collections::BTreeMap;

use futures::future::join_all;
use spangate_mock_spanner::Mock;
use spangate_proto::v1::Call;
use spangate_proto::v1::call::Idempotency;
use stand::{Answer, Stand, call};

const DDL: &str =
    concat!(include_str!("data/contention.sql"), include_str!("../src/migration/own_tables/googlesql.sql"),);
const ROWS: &str = include_str!("data/contention_rows.sql");

#[tokio::test(flavor = "multi_thread")]
async fn on_the_emulator() {
    let mut one = Stand::on_free_port("contention.yaml").await;
    one.start_emulator().await;
    one.set_up_with("contention.sql", "contention_rows.sql").await.unwrap();
    one.until_healthy().await;
    one.plan_again().await;
    let other = Stand::serving(one.port(), "contention.yaml").await;
    contend(&one, &other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_spanner_that_lets_writers_collide() {
    let mock = Mock::start(DDL).await.unwrap();
    mock.execute(ROWS).unwrap();
    let one = Stand::in_production(mock.port, "contention.yaml").await;
    let other = Stand::in_production(mock.port, "contention.yaml").await;
    contend(&one, &other).await;
    assert_eq!(mock.query("SELECT COUNT(*) FROM spangate_idempotency").unwrap(), [["64"]]);
}

async fn contend(one: &Stand, other: &Stand) {
    one.until_healthy().await;
    other.until_healthy().await;
    let writes = (0..64).flat_map(|key| [(key, one), (key, other)]);
    let answers = join_all(writes.map(|(key, stand)| async move { (key, counted(stand, key).await) })).await;

    // Of the two with one key one happened, and both were answered with what it returned.
    let mut by_key: BTreeMap<u32, Vec<Answer>> = BTreeMap::new();
    for (key, answer) in answers {
        by_key.entry(key).or_default().push(answer);
    }
    for (key, answers) in &by_key {
        let [first, second] = answers.as_slice() else { panic!("{answers:?}") };
        assert_eq!(first.json(), second.json(), "key {key}");
        let replays = answers.iter().filter(|answer| is_replay(answer)).count();
        assert_eq!(replays, 1, "key {key}: {answers:#?}");
    }
    // Each counted on from what another one had left.
    let mut numbers: Vec<u64> = by_key.values().map(|answers| number(answers.first().unwrap())).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=64).collect::<Vec<_>>());
    assert_eq!(number(&one.execute(call("Counted"), &[]).await), 64);
    assert_eq!(one.execute(call("Audited"), &[]).await.json().matches("Count").count(), 64);

    // Long afterwards everybody is still told the same.
    for (key, answers) in by_key.iter().take(3) {
        let again = counted(other, *key).await;
        assert!(is_replay(&again));
        assert_eq!(again.json(), answers.first().unwrap().json());
    }
}

/// Sent again while others are in the way, as a caller does: the key makes that safe.
async fn counted(stand: &Stand, key: u32) -> Answer {
    let idempotency = Some(Idempotency::CallerKey(format!("key{key}")));
    loop {
        let answer = stand.execute(Call { idempotency: idempotency.clone(), ..call("Count") }, &[]).await;
        if answer.reason() != "conflict" {
            return answer;
        }
    }
}

fn is_replay(answer: &Answer) -> bool {
    answer.metadata("spangate-header-idempotency-replayed") == "true"
}

fn number(answer: &Answer) -> u64 {
    let row: serde_json::Value = serde_json::from_str(answer.json()).unwrap();
    row.get("n").unwrap().as_u64().unwrap()
}
