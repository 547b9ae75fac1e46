use std::process::Command;

use spangate_mock_spanner::Mock;
use spangate_proto::v1::{Call, Identity};

use super::{count, counter, drawn, keyed, start};
use crate::stand::{alice, body};

fn told(mock: &Mock, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_spanner-sidecar"))
        .env("SPANNER_EMULATOR_HOST", format!("127.0.0.1:{}", mock.port))
        .args(["audit", "--operations", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/writes.yaml")])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn subjects(mock: &Mock, arguments: &[&str]) -> Vec<String> {
    let all = told(mock, &[&["--json"], arguments].concat());
    let subject = |line: &str| {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        row["subject"].as_str().unwrap_or("nobody").to_owned()
    };
    all.lines().map(subject).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_write_leaves_a_row() {
    let (mock, stand) = start().await;
    let place = Call {
        request_id: "request-1".to_owned(),
        policy_revision: "revision-1".to_owned(),
        policy_operation: "orders.place".to_owned(),
        ..keyed("Place", "o", "a-secret-key")
    };
    let bob = Identity { subject: "bob".to_owned(), ..alice() };
    let calls = [
        (place, body(r#"{"total": 4711}"#)),
        (Call { identity: Some(bob), ..keyed("Count", "a", "k") }, Vec::new()),
        (Call { identity: None, ..drawn("Count", "a", 1) }, Vec::new()),
    ];
    for (call, sent) in &calls {
        for _ in 0..2 {
            let answer = stand.execute(call.clone(), sent).await;
            assert!(!answer.failed(), "{answer:?}");
        }
    }
    stand.execute(keyed("Count", "nowhere", "k"), &[]).await.assert_refused("409", "no_such_counter");
    assert_eq!(count(&mock, "spangate_audit"), 3);

    assert_eq!(subjects(&mock, &[]), ["nobody", "bob", "alice"]);
    assert_eq!(subjects(&mock, &["--limit", "1"]), ["nobody"]);
    assert_eq!(subjects(&mock, &["--subject", "bob"]), ["bob"]);
    assert_eq!(subjects(&mock, &["--operation", "Place"]), ["alice"]);
    assert_eq!(subjects(&mock, &["--until", "2026-01-01T00:00:00Z"]), [""; 0]);
    assert_eq!(subjects(&mock, &["--since", "2026-01-01T00:00:00Z", "--operation", "Count"]).len(), 2);

    let row = told(&mock, &["--subject", "alice", "--json"]);
    for part in [
        r#""operation":"Place""#,
        r#""policy_operation":"orders.place""#,
        r#""issuer":"entra""#,
        r#""tenant":"t1""#,
        r#""request_id":"request-1""#,
        r#""policy_revision":"revision-1""#,
        r#""fields":{}"#,
    ] {
        assert!(row.contains(part), "{part} in {row}");
    }
    let shown = told(&mock, &[]);
    assert_eq!(shown.lines().count(), 3);
    // Of what was asked for and under which key nothing is kept.
    let kept = mock.query("SELECT * FROM spangate_audit").unwrap();
    let kept: String = kept.into_iter().flatten().collect();
    assert!(!kept.contains("a-secret-key") && !kept.contains("4711"), "{kept}");
}

/// Whether it was so from the beginning, which planning finds, or comes later.
#[tokio::test]
async fn a_role_that_may_not_leave_its_rows_writes_nothing() {
    let (mock, stand) = start().await;
    stand.execute(keyed("CountAsIntern", "a", "key"), &[]).await.assert_refused("503", "schema_mismatch");
    let lacking = ["operation_mismatch", "CountAsIntern", "INSERT on `spangate_idempotency`", "migrate init"];
    stand.until_logged(&lacking).await;
    mock.apply("REVOKE INSERT ON TABLE spangate_audit FROM ROLE writer").unwrap();
    stand.execute(keyed("Count", "a", "key"), &[]).await.assert_refused("403", "permission_denied");
    assert_eq!((counter(&mock, "a"), count(&mock, "spangate_audit")), (0, 0));
}
