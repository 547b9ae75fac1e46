//! Calls that are refused: each by the right reason, as a problem document, and without anything having been run.

use serde_json::{Value, json};

use crate::support::{
    Connection, ORDERS, PROTOCOLS, Request, Token, assert_problem, assert_sound, calls_passed_on, forge,
    orders_in_database, raw, storefront,
};

fn order() -> Value {
    json!({"total": "1", "note": "must never be there"})
}

#[test]
fn tokens() {
    let stack = storefront();
    let ask = |token: Token<'_>| token.ask(&stack).unwrap();
    let bob = |claims: Value| ask(Token::claims("bob", claims));
    let good = ask(Token::of("bob"));
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let header = |name: &str, value: Value| forge(&good, |header, _, _| header[name] = value);

    let refused = [
        ("", "token_missing"),
        ("Basic Ym9iOmJvYg==", "token_missing"),
        ("Bearer", "token_malformed"),
        ("Bearer x", "token_malformed"),
        ("Bearer a.b.c", "token_malformed"),
        (&ask(Token { lifetime: -61, ..Token::of("bob") }), "token_expired"),
        (&bob(json!({"nbf": now + 600})), "token_not_yet_valid"),
        (&bob(json!({"exp": null})), "token_claim_missing"),
        (&bob(json!({"aud": "api://another"})), "token_audience_mismatch"),
        (&bob(json!({"aud": null})), "token_audience_mismatch"),
        (&bob(json!({"iss": "http://localhost:9001"})), "token_issuer_unknown"),
        (&bob(json!({"iss": null})), "token_issuer_unknown"),
        // Another's name under bob's signature, a signature changed in one bit, one of another key, none at all.
        (&forge(&good, |_, payload, _| payload["sub"] = "alice".into()), "token_signature_invalid"),
        (&forge(&good, |_, _, signature| signature[17] ^= 1), "token_signature_invalid"),
        (&forge(&good, |_, _, signature| signature.clear()), "token_signature_invalid"),
        (&header("kid", "nobody's".into()), "token_key_unknown"),
        (&header("alg", "none".into()), "token_algorithm_refused"),
        (&header("alg", "None".into()), "token_algorithm_refused"),
        (&header("alg", "HS256".into()), "token_algorithm_refused"),
        (&header("alg", "RS384".into()), "token_algorithm_refused"),
        // The right algorithm of the wrong key.
        (&header("alg", "ES256".into()), "token_key_unknown"),
    ];
    let orders = orders_in_database(&stack);
    for protocol in PROTOCOLS {
        for (token, reason) in refused {
            let passed_on = calls_passed_on(&stack);
            // A good call of the same token's owner before: no cache may take the one for the other.
            let mut connection = Connection::open(&stack, protocol).unwrap();
            let list = connection.send(Request::get(ORDERS).token(&good)).unwrap();
            assert_eq!(list.status, 200, "{}", list.text());
            let request = Request::post(ORDERS, &order());
            let request = if token.is_empty() { request } else { request.token(token) };
            let answer = connection.send(request).unwrap();
            assert_eq!(answer.json().unwrap()["reason"], reason, "{protocol:?} {token}");
            assert_problem(&answer, 401, reason);
            assert_eq!(calls_passed_on(&stack), passed_on + 1, "{reason}: only the good call went on");
        }
        for algorithm in ["RS256", "ES256"] {
            let token = ask(Token { algorithm, ..Token::of("alice") });
            let answer =
                Connection::open(&stack, protocol).unwrap().send(Request::get(ORDERS).token(&token)).unwrap();
            assert_eq!(answer.json().unwrap()["rows"].as_array().unwrap().len(), 3, "{algorithm}");
        }
    }
    assert_eq!(orders_in_database(&stack), orders);
    assert_sound(&stack);
}

#[test]
fn repeated_credentials() {
    let stack = storefront();
    let (alice, bob) = (stack.token("alice").unwrap(), stack.token("bob").unwrap());
    let orders = orders_in_database(&stack);
    let passed_on = calls_passed_on(&stack);
    for protocol in PROTOCOLS {
        let mut connection = Connection::open(&stack, protocol).unwrap();
        for (first, second) in [(&alice, &bob), (&bob, &alice), (&bob, &bob)] {
            let twice = Request::post(ORDERS, &order()).token(first).token(second);
            assert_problem(&connection.send(twice).unwrap(), 401, "token_repeated");
            let joined = Request::post(ORDERS, &order()).token(&format!("{first}, {second}"));
            let answer = connection.send(joined).unwrap();
            assert!(
                ["token_repeated", "token_malformed"]
                    .contains(&answer.json().unwrap()["reason"].as_str().unwrap())
            );
            assert_eq!(answer.status, 401);
        }
        let basic = Request::post(ORDERS, &order()).token(&bob).token("Basic Ym9iOmJvYg==");
        assert_problem(&connection.send(basic).unwrap(), 401, "token_repeated");
    }
    // The same name in another case.
    let names = format!(
        "GET {ORDERS} HTTP/1.1\r\nhost: h\r\nconnection: close\r\nAuthorization: {bob}\r\nAUTHORIZATION: {bob}\r\n\r\n"
    );
    assert!(raw(&stack, names.as_bytes()).unwrap().contains("token_repeated"));
    assert_eq!(calls_passed_on(&stack), passed_on);
    assert_eq!(orders_in_database(&stack), orders);
    assert_sound(&stack);
}

