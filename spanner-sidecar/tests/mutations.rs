//! Mutations against the emulator: what each kind does to rows that are there and to rows that are not, that a repeat
//! does nothing again, and that what is refused leaves no row anywhere.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod stand;

use expect_test::expect;
use spangate_proto::v1::Call;
use spangate_proto::v1::call::Idempotency;
use stand::{Stand, body, call, path, query};

async fn start() -> Stand {
    let mut stand = Stand::on_free_port("mutations.yaml").await;
    stand.start_emulator().await;
    stand.set_up_with("mutations.sql", "mutations_rows.sql").await.unwrap();
    stand.until_healthy().await;
    stand.plan_again().await;
    stand
}

/// An operation on the thing of this id, with what stands in the query, under a key.
type Wish<'w> = (&'w str, &'w str, &'w [(&'w str, &'w str)], &'w str);

/// What came of each, and what the thing is afterwards.
async fn told(stand: &Stand, wishes: &[Wish<'_>]) -> String {
    let mut table = String::new();
    for (operation, id, sent, key) in wishes {
        let idempotency = Some(Idempotency::CallerKey((*key).to_owned()));
        let wish = Call { path: path(&[("id", id)]), query: query(sent), idempotency, ..call(operation) };
        let answer = stand.execute(wish, &[]).await;
        let replayed = match answer.metadata("spangate-header-idempotency-replayed") {
            "true" => "again",
            _ => "",
        };
        let location = answer.metadata("spangate-header-location");
        let after = Call { path: path(&[("id", id)]), ..call("Thing") };
        let after = stand.execute(after, &[]).await;
        let after = if after.failed() { after.reason().to_owned() } else { after.json().to_owned() };
        let (status, reason) = (answer.status(), answer.reason());
        let answered = [status, location, reason, replayed].join(" ");
        let answered = answered.split_whitespace().collect::<Vec<_>>().join(" ");
        table.push_str(&format!("{operation} {id}: {answered} → {}\n", without_times(&after)));
    }
    table
}

/// Which no test knows.
fn without_times(json: &str) -> String {
    match json.split_once(r#""written_at":"20"#) {
        Some((before, _)) => format!(r#"{before}"written_at":"…"}}"#),
        None => json.to_owned(),
    }
}

async fn trail(stand: &Stand) -> String {
    let rows = stand.execute(call("Trail"), &[]).await;
    rows.json().replace("},{\"operation", "},\n{\"operation")
}

#[tokio::test]
async fn each_kind() {
    let stand = start().await;
    let name = |name| vec![("name", name)];
    let (two, other, long) = (name("two"), name("other"), name("a name of more than sixteen"));
    let elsewhere = [("name", "two"), ("shelf", "nowhere")];
    let wishes: &[Wish] = &[
        ("Insert", "2", &two, "k1"),
        ("Insert", "2", &two, "k1"),
        ("Insert", "2", &other, "k1"),
        ("Insert", "2", &other, "k2"),
        ("Insert", "3", &elsewhere, "k3"),
        ("Insert", "3", &long, "k4"),
        ("Update", "1", &other, "k1"),
        ("Update", "9", &other, "k2"),
        ("Upsert", "1", &two, "k1"),
        ("Upsert", "3", &two, "k2"),
        ("Replace", "1", &other, "k1"),
        ("Replace", "4", &other, "k2"),
        ("Delete", "4", &[], "k1"),
        ("Delete", "4", &[], "k2"),
        ("Upsert", "4", &two, "k3"),
        // The first deletion once more: it has happened, and what came after it stays.
        ("Delete", "4", &[], "k1"),
    ];
    expect![[r#"
        Insert 2: 201 /things/2 → {"name":"two","note":null,"written_at":"…"}
        Insert 2: 201 /things/2 again → {"name":"two","note":null,"written_at":"…"}
        Insert 2: 422 idempotency_key_reused → {"name":"two","note":null,"written_at":"…"}
        Insert 2: 409 already_exists → {"name":"two","note":null,"written_at":"…"}
        Insert 3: 404 not_found → not_found
        Insert 3: 412 precondition_failed → not_found
        Update 1: 204 → {"name":"other","note":"kept","written_at":null}
        Update 9: 404 not_found → not_found
        Upsert 1: 204 → {"name":"two","note":"kept","written_at":null}
        Upsert 3: 204 → {"name":"two","note":null,"written_at":null}
        Replace 1: 204 → {"name":"other","note":null,"written_at":null}
        Replace 4: 204 → {"name":"other","note":null,"written_at":null}
        Delete 4: 204 → not_found
        Delete 4: 204 → not_found
        Upsert 4: 204 → {"name":"two","note":null,"written_at":null}
        Delete 4: 204 again → {"name":"two","note":null,"written_at":null}
    "#]]
    .assert_eq(&told(&stand, wishes).await);
    expect![[r#"
        {"rows":[{"operation":"Insert","fields":{"path.id":"2","query.name":"two"}},
        {"operation":"Update","fields":{"path.id":"1","query.name":"other"}},
        {"operation":"Upsert","fields":{"path.id":"1","query.name":"two"}},
        {"operation":"Upsert","fields":{"path.id":"3","query.name":"two"}},
        {"operation":"Replace","fields":{"path.id":"1","query.name":"other"}},
        {"operation":"Replace","fields":{"path.id":"4","query.name":"other"}},
        {"operation":"Delete","fields":{"path.id":"4"}},
        {"operation":"Delete","fields":{"path.id":"4"}},
        {"operation":"Upsert","fields":{"path.id":"4","query.name":"two"}}]}"#]]
    .assert_eq(&trail(&stand).await);
}

#[tokio::test]
async fn beside_statements_and_for_lists() {
    let stand = start().await;
    let to = |to| vec![("to", to)];
    let wishes: &[Wish] = &[
        ("Copy", "1", &to("2"), "k1"),
        ("Copy", "1", &to("2"), "k1"),
        // The mutation is refused at the commit, and takes the statement with it.
        ("Copy", "2", &to("1"), "k2"),
        ("Copy", "9", &to("10"), "k3"),
    ];
    expect![[r#"
        Copy 1: 204 → {"name":"one","note":"copied","written_at":null}
        Copy 1: 204 again → {"name":"one","note":"copied","written_at":null}
        Copy 2: 409 already_exists → {"name":"one","note":null,"written_at":null}
        Copy 9: 409 nothing_to_copy → not_found
    "#]]
    .assert_eq(&told(&stand, wishes).await);

    let shelf = Call { idempotency: stand::nonce(), ..call("DeleteShelf") };
    stand.execute(shelf, &[]).await.assert_refused("412", "precondition_failed");

    let idempotency = Some(Idempotency::CallerKey("k".to_owned()));
    let all = Call { idempotency, ..call("DeleteAll") };
    for replayed in ["", "true"] {
        let answer = stand.execute(all.clone(), &body(r#"{"ids": ["1", "9", "2"]}"#)).await;
        assert_eq!(answer.status(), "204", "{answer:?}");
        assert_eq!(answer.metadata("spangate-header-idempotency-replayed"), replayed);
    }
    assert_eq!(stand.execute(call("Things"), &[]).await.json(), r#"{"rows":[]}"#);
    expect![[r#"
        {"rows":[{"operation":"Copy","fields":{"path.id":"1"}},
        {"operation":"DeleteAll","fields":{"body.ids":["1","9","2"]}}]}"#]]
    .assert_eq(&trail(&stand).await);
}
