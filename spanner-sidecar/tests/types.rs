//! Every type of Spanner there and back on the real emulator, in both dialects: as parameters from path, query and body,
//! in columns, in batches, in pages, and in answers.
//!
//! This emulator takes neither UUID nor INTERVAL in either dialect, as parameters ("Type code must be specified, found code:
//! 17", and 16) or as columns ("Unrecognized ddl::ColumnDefinition"). `not_taken` fails once it does.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod stand;

#[path = "types/googlesql.rs"]
mod googlesql;
#[path = "types/postgresql.rs"]
mod postgresql;

use spangate_proto::v1::Call;
use spangate_proto::v1::call::Idempotency;
use stand::{Answer, Stand, body, call, path, query};

/// The tables and the operations of a dialect.
async fn start(dialect: &str) -> Stand {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (keys, operations) = (stand::page_keys(), format!("types/{dialect}.yaml"));
    let options = ["--page-key-file", keys.to_str().unwrap()];
    let mut stand = Stand::serving_with(port, &operations, &options).await;
    stand.start_emulator().await;
    stand.set_up_for(&operations, &format!("types/{dialect}.sql"), "/dev/null").await.unwrap();
    stand.until_healthy().await;
    stand.plan_again().await;
    stand
}

fn to(operation: &str, id: &str) -> Call {
    // A nonce is one write's.
    let nonce = format!("{operation:>8}{id:>8}").into_bytes();
    Call { path: path(&[("id", id)]), idempotency: Some(Idempotency::Nonce(nonce)), ..call(operation) }
}

/// Each text as a parameter from the path, the query and the body, one at a time, and what comes back of it.
async fn told(stand: &Stand, values: &[(&str, &str)]) -> String {
    let mut table = String::new();
    for (name, text) in values {
        let sent = [(*name, *text)];
        let (first, rest) = name.split_at(1);
        let of_path = format!("Path{}{rest}", first.to_uppercase());
        let json = match *name {
            "bool" | "json" => (*text).to_owned(),
            _ => serde_json::Value::from(*text).to_string(),
        };
        let of_path = stand.execute(Call { path: path(&sent), ..call(&of_path) }, &[]).await;
        let of_query = stand.execute(Call { query: query(&sent), ..call("Query") }, &[]).await;
        let of_body = stand.execute(call("Body"), &body(&format!(r#"{{"{name}": {json}}}"#))).await;
        let all = [of_path, of_query, of_body].map(|answer| shown(&answer));
        let is_one = all.iter().all(|one| *one == all[0]);
        let all = if is_one { all[0].clone() } else { all.join(" | ") };
        table.push_str(&format!("{name} {text}: {all}\n"));
    }
    table
}

/// What comes back of each body.
async fn of_bodies(stand: &Stand, bodies: &[(&str, &str)]) -> String {
    let mut table = String::new();
    for (operation, sent) in bodies {
        let answer = stand.execute(call(operation), &body(sent)).await;
        table.push_str(&format!("{operation} {sent}\n→ {}\n", shown(&answer)));
    }
    table
}

/// Written by a statement that returns its row and by a mutation, and read from both.
async fn columns(stand: &Stand, rows: &[(&str, &str)]) -> String {
    let mut table = String::new();
    for (id, sent) in rows {
        let other = format!("1{id}");
        let returned = stand.execute(to("Insert", id), &body(sent)).await;
        let put = stand.execute(to("Put", &other), &body(sent)).await;
        let [first, second] = [*id, &other].map(|id| Call { path: path(&[("id", id)]), ..call("Read") });
        for answer in [returned, put, stand.execute(first, &[]).await, stand.execute(second, &[]).await] {
            table.push_str(&format!("{}\n", shown(&answer)));
        }
    }
    table
}

/// A batch, and what of it comes in pages; another one of the same rows leaves nothing, and a repeat is told the first
/// answer.
async fn batches_and_pages(stand: &Stand) -> String {
    let things = r#"{"things": [
        {"string": "a", "timestamp": "2026-11-23T12:00:00.000000002Z", "numeric": "1.5"},
        {"string": "b", "timestamp": "2026-11-23T12:00:00.000000001Z", "numeric": null},
        {"string": "c", "timestamp": "2026-11-23T12:00:00.000000002Z"}
    ]}"#;
    let mut table = String::new();
    for nonce in ["first", "again", "first"] {
        let answer = stand.execute(Call { path: Vec::new(), ..to("Batch", nonce) }, &body(things)).await;
        table.push_str(&format!("{nonce}: {}\n", shown(&answer)));
    }
    let mut page = Vec::new();
    loop {
        let answer = stand.execute(Call { query: page, ..call("Pages") }, &[]).await;
        let read: serde_json::Value = serde_json::from_str(answer.json()).unwrap();
        table.push_str(&format!("{}\n", read["rows"]));
        match read["next_page"].as_str() {
            Some(token) => page = query(&[("page", token)]),
            None => return table,
        }
    }
}

/// What a newer emulator might take: then it belongs among the others.
async fn not_taken(stand: &Stand) {
    for (operation, name, text) in [
        ("PathUuid", "uuid", "9b2f3c1e-0000-4000-8000-00000000000a"),
        ("PathInterval", "interval", "P1Y2M3DT4H5M6.5S"),
    ] {
        let wish = Call { path: path(&[(name, text)]), ..call(operation) };
        stand.execute(wish, &[]).await.assert_refused("503", "schema_mismatch");
        stand.until_logged(&["operation_mismatch", operation, "Type code must be specified"]).await;
    }
}

/// Texts that SQL, JSON or a log might trip over; each way they come back as they were sent.
async fn odd_texts(stand: &Stand, more: &[&str]) {
    let odd = [
        "",
        "NULL",
        "' OR 1=1; -- \" \\ ` $1 @p1 {} %00",
        "\u{1}\t\r\n\u{7f}",
        "é𝄞\u{202e}\u{feff}\u{fffd}e\u{301}",
    ];
    for text in odd.iter().chain(more) {
        let sent = [("string", *text)];
        let json = serde_json::json!({"string": text}).to_string();
        let of_path = stand.execute(Call { path: path(&sent), ..call("PathString") }, &[]).await;
        let of_query = stand.execute(Call { query: query(&sent), ..call("Query") }, &[]).await;
        for answer in [of_path, of_query, stand.execute(call("Body"), &body(&json)).await] {
            let row: serde_json::Value = serde_json::from_str(answer.json()).unwrap();
            assert_eq!(row["string"], *text);
        }
    }
}

/// The columns of an answer's row that are not NULL, or why there is none.
fn shown(answer: &Answer) -> String {
    if answer.failed() {
        return [answer.status(), answer.reason(), answer.metadata("spangate-detail")].join(" ");
    }
    if answer.json().is_empty() {
        return answer.status().to_owned();
    }
    let row: serde_json::Map<String, serde_json::Value> = serde_json::from_str(answer.json()).unwrap();
    let nulls = row.iter().filter(|(_, value)| value.is_null());
    let bare = nulls.fold(answer.json().replacen('{', "{,", 1), |text, (name, _)| {
        text.replacen(&format!(",\"{name}\":null"), "", 1)
    });
    bare.replacen("{,", "{", 1)
}
