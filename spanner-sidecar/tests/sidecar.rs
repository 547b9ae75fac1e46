//! The sidecar against the real emulator, called as the filter calls it: over its Unix socket, with the call in
//! the metadata. Each test has an emulator of its own.

mod stand;

use spangate_proto::v1::Call;
use spangate_proto::v1::call::Idempotency;
use stand::{Answer, Stand, alice, body, call, path, query};

fn orders(customer: &str) -> Call {
    Call { path: path(&[("customer_id", customer)]), ..call("ListOrders") }
}

fn place(customer: &str, key: &str) -> Call {
    let idempotency = Some(Idempotency::CallerKey(key.to_owned()));
    Call { path: path(&[("customer_id", customer)]), idempotency, ..call("PlaceOrder") }
}

#[tokio::test]
async fn reads() {
    let stand = Stand::start().await;
    let list = stand.execute(orders("7"), &[]).await;
    assert_eq!(
        list.json(),
        r#"{"rows":[{"order_id":"a","status":"open","total":"12.5"},{"order_id":"b","status":"paid","total":null}]}"#
    );
    assert_eq!((list.status(), list.metadata("spangate-content-type")), ("200", "application/json"));

    let limited = Call { query: query(&[("limit", "1")]), ..orders("7") };
    assert_eq!(
        stand.execute(limited, &[]).await.json(),
        r#"{"rows":[{"order_id":"a","status":"open","total":"12.5"}]}"#
    );
    assert_eq!(stand.execute(orders("99"), &[]).await.json(), r#"{"rows":[]}"#);

    let one = |order| Call { path: path(&[("customer_id", "7"), ("order_id", order)]), ..call("ReadOrder") };
    assert_eq!(
        stand.execute(one("a"), &[]).await.json(),
        r#"{"order_id":"a","status":"open","total":"12.5","created_at":null}"#
    );
    stand.execute(one("nowhere"), &[]).await.assert_refused("404", "not_found");
    // The order of another tenant is not there for this one.
    stand.execute(one("c"), &[]).await.assert_refused("404", "not_found");

    for operation in ["CountStale", "CountSince"] {
        assert_eq!(stand.execute(call(operation), &[]).await.json(), r#"{"tenants":"2"}"#, "{operation}");
    }

    let head = Call { head: true, ..orders("7") };
    let head = stand.execute(head, &[]).await;
    assert_eq!((head.status(), head.json()), ("200", ""));
}

#[tokio::test]
async fn writes() {
    let stand = Stand::start().await;
    let placed = stand.execute(place("8", "k1"), &body(r#"{"order_id": "n/1", "total": "7.125"}"#)).await;
    assert_eq!(placed.json(), r#"{"order_id":"n/1","total":"7.125"}"#);
    assert_eq!(placed.status(), "201");
    assert_eq!(placed.metadata("spangate-header-location"), "/customers/8/orders/n%2F1");
    assert_eq!(
        stand.execute(orders("8"), &[]).await.json(),
        r#"{"rows":[{"order_id":"n/1","status":"open","total":"7.125"}]}"#
    );

    let again = stand.execute(place("8", "k2"), &body(r#"{"order_id": "n/1", "total": "7.125"}"#)).await;
    again.assert_refused("409", "already_exists");
    let negative = stand.execute(place("8", "k3"), &body(r#"{"order_id": "n2", "total": "-1"}"#)).await;
    negative.assert_refused("400", "out_of_range");
    let orphan = stand.execute(place("12345", "k4"), &body(r#"{"order_id": "n3", "total": "1"}"#)).await;
    orphan.assert_refused("404", "not_found");

    // One order is open for each: the expectation holds once, and not again.
    let pay = |customer, nonce| Call {
        path: path(&[("customer_id", customer)]),
        idempotency: Some(Idempotency::Nonce(vec![nonce; 16])),
        ..call("PayOrders")
    };
    let paid = stand.execute(pay("7", 1), &[]).await;
    assert_eq!((paid.status(), paid.json(), paid.metadata("spangate-content-type")), ("204", "", ""));
    stand.execute(pay("7", 2), &[]).await.assert_refused("409", "not_exactly_one");

    // Of a statement that touched too much nothing stays.
    stand.execute(place("8", "k5"), &body(r#"{"order_id": "n4", "total": 1}"#)).await;
    stand.execute(pay("8", 3), &[]).await.assert_refused("409", "not_exactly_one");
    let left = stand.execute(orders("8"), &[]).await;
    assert_eq!(left.json().matches("\"open\"").count(), 2, "{}", left.json());
}

#[tokio::test]
async fn a_repeat_is_given_the_first_answer() {
    let stand = Stand::start().await;
    let order = body(r#"{"order_id": "once", "total": "1.5"}"#);
    let first = stand.execute(place("8", "k"), &order).await;
    let again = stand.execute(place("8", "k"), &order).await;
    assert_eq!((first.status(), first.json()), ("201", again.json()));
    for name in ["spangate-header-location", "spangate-header-read-timestamp"] {
        assert_eq!(first.metadata(name), again.metadata(name), "{name}");
        assert!(!first.metadata(name).is_empty(), "{name}");
    }
    let replayed = "spangate-header-idempotency-replayed";
    assert_eq!((first.metadata(replayed), again.metadata(replayed)), ("", "true"));
    let other = body(r#"{"order_id": "twice", "total": "1.5"}"#);
    stand.execute(place("8", "k"), &other).await.assert_refused("422", "idempotency_key_reused");
    assert_eq!(stand.execute(orders("8"), &[]).await.json().matches("order_id").count(), 1);
}

#[tokio::test]
async fn many_writers_at_once() {
    let stand = Stand::start().await;
    let writes =
        (0..20).map(|number| {
            let order = format!(r#"{{"order_id": "w{number}", "total": "{number}"}}"#);
            let stand = &stand;
            async move {
                stand.execute(place("8", &format!("key{number}")), &body(&order)).await.status().to_owned()
            }
        });
    assert_eq!(futures::future::join_all(writes).await, ["201"; 20]);
    assert_eq!(stand.execute(orders("8"), &[]).await.json().matches("order_id").count(), 20);
}

#[tokio::test]
async fn what_is_not_run() {
    let stand = Stand::start().await;
    let refused = |answer: Answer, status, reason| answer.assert_refused(status, reason);
    refused(stand.execute(orders("seven"), &[]).await, "400", "parameter_invalid");
    let many = Call { query: query(&[("limit", "1001")]), ..orders("7") };
    let answer = stand.execute(many, &[]).await;
    assert_eq!(answer.metadata("spangate-detail"), "`limit` must be at most 1000");
    refused(answer, "400", "parameter_invalid");
    refused(
        stand.execute(Call { query: query(&[("tenant", "t2")]), ..orders("7") }, &[]).await,
        "400",
        "parameter_invalid",
    );
    refused(stand.execute(Call { identity: None, ..orders("7") }, &[]).await, "403", "permission_denied");
    refused(stand.execute(call("Nothing"), &[]).await, "501", "operation_unknown");
    refused(stand.execute(call("Misspelt"), &[]).await, "503", "schema_mismatch");
    refused(stand.execute(orders("7"), &body("{}")).await, "400", "parameter_invalid");
    let without_key = Call { idempotency: stand::nonce(), ..place("8", "") };
    refused(stand.execute(without_key, &body("{}")).await, "400", "idempotency_key_missing");
    refused(stand.execute(place("8", "k"), &body(&"x".repeat(2000))).await, "413", "body_too_large");
    // Longer than a message may be.
    refused(stand.execute(place("8", "k"), &body(&"x".repeat(5 << 20))).await, "413", "body_too_large");
    refused(stand.execute(place("8", "k"), &body(r#"{"order_id": "x"}"#)).await, "400", "parameter_invalid");
    let injection =
        Call { path: path(&[("customer_id", "7"), ("order_id", "' OR '1'='1")]), ..call("ReadOrder") };
    refused(stand.execute(injection, &[]).await, "404", "not_found");
}

#[tokio::test]
async fn every_scalar_there_and_back() {
    let stand = Stand::start().await;
    let call = Call {
        query: query(&[
            ("bool", "true"),
            ("int64", "-9223372036854775808"),
            ("float64", "-Infinity"),
            ("float32", "1.1"),
            ("string", "é'\"\\\n"),
            ("bytes", "AQI="),
            ("date", "2024-02-29"),
            ("timestamp", "2026-11-23T00:30:00.5+01:00"),
            ("numeric", "-99999999999999999999999999999.999999999"),
            ("json", r#"{"b": [1, null]}"#),
            ("list", "1"),
            ("list", "2"),
        ]),
        ..call("Scalars")
    };
    assert_eq!(
        stand.execute(call, &[]).await.json(),
        concat!(
            r#"{"bool":true,"int64":"-9223372036854775808","float64":"-Infinity","string":"é'\"\\\n","bytes":"AQI=","#,
            r#""date":"2024-02-29","timestamp":"2026-11-22T23:30:00.5Z","#,
            r#""numeric":"-99999999999999999999999999999.999999999","json":{"b":[1,null]},"list":["1","2"],"#,
            r#""float32":1.1,"nothing":null,"structs":[{"a":"1","b":"x"}]}"#
        )
    );
}

#[tokio::test]
async fn long_answers_come_in_pieces_and_cut_ones_never_look_whole() {
    let stand = Stand::start().await;
    let count = Call { query: query(&[("count", "1000")]), ..call("Count") };
    let answer = stand.execute(count, &[]).await;
    assert!(answer.pieces() > 10, "{} pieces", answer.pieces());
    let rows: serde_json::Value = serde_json::from_str(answer.json()).unwrap();
    assert_eq!(rows["rows"].as_array().unwrap().len(), 1000);
    assert_eq!(rows["rows"][999]["n"], 1000);

    // The emulator evaluates all before its first row, and so refuses in time; what matters is that it is no 200.
    let broken = stand.execute(call("HalfWay"), &[]).await;
    assert!(broken.failed(), "{:?}", broken);
}

/// The first pieces are an answer already; when the rest does not come, the end says so.
#[tokio::test]
async fn an_answer_that_is_read_too_slowly_is_cut_visibly() {
    let stand = Stand::start().await;
    let count = Call { query: query(&[("count", "15000")]), ..call("CountInTime") };
    let answer = stand.execute_slowly(count, std::time::Duration::from_secs(4)).await;
    assert_eq!(answer.status(), "200");
    assert!(answer.pieces() > 0 && answer.failed(), "{} pieces", answer.pieces());
    assert_eq!(answer.error_reason(), "deadline_exceeded");
}

#[tokio::test]
async fn calls_in_flight_end_before_the_sidecar_does() {
    let mut stand = Stand::start().await;
    let count = Call { query: query(&[("count", "15000")]), ..call("Count") };
    let mut stream = stand.begin(count, &[]).await.unwrap().into_inner();
    let mut text = stream.message().await.unwrap().unwrap().data;
    stand.ask_to_terminate();
    while let Some(piece) = stream.message().await.unwrap() {
        text.extend(piece.data);
    }
    let rows: serde_json::Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(rows["rows"].as_array().unwrap().len(), 15_000);
    drop(stream);
    assert!(stand.ended().await.success());
}

#[tokio::test]
async fn an_emulator_that_restarts_is_found_again() {
    let mut stand = Stand::start().await;
    assert_eq!(stand.execute(orders("7"), &[]).await.status(), "200");
    stand.stop_emulator();
    let answer = stand.execute(orders("7"), &[]).await;
    assert!(answer.failed(), "{answer:?}");
    stand.start_emulator().await;
    stand.set_up().await;
    stand.until_served(orders("7")).await;
    let placed = stand.execute(place("8", "k"), &body(r#"{"order_id": "x", "total": "1"}"#)).await;
    assert_eq!(placed.status(), "201", "{placed:?}");
}

#[tokio::test]
async fn a_sidecar_that_starts_before_its_database_waits_for_it() {
    let mut stand = Stand::without_emulator().await;
    stand.execute(orders("7"), &[]).await.assert_refused("503", "database_unavailable");
    assert_eq!(stand.health().await, "NotServing");
    stand.start_emulator().await;
    stand.set_up().await;
    stand.until_served(orders("7")).await;
    stand.until_healthy().await;
    assert_eq!(alice().tenant.as_deref(), Some("t1"));
    stand.ask_to_terminate();
    assert!(stand.ended().await.success());
}

#[tokio::test]
async fn strict_ends_the_sidecar_when_an_operation_does_not_fit() {
    let mut stand = Stand::strict().await;
    stand.start_emulator().await;
    stand.set_up().await;
    assert_eq!(stand.ended().await.code(), Some(1));
}

#[tokio::test]
async fn faults_of_a_schema_name_their_statement() {
    let mut stand = Stand::without_emulator().await;
    stand.start_emulator().await;
    let error = stand.set_up_with("rows.sql", "rows.sql").await.unwrap_err();
    assert!(error.contains("rows.sql`: the schema is refused: "), "{error}");
    let error = stand.set_up_with("schema.sql", "schema.sql").await.unwrap_err();
    assert!(error.contains("schema.sql`: line 2: `CREATE TABLE tenants (`: "), "{error}");
    // Neither try left anything behind, and a second one finds what the first has made.
    stand.set_up().await;
    stand.set_up().await;
    stand.until_healthy().await;
}
