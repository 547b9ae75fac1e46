//! What Prometheus is told.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::stand::{Stand, call};
use super::*;

pub async fn get(stand: &Stand, path: &str) -> String {
    stand.until_logged(&["metrics_listening"]).await;
    let log = stand.log();
    let line = log.lines().find(|line| line.contains("metrics_listening")).unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    let mut stream = TcpStream::connect(line["address"].as_str().unwrap()).await.unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: sidecar\r\n\r\n").as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn calls_operations_and_reloads_are_counted() {
    let file = Document::new(&document("", &[SCAN, "  Late: {read: {sql: SELECT id FROM late}}\n"]));
    let (_mock, stand) = start(&file, &["--metrics", "127.0.0.1:0"]).await;
    stand.execute(call("Scan"), &[]).await.json();
    stand.execute(call("secret_name_of_nothing"), &[]).await.assert_refused("501", "operation_unknown");
    file.replace("faulty");
    stand.until_logged(&["operations_refused"]).await;

    let text = get(&stand, "/metrics").await;
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
    for line in [
        r#"spangate_sidecar_calls_total{operation="Scan",reason="ok"} 1"#,
        r#"spangate_sidecar_calls_total{operation="unknown",reason="operation_unknown"} 1"#,
        r#"spangate_sidecar_operation_served{operation="Scan"} 1"#,
        r#"spangate_sidecar_operation_served{operation="Late"} 0"#,
        r#"spangate_sidecar_in_flight{database="main",class="scan"} 0"#,
        r#"spangate_sidecar_database_reachable{database="main"} 1"#,
        r#"spangate_sidecar_reloads_total{result="refused"} 1"#,
        "spangate_sidecar_connections 1",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(!text.contains("secret"), "{text}");
    assert!(get(&stand, "/").await.starts_with("HTTP/1.1 404"));
}

#[tokio::test]
async fn what_goes_wrong_later_is_counted_too() {
    let all = "  All: {read: {sql: SELECT title FROM items}}\n";
    let file = Document::new(&document("", &[SCAN, all]));
    let (mock, stand) = start(&file, &["--metrics", "127.0.0.1:0"]).await;
    mock.break_after_rows(tonic::Status::data_loss("half way"));
    assert!(stand.execute(call("Scan"), &[]).await.failed());
    mock.heal_all();
    mock.apply("CREATE TABLE items (id INT64 NOT NULL) PRIMARY KEY (id);").unwrap();
    stand.execute(call("All"), &[]).await.assert_refused("500", "schema_mismatch");
    stand.until_logged(&["operation_drifted"]).await;

    let text = get(&stand, "/metrics").await;
    for line in [
        r#"spangate_sidecar_answers_cut_total{operation="Scan",reason="database_unavailable"} 1"#,
        r#"spangate_sidecar_operation_drifts_total{operation="All"} 1"#,
        r#"spangate_sidecar_operation_served{operation="All"} 0"#,
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}
