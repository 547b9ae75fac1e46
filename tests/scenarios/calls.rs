//! Calls that are allowed, over both protocols, each body compared whole.

use serde_json::{Value, json};
use spangate_stack::{Options, Stack};

use crate::support::{
    Connection, ORDERS, PROTOCOLS, Protocol, Request, assert_problem, assert_sound, operations_with,
    orders_in_database, storefront,
};

const SHIPPED: &str = "1b671a64-40d5-491e-99b0-da01ff1f3341";

fn two_orders() -> Value {
    json!({"rows": [
        {"order_id": SHIPPED, "status": "shipped", "total": "15", "created_at": "2026-03-01T10:00:00Z"},
        {"order_id": "4e1243bd-22c6-476b-8a41-9e78ebd7f3a1", "status": "paid", "total": "39",
         "created_at": "2026-03-05T10:00:00Z"},
    ]})
}

#[test]
fn reads() {
    let stack = storefront();
    let (alice, carol) = (stack.token("alice").unwrap(), stack.token("carol").unwrap());
    for protocol in PROTOCOLS {
        let mut connection = Connection::open(&stack, protocol).unwrap();
        let mut ask = |request: Request| {
            let answer = connection.send(request).unwrap();
            assert_eq!(answer.status, 200, "{protocol:?} {}", answer.text());
            assert_eq!(answer.header("content-type"), Some("application/json"));
            for (name, _) in &answer.headers {
                assert!(!name.starts_with("spangate-") && !name.starts_with("grpc-"), "{name}");
            }
            answer.json().unwrap()
        };
        let catalog = ask(Request::get("/storefront/v2/catalog"));
        assert_eq!(
            catalog["rows"][1],
            json!({
                "sku": "tea-black", "name": "Black tea, 100 g", "price": "6.25", "in_stock": "80", "tags": ["tea"]
            })
        );
        assert_eq!(catalog["rows"].as_array().unwrap().len(), 3);
        assert_eq!(ask(Request::get(&format!("{ORDERS}?limit=2")).token(&alice)), two_orders());
        // The first version, and the one that holds when none is named.
        assert_eq!(
            ask(Request::get("/storefront/v1/customers/7/orders?limit=2").token(&alice)),
            two_orders()
        );
        assert_eq!(ask(Request::get("/storefront/customers/7/orders?limit=2").token(&alice)), two_orders());
        assert_eq!(
            ask(Request::get(&format!("{ORDERS}/{SHIPPED}")).token(&alice)),
            json!({
                "order_id": SHIPPED, "status": "shipped", "total": "15", "note": "Leave it at the door",
                "created_at": "2026-03-01T10:00:00Z",
                "items": [{"line": "1", "sku": "tea-green", "quantity": "2", "price": "7.5"}],
            })
        );
        // The same path is another customer to another tenant.
        assert_eq!(ask(Request::get(ORDERS).token(&carol))["rows"][0]["total"], "78");
    }
    assert_sound(&stack);
}

#[test]
fn a_head_leaves_the_connection_in_step() {
    let stack = storefront();
    let alice = stack.token("alice").unwrap();
    for protocol in PROTOCOLS {
        let mut connection = Connection::open(&stack, protocol).unwrap();
        for path in [ORDERS.to_owned(), format!("{ORDERS}/{SHIPPED}"), "/storefront/v2/catalog".to_owned()] {
            let head = connection.send(Request::new("HEAD", &path).token(&alice)).unwrap();
            assert_eq!((head.status, head.body.len()), (200, 0), "{protocol:?} {path}");
            assert_eq!(head.header("content-type"), Some("application/json"));
            // A byte too many after those headers would be read as the beginning of this answer.
            let next = connection.send(Request::get(&format!("{ORDERS}?limit=2")).token(&alice)).unwrap();
            assert_eq!(next.json().unwrap(), two_orders(), "{protocol:?} {path}");
        }
        let refused = connection.send(Request::new("HEAD", "/nowhere").token(&alice)).unwrap();
        assert_eq!((refused.status, refused.body.len()), (404, 0));
        let absent = connection.send(Request::new("HEAD", &format!("{ORDERS}/none")).token(&alice)).unwrap();
        assert_eq!((absent.status, absent.body.len()), (404, 0));
        let next = connection.send(Request::get(&format!("{ORDERS}?limit=2")).token(&alice)).unwrap();
        assert_eq!(next.json().unwrap(), two_orders());
    }
    assert_sound(&stack);
}

