//! A changed document, a changed schema, a database that is gone for a while.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use spangate_mock_spanner::Step;
use spangate_proto::v1::Call;

use super::stand::{Stand, body, call, query};
use super::*;

const LATE: &str = "  Late: {read: {sql: SELECT id FROM late}}\n";
const OTHER: &str = "  Other: {read: {sql: SELECT title FROM items}}\n";

async fn assert_served(stand: &Stand, operation: &str) {
    assert_eq!(stand.execute(call(operation), &[]).await.status(), "200", "{operation}");
}

#[tokio::test]
async fn a_changed_document_is_planned_and_then_served() {
    let file = Document::new(&document("", &[SCAN]));
    let (mock, stand) = start(&file, &[]).await;
    stand.execute(call("Other"), &[]).await.assert_refused("501", "operation_unknown");
    assert_served(&stand, "Scan").await;
    mock.forget_counts();

    file.replace(&document("", &[SCAN, OTHER, LATE]));
    stand.until_logged(&["operations_reloaded", r#""operations":2,"mismatched":1"#]).await;
    assert_served(&stand, "Scan").await;
    assert_served(&stand, "Other").await;
    stand.execute(call("Late"), &[]).await.assert_refused("503", "schema_mismatch");

    // What does not fit is tried again without being asked.
    mock.apply("CREATE TABLE late (id INT64 NOT NULL) PRIMARY KEY (id);").unwrap();
    stand.until_served(call("Late")).await;

    // The database is as it was: its clients and their sessions stay.
    assert_eq!(mock.count(Step::CreateSession), 0);
}

#[tokio::test]
async fn a_faulty_document_changes_nothing() {
    let file = Document::new(&document("", &[SCAN]));
    let (_mock, stand) = start(&file, &[]).await;
    file.replace("apiVersion: spangate/v1\noperations: {Scan: {reed: {}}}");
    stand.until_logged(&["operations_refused", "has faults", "`databases` is missing"]).await;
    assert_served(&stand, "Scan").await;
    std::fs::remove_file(file.path()).unwrap();
    stand.signal("-HUP");
    stand.until_logged(&["operations_refused", "cannot read"]).await;
    assert_served(&stand, "Scan").await;
    file.replace(&document("", &[OTHER]));
    stand.until_served(call("Other")).await;
}

/// The file is the same: a signal reads it all the same, since what it names may have changed.
#[tokio::test]
async fn a_signal_reloads() {
    let file = Document::new(&document("", &[SCAN]));
    let (_mock, stand) = start(&file, &[]).await;
    stand.signal("-HUP");
    stand.until_logged(&["operations_reloaded"]).await;
    assert_served(&stand, "Scan").await;
}

/// The files that a document names are followed like the document itself, also while one of them is broken.
#[tokio::test]
async fn a_changed_schema_is_served_and_a_broken_one_is_not() {
    let search = "  Search:
    read: {sql: SELECT id FROM items WHERE title = @title}
    parameters:
      body: {type: JSON, from: body, schema: search.json}
      title: {type: STRING, from: body.title}
";
    let schema = |longest: &str| format!(r#"{{"properties": {{"title": {{"maxLength": {longest}}}}}}}"#);
    let file = Document::new(&document("", &[search]));
    file.put("search.json", &schema("20"));
    let (_mock, stand) = start(&file, &["--metrics", "127.0.0.1:0"]).await;
    let is_valid = async |title: &str| {
        let body = body(&format!(r#"{{"title": "{title}"}}"#));
        let answer = stand.execute(call("Search"), &body).await;
        assert!(["200", "400"].contains(&answer.status()), "{answer:?}");
        answer.status() == "200"
    };
    assert!(is_valid("one").await && is_valid("longer").await);

    file.put("search.json", &schema("3"));
    stand.until_logged(&["operations_reloaded"]).await;
    assert!(is_valid("one").await && !is_valid("longer").await);

    file.put("search.json", &schema(""));
    stand.until_logged(&["operations_refused", "search.json"]).await;
    assert!(is_valid("one").await && !is_valid("longer").await);
    let refused = r#"spangate_sidecar_reloads_total{result="refused"} 1"#;
    let metrics = super::metrics::get(&stand, "/metrics").await;
    assert!(metrics.contains(refused), "{metrics}");

    // The document is the same all along: mending what it names is enough.
    file.put("search.json", &schema("10"));
    until("the mended schema", async || is_valid("longer").await).await;
}

/// Each with a page of one row.
const PAGES: &str = "  Pages:
    read: {sql: SELECT id FROM items WHERE @after IS NULL OR id > @after ORDER BY id LIMIT @limit}
    parameters:
      after: {type: INT64, from: page.id}
      limit: {type: INT64, from: query, default: 1, maximum: 9}
    pages: {size: limit}
";

#[tokio::test]
async fn pages_that_come_without_a_key_are_not_served() {
    let file = Document::new(&document("", &[SCAN]));
    let (_mock, stand) = start(&file, &["--metrics", "127.0.0.1:0"]).await;
    file.replace(&document("", &[SCAN, PAGES]));
    stand.until_logged(&["operation_mismatch", r#""operation":"Pages""#, "`--page-key-file`"]).await;
    stand.until_logged(&["operations_reloaded", r#""operations":1,"mismatched":1"#]).await;
    stand.execute(call("Pages"), &[]).await.assert_refused("503", "schema_mismatch");
    assert_served(&stand, "Scan").await;
    let unserved = r#"spangate_sidecar_operation_served{operation="Pages"} 0"#;
    assert!(super::metrics::get(&stand, "/metrics").await.contains(unserved));
}

/// While the sidecar runs: the new key is put before the old one, the old one is taken out, and in between the file is
/// broken in every way.
#[tokio::test]
async fn page_keys_rotate() {
    const OLD: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
    const NEW: &str = "IB8eHRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgE=";
    let file = Document::new(&document("", &[PAGES]));
    let path = file.path().with_file_name("page-keys");
    let keys = |text: &str, mode: u32| {
        file.put("page-keys", text);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    keys(OLD, 0o600);
    let options = ["--page-key-file", path.to_str().unwrap(), "--metrics", "127.0.0.1:0"];
    let (mock, stand) = start(&file, &options).await;
    mock.execute("INSERT INTO items (id, title) VALUES (2, 'two');").unwrap();
    let page = async |token: &str| {
        let query = query(&[("page", token)]);
        let answer = stand.execute(Call { query, ..call("Pages") }, &[]).await;
        if answer.failed() { answer.reason().to_owned() } else { answer.json().to_owned() }
    };
    let begin = async || {
        let first = stand.execute(call("Pages"), &[]).await;
        let first: serde_json::Value = serde_json::from_str(first.json()).unwrap();
        first["next_page"].as_str().unwrap().to_owned()
    };
    let second = r#"{"rows":[{"id":"2"}],"next_page":null}"#;
    let counted = async |result: &str, times: u32| {
        let line = format!("spangate_sidecar_page_key_reloads_total{{result=\"{result}\"}} {times}");
        until(&line, async || super::metrics::get(&stand, "/metrics").await.contains(&line)).await;
    };
    let of_old = begin().await;
    assert_eq!(page(&of_old).await, second);

    keys(&format!("{NEW}\n{OLD}\n"), 0o600);
    counted("accepted", 1).await;
    let of_new = begin().await;
    assert_eq!([page(&of_old).await, page(&of_new).await], [second; 2]);

    for (refused, (text, mode)) in
        (1..).zip([(&NEW[..20], 0o600), ("\u{0}garbage", 0o600), ("", 0o600), (NEW, 0o644)])
    {
        keys(text, mode);
        counted("refused", refused).await;
        assert_eq!([page(&of_old).await, page(&of_new).await], [second; 2]);
    }
    stand.until_logged(&["page_keys_refused", "32 bytes in base64"]).await;
    std::fs::remove_file(&path).unwrap();
    counted("refused", 5).await;
    assert_eq!(page(&of_old).await, second);

    keys(NEW, 0o600);
    counted("accepted", 2).await;
    assert_eq!([page(&of_old).await, page(&of_new).await], ["parameter_invalid", second]);
    let log = stand.log();
    assert!(!log.contains(&OLD[..20]) && !log.contains(&NEW[..20]), "{log}");
}

#[tokio::test]
async fn calls_in_flight_end_as_they_began() {
    let file = Document::new(&document("", &[SCAN]));
    let (mock, stand) = start(&file, &[]).await;
    mock.slow(Step::Stream, Duration::from_secs(4));
    let in_flight = stand.execute(call("Scan"), &[]);
    let reload = async {
        while mock.count(Step::Stream) == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // Another database, and no `Scan` any more.
        file.replace(&document(", max_in_flight: 7", &[OTHER]));
        stand.until_logged(&["operations_reloaded"]).await;
        stand.execute(call("Scan"), &[]).await.assert_refused("501", "operation_unknown");
    };
    let (answer, ()) = tokio::join!(in_flight, reload);
    assert_eq!(answer.json(), r#"{"rows":[{"id":"1"}]}"#);
}

#[tokio::test]
async fn strict_refuses_a_reload_as_a_whole() {
    let file = Document::new(&document("", &[SCAN]));
    let (_mock, stand) = start(&file, &["--strict"]).await;
    file.replace(&document("", &[OTHER, LATE]));
    stand.until_logged(&["operations_refused", "--strict"]).await;
    assert_served(&stand, "Scan").await;
    stand.execute(call("Other"), &[]).await.assert_refused("501", "operation_unknown");
}

#[tokio::test]
async fn a_schema_that_drifts_takes_its_operations_with_it() {
    let file = Document::new(&document("", &[SCAN, OTHER]));
    let (mock, stand) = start(&file, &["--replan", "300ms"]).await;
    mock.apply("CREATE TABLE items (id INT64 NOT NULL) PRIMARY KEY (id);").unwrap();
    stand.until_logged(&["operation_drifted", r#""operation":"Other""#]).await;
    stand.execute(call("Other"), &[]).await.assert_refused("503", "schema_mismatch");
    assert_served(&stand, "Scan").await;
    mock.apply(ITEMS).unwrap();
    stand.until_served(call("Other")).await;
}

/// Nobody waits for the next planning: one call has met it, and the next ones are told that it is not served.
#[tokio::test]
async fn a_call_that_meets_a_changed_schema_has_it_looked_at() {
    let file = Document::new(&document("", &[SCAN, OTHER]));
    let (mock, stand) = start(&file, &["--replan", "1h"]).await;
    mock.apply("CREATE TABLE items (id INT64 NOT NULL) PRIMARY KEY (id);").unwrap();
    stand.execute(call("Other"), &[]).await.assert_refused("500", "schema_mismatch");
    stand.until_logged(&["operation_drifted", r#""operation":"Other""#]).await;
    stand.execute(call("Other"), &[]).await.assert_refused("503", "schema_mismatch");
    assert_served(&stand, "Scan").await;
    mock.apply(ITEMS).unwrap();
    stand.until_served(call("Other")).await;
}

/// By keys, by mutations, by a statement that uses what another one returned: each kind is planned, here by the
/// emulator, whose schema is a whole one.
#[tokio::test]
async fn every_kind_is_planned() {
    let keys = |name: &str, table: &str, columns: &str, key: &str| {
        format!(
            "  {name}: {{read: {{keys: {{table: {table}, columns: [{columns}], key: [{key}]}}}}, parameters: *p}}\n"
        )
    };
    let write =
        |name: &str, steps: &str| format!("  {name}: {{write: [{steps}], parameters: *p, answer: none}}\n");
    let delete = |name: &str, key: &str| write(name, &format!("{{delete: {{table: orders, key: [{key}]}}}}"));
    let insert = |name: &str, column: &str| {
        write(
            name,
            &format!(
                "{{insert: {{table: orders, columns: {{tenant: t, customer_id: c, order_id: o, status: o, {column}}}}}}}"
            ),
        )
    };
    let returned = |name: &str, column: &str| {
        let first = "sql: 'UPDATE orders SET status = @o WHERE tenant = @t AND customer_id = @c AND order_id = @o THEN RETURN order_id, customer_id'";
        write(
            name,
            &format!(
                "{{{first}}}, {{sql: 'UPDATE customers SET name = @o WHERE tenant = @t AND customer_id = @{column}'}}"
            ),
        )
    };
    let operations = [
        keys("Whole", "orders", "total", "t, c, o"),
        keys("TooShort", "orders", "total", "t, c"),
        keys("OtherType", "orders", "total", "t, o, c"),
        keys("NoColumn", "orders", "colour", "t, c, o"),
        keys("NoTable", "nothing", "total", "t, c, o"),
        delete("Delete", "t, c, o"),
        delete("DeleteTooShort", "t, c"),
        insert("Insert", "total: n"),
        insert("InsertNoColumn", "colour: n"),
        insert("InsertOtherType", "total: t"),
        returned("Returned", "customer_id"),
        returned("ReturnedOtherType", "order_id"),
    ];
    let parameters = "{t: {type: STRING, from: query}, c: {type: INT64, from: query}, o: {type: STRING, from: query}, n: {type: NUMERIC, from: query}}";
    let text = operations.concat().replace("*p", parameters);
    let text = document("", &[&text])
        .replace("projects/p/instances/i/databases/d", "projects/test/instances/test/databases/storefront");
    let file = Document::new(&text);
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut stand = Stand::serving_with(port, file.path().to_str().unwrap(), &[]).await;
    stand.start_emulator().await;
    stand.set_up().await;
    // Whoever is planned before Spangate's own tables are there is planned again.
    for (operation, problem) in [
        ("DeleteTooShort", "3 parts"),
        ("InsertNoColumn", "colour"),
        ("OtherType", "INT64"),
        ("InsertOtherType", "NUMERIC"),
        ("ReturnedOtherType", "signature"),
    ] {
        stand.until_logged(&["operation_mismatch", &format!(r#""operation":"{operation}""#), problem]).await;
    }
    for operation in ["Delete", "Insert", "Returned"] {
        stand.until_logged(&["operation_ready", &format!(r#""operation":"{operation}""#)]).await;
    }
    let log = stand.log();
    let told = |event: &str| {
        let lines = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let lines = lines.filter(|line| line["operation"].is_string() && line["event"] != "document_warning");
        let text = |line: &serde_json::Value, name| line[name].as_str().unwrap_or_default().to_owned();
        let last: BTreeMap<_, _> = lines
            .map(|line| (text(&line, "operation"), (text(&line, "event"), text(&line, "problem"))))
            .collect();
        let told = last.into_iter().filter(|(_, (last, _))| last == event);
        told.map(|(operation, (_, problem))| format!("{operation}: {problem}")).collect::<Vec<_>>().join("\n")
    };
    expect_test::expect![[r#"
        DeleteTooShort: the key of `orders` has 3 parts, not 2
        InsertNoColumn: `orders` has no column `colour`
        InsertOtherType: `total` of `orders` is NUMERIC, and `t` is STRING
        NoColumn: Column not found in table orders: colour
        NoTable: Table not found: nothing
        OtherType: `customer_id` of `orders` is INT64, and `o` is STRING
        ReturnedOtherType: No matching signature for operator = for argument types: INT64, STRING. Supported signature: ANY = ANY [at 1:54]
        TooShort: Wrong number of key parts for orders. Expected 3 key parts, found 2 key parts. Supplied key: values { null_value: NULL_VALUE } values { null_value: NULL_VALUE }"#]].assert_eq(&told("operation_mismatch"));
    expect_test::expect![[r#"
        Delete: 
        Insert: 
        Returned: 
        Whole: "#]]
    .assert_eq(&told("operation_ready"));
}

#[tokio::test]
async fn health_follows_the_database() {
    let mut stand = Stand::start().await;
    stand.until_health_of("database/main", "Serving").await;
    stand.stop_emulator();
    stand.until_health_of("database/main", "NotServing").await;
    stand.until_health_of("spangate.v1.Gateway", "NotServing").await;
    // It can still say why it refuses.
    assert_eq!(stand.health_of("").await, "Serving");
    stand.start_emulator().await;
    stand.set_up().await;
    stand.until_health_of("database/main", "Serving").await;
    stand.until_healthy().await;
    let other = stand.health_of("database/other").await;
    assert!(!other.contains("erving"), "{other}");
}