#[test]
fn routes_rights_and_conditions() {
    let stack = storefront();
    let token = |name: &str| stack.token(name).unwrap();
    let (alice, bob, carol) = (token("alice"), token("bob"), token("carol"));
    let carols = "c56a4180-65aa-42ec-a945-5fd21dec0538";
    let orders = orders_in_database(&stack);
    let delete = |id: &str| Request::new("DELETE", &format!("{ORDERS}/{id}"));

    // By the filter: nothing reaches the sidecar.
    let by_the_filter = || {
        [
            (Request::get("/").token(&alice), 404, "route_not_found"),
            (Request::get("/storefront").token(&alice), 404, "route_not_found"),
            (Request::get("/storefront/v2/tenants").token(&bob), 404, "route_not_found"),
            (Request::get("/storefront/v2/Catalog"), 404, "route_not_found"),
            (Request::get("/storefront/v2/customers/7").token(&bob), 404, "route_not_found"),
            (Request::get("/storefront/v9/catalog"), 404, "version_unknown"),
            (
                Request::post("/storefront/v1/customers/7/orders", &order()).token(&bob),
                405,
                "method_not_allowed",
            ),
            (Request::new("PUT", ORDERS).token(&bob), 405, "method_not_allowed"),
            (Request::new("PATCH", "/storefront/v2/catalog"), 405, "method_not_allowed"),
            (Request::get(&format!("{ORDERS}?limit=1001")).token(&alice), 400, "page_too_large"),
            // A condition that cannot be decided refuses: the parameter is no number, or is there twice.
            (Request::get(&format!("{ORDERS}?limit=ten")).token(&alice), 403, "condition_error"),
            (Request::get(&format!("{ORDERS}?limit=1&limit=5000")).token(&alice), 403, "condition_error"),
            (Request::post(ORDERS, &order()).token(&alice), 403, "role_missing"),
            (delete("9a3f0f9e-6c1f-4a3e-8a54-0c3a7f5d2b60").token(&alice), 403, "role_missing"),
            (delete(carols).token(&carol), 403, "requirement_not_met"),
        ]
    };
    // By the sidecar: nothing reaches the rows.
    let by_the_sidecar = || {
        [
            (Request::get(&format!("{ORDERS}/{carols}")).token(&alice), 404, "not_found"),
            (delete(carols).token(&bob), 404, "not_found"),
            (Request::get("/storefront/v2/customers/ada/orders").token(&alice), 400, "parameter_invalid"),
            (Request::get("/storefront/v2/customers/7%27/orders").token(&alice), 400, "parameter_invalid"),
            (Request::get(&format!("{ORDERS}?limit=0")).token(&alice), 400, "parameter_invalid"),
            (Request::post(ORDERS, &json!({"total": "many"})).token(&bob), 400, "parameter_invalid"),
            (Request::post(ORDERS, &json!({"note": "no total"})).token(&bob), 400, "parameter_invalid"),
            (Request::post(ORDERS, &json!([])).token(&bob), 400, "parameter_invalid"),
            (Request::new("POST", ORDERS).token(&bob), 400, "parameter_invalid"),
        ]
    };
    for protocol in PROTOCOLS {
        let mut connection = Connection::open(&stack, protocol).unwrap();
        let passed_on = calls_passed_on(&stack);
        for (request, status, reason) in by_the_filter() {
            let told = format!("{request:?}");
            let answer = connection.send(request).unwrap();
            assert_eq!(answer.json().unwrap()["reason"], reason, "{protocol:?} {told}");
            assert_problem(&answer, status, reason);
            assert_eq!(answer.header("allow").is_some(), status == 405, "{told}");
        }
        assert_eq!(calls_passed_on(&stack), passed_on, "a refused call has reached the sidecar");
        for (request, status, reason) in by_the_sidecar() {
            let told = format!("{request:?}");
            let answer = connection.send(request).unwrap();
            assert_eq!(answer.json().unwrap()["reason"], reason, "{protocol:?} {told}");
            assert_problem(&answer, status, reason);
        }
        let allowed = connection.send(Request::new("PUT", ORDERS).token(&bob)).unwrap();
        let mut methods: Vec<_> = allowed.header("allow").unwrap().split(", ").collect();
        methods.sort_unstable();
        assert_eq!(methods, ["GET", "HEAD", "POST"]);
    }
    assert_eq!(orders_in_database(&stack), orders);
    assert_sound(&stack);
}