#[test]
fn a_large_answer_is_streamed_whole() {
    let rows = 200;
    let operations = operations_with(|operations| {
        operations["operations"]["ListProducts"]["read"]["sql"] = format!(
            "SELECT n, REPEAT(CAST(MOD(n, 10) AS STRING), 100000) AS text FROM UNNEST(GENERATE_ARRAY(1, {rows})) AS n \
             ORDER BY n"
        )
        .into();
    });
    let stack = Stack::start(Options::storefront().unwrap().operations(operations)).unwrap();
    let row = |n: usize| format!(r#"{{"n":"{n}","text":"{}"}}"#, (n % 10).to_string().repeat(100_000));
    let expected = format!(r#"{{"rows":[{}]}}"#, (1..=rows).map(row).collect::<Vec<_>>().join(","));
    for protocol in PROTOCOLS {
        let mut connection = Connection::open(&stack, protocol).unwrap();
        let mut begun = connection.begin(Request::get("/storefront/v2/catalog")).unwrap();
        assert!(begun.read().unwrap());
        let first = begun.answer.body.len();
        assert!(first < expected.len() / 2, "the first piece came only when all was there: {first} bytes");
        let answer = begun.rest().unwrap();
        assert_eq!((answer.status, answer.body.len()), (200, expected.len()), "{protocol:?}");
        assert!(answer.text() == expected, "{protocol:?}: some byte differs");
        assert_eq!(
            connection.send(Request::get("/storefront/v2/catalog")).unwrap().body.len(),
            expected.len()
        );
    }
}

/// Each way to send a body: the answer, where it says the new order is, and what the emulator itself says.
#[test]
fn writes() {
    let stack = storefront();
    let bob = stack.token("bob").unwrap();
    let note = "🫖 ".repeat(150);
    for (protocol, chunk) in [
        (Protocol::Http1, None),
        (Protocol::Http2, None),
        (Protocol::Http1, Some(1)),
        (Protocol::Http2, Some(7)),
        (Protocol::Http1, Some(100)),
    ] {
        let before = orders_in_database(&stack);
        let mut connection = Connection::open(&stack, protocol).unwrap();
        let request = Request::post(ORDERS, &json!({"total": "12.40", "note": note})).token(&bob);
        let request = match chunk {
            Some(size) => request.in_chunks(size),
            None => request,
        };
        let created = connection.send(request).unwrap();
        assert_eq!(created.status, 201, "{protocol:?} {chunk:?} {}", created.text());
        let location = created.header("location").unwrap().to_owned();
        let id = location.strip_prefix(&format!("{ORDERS}/")).unwrap();
        assert_eq!(created.json().unwrap(), json!({"order_id": id}));

        let mut after = orders_in_database(&stack);
        let added = after.iter().position(|row| row[2] == id).unwrap();
        assert_eq!(after.remove(added), json!(["t1", "7", id, "open", "12.4", note]));
        assert_eq!(after, before, "nothing else has changed");

        let read = connection.send(Request::get(&location).token(&bob)).unwrap().json().unwrap();
        assert_eq!((&read["total"], &read["note"]), (&json!("12.4"), &json!(note)));
        let cancelled = connection.send(Request::new("DELETE", &location).token(&bob)).unwrap();
        assert_eq!(cancelled.json().unwrap(), json!({"order_id": id, "status": "cancelled"}));
        let again = connection.send(Request::new("DELETE", &location).token(&bob)).unwrap();
        assert_problem(&again, 404, "not_found");
    }
    assert_sound(&stack);
}

#[test]
fn calls_at_the_same_time_get_their_own_answers() {
    let stack = storefront();
    let (alice, carol) = (stack.token("alice").unwrap(), stack.token("carol").unwrap());
    std::thread::scope(|scope| {
        for (index, protocol) in PROTOCOLS.into_iter().cycle().take(8).enumerate() {
            let (stack, token, first) = match index % 3 {
                0 => (&stack, &alice, "15"),
                _ => (&stack, &carol, "78"),
            };
            scope.spawn(move || {
                let mut connection = Connection::open(stack, protocol).unwrap();
                for _ in 0..25 {
                    let answer =
                        connection.send(Request::get(&format!("{ORDERS}?limit=1")).token(token)).unwrap();
                    assert_eq!(answer.json().unwrap()["rows"][0]["total"], first, "{}", answer.text());
                }
            });
        }
    });
}
