//! Input that no honest client sends. Nothing of it may reach the sidecar, nor trap a VM: after each of it every worker
//! gives the right answer to a good call.

use std::io::Write;
use std::net::TcpStream;

use serde_json::json;
use spangate_stack::Stack;

use crate::support::{
    Connection, ORDERS, PROTOCOLS, Protocol, Request, assert_no_trap, assert_problem, assert_sound,
    calls_passed_on, connection_to_each_worker, orders_in_database, raw, storefront,
};

/// What the client says on a connection of its own to each worker, and the beginnings of the answers.
fn tell_each_worker(stack: &Stack, bytes: &[u8]) -> Vec<String> {
    // The kernel spreads connections by their ports: so many reach every one of two workers.
    let tell = || raw(stack, bytes).unwrap().lines().next().unwrap_or_default().to_owned();
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..12).map(|_| scope.spawn(tell)).collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    })
}

fn get(target: &str, headers: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n{headers}\r\n").into_bytes()
}

/// The request with `%` replaced by bytes that are no UTF-8.
fn with_odd_bytes(request: &[u8]) -> Vec<u8> {
    request.iter().flat_map(|byte| if *byte == b'%' { vec![0xff, 0xc3, 0x28] } else { vec![*byte] }).collect()
}

#[test]
fn bytes_that_are_no_text() {
    let stack = storefront();
    let alice = stack.token("alice").unwrap();
    let authorization = format!("authorization: {alice}\r\n");
    let refused = [
        get(ORDERS, "authorization: Bearer %\r\n"),
        get(ORDERS, &format!("authorization: {alice}%\r\n")),
        get(ORDERS, "authorization: %\r\n"),
        get("/%", &authorization),
        get("/storefront/v2/customers/%/orders", ""),
        get("/storefront/v2/%/orders", &authorization),
        get("/storefront/%/catalog", &authorization),
        get(&format!("{ORDERS}?limit=%"), &authorization),
        get("", ""),
        get("*", &authorization),
        b"OPTIONS * HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n\r\n".to_vec(),
        b"CONNECT gateway:443 HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n\r\n".to_vec(),
        b"GET / HTTP/1.1\r\nhost: %\r\nconnection: close\r\n\r\n".to_vec(),
        b"GET /storefront/v2/customers/7/orders HTTP/1.1\r\nconnection: close\r\n\r\n".to_vec(),
        b"% / HTTP/1.1\r\nhost: gateway\r\n\r\n".to_vec(),
        b"GET / HTTP/9.9\r\nhost: gateway\r\n\r\n".to_vec(),
        b"\0\0\0\0\r\n\r\n".to_vec(),
        get(ORDERS, &format!("{authorization}x-%: 1\r\n")),
        get(ORDERS, &format!("{authorization}x: a\0b\r\n")),
    ];
    let passed_on = calls_passed_on(&stack);
    for request in refused {
        let told = String::from_utf8_lossy(&request).into_owned();
        for answer in tell_each_worker(&stack, &with_odd_bytes(&request)) {
            let status = answer.split(' ').nth(1).unwrap_or("closed");
            assert!(status.starts_with('4') || status == "closed", "{told}: {answer}");
        }
        assert_no_trap(&stack);
    }
    assert_eq!(calls_passed_on(&stack), passed_on);
    assert_sound(&stack);
}

/// Headers that the operation has no use for harm nothing, whatever they hold.
#[test]
fn odd_headers_of_a_good_call_are_left_behind() {
    let stack = storefront();
    let alice = stack.token("alice").unwrap();
    let odd = b"\xff\xc3\x28\x80";
    for protocol in PROTOCOLS {
        for connection in &mut connection_to_each_worker(&stack, protocol) {
            for name in [
                "x-odd",
                "user-agent",
                "cookie",
                "accept",
                "traceparent",
                "x-request-id",
                "referer",
                "forwarded",
            ] {
                let request = Request::get(&format!("{ORDERS}?limit=1")).token(&alice).header(name, odd);
                let answer = connection.send(request).unwrap();
                assert_eq!(answer.status, 200, "{protocol:?} {name}: {}", answer.text());
                assert_eq!(answer.json().unwrap()["rows"][0]["total"], "15");
            }
            for (name, value) in [
                ("grpc-timeout", "1n"),
                ("grpc-encoding", "gzip"),
                ("grpc-accept-encoding", "gzip"),
                ("content-type", "application/grpc"),
                ("te", "trailers"),
                ("x-envoy-upstream-rq-timeout-ms", "1"),
                ("x-envoy-max-retries", "1000"),
                ("x-envoy-original-path", "/"),
                ("x-forwarded-for", "203.0.113.9, 10.0.0.1"),
                ("x-forwarded-proto", "gopher"),
                ("accept-encoding", "gzip"),
                ("range", "bytes=0-1"),
            ] {
                let request = Request::get(&format!("{ORDERS}?limit=1")).token(&alice).header(name, value);
                let answer = connection.send(request).unwrap();
                assert_eq!(answer.status, 200, "{protocol:?} {name}: {}", answer.text());
                assert_eq!(answer.json().unwrap()["rows"][0]["total"], "15");
            }
        }
    }
    assert_sound(&stack);
}

#[test]
fn giants() {
    let stack = storefront();
    let alice = stack.token("alice").unwrap();
    let nested = |depth: usize| {
        use base64ct::{Base64UrlUnpadded, Encoding};
        let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let header =
            Base64UrlUnpadded::encode_string(format!(r#"{{"alg":"RS256","kid":"x","x":{deep}}}"#).as_bytes());
        format!("Bearer {header}.e30.AAAA")
    };
    let passed_on = calls_passed_on(&stack);
    for protocol in PROTOCOLS {
        for mut connection in connection_to_each_worker(&stack, protocol) {
            for (token, status) in [
                (format!("Bearer {}", "a".repeat(30_000)), 401),
                (format!("Bearer {}.{}.{}", "a".repeat(9000), "b".repeat(9000), "c".repeat(9000)), 401),
                (format!("Bearer {}", ".".repeat(30_000)), 401),
                (nested(50), 401),
                (nested(10_000), 401),
                (format!("Bearer {}", "a".repeat(70_000)), 431),
            ] {
                match connection.send(Request::get(ORDERS).token(&token)) {
                    Ok(answer) => {
                        assert_eq!(answer.status, status, "{protocol:?} {} {}", token.len(), answer.text())
                    }
                    // Over HTTP/2 what exceeds the listener's limit resets the stream or the connection.
                    Err(_) => assert_eq!((protocol, status), (Protocol::Http2, 431), "{} bytes", token.len()),
                }
            }
            let mut many = Request::get(ORDERS).token(&alice);
            for number in 0..200 {
                many = many.header(&format!("x-{number}"), "1");
            }
            if let Ok(answer) = connection.send(many) {
                assert_eq!(answer.status, 431, "{}", answer.text());
            }
            let path = format!("/storefront/v2/{}", "x/".repeat(8000));
            assert_problem(
                &connection.send(Request::get(&path).token(&alice)).unwrap(),
                404,
                "route_not_found",
            );
        }
    }
    assert_eq!(calls_passed_on(&stack), passed_on);

    // Within every limit of Envoy's: one parameter that is long, and very many.
    let mut connection = Connection::open(&stack, Protocol::Http1).unwrap();
    let values = "v".repeat(20_000);
    let answer =
        connection.send(Request::get(&format!("{ORDERS}?limit=1&x={values}")).token(&alice)).unwrap();
    assert_problem(&answer, 400, "parameter_invalid");
    let keys: String = (0..3000).map(|number| format!("&k{number}=1")).collect();
    let answer = connection.send(Request::get(&format!("{ORDERS}?limit=1{keys}")).token(&alice)).unwrap();
    assert_problem(&answer, 400, "parameter_invalid");
    assert_sound(&stack);
}

/// Only the filter speaks to the sidecar.
#[test]
fn forged_metadata_and_direct_calls() {
    let stack = storefront();
    let (alice, bob) = (stack.token("alice").unwrap(), stack.token("bob").unwrap());
    let orders = orders_in_database(&stack);
    // `CancelOrder` as a `spangate.v1.Call` without identity, in base64.
    let forged = "CgtDYW5jZWxPcmRlcg";
    let passed_on = calls_passed_on(&stack);
    for protocol in PROTOCOLS {
        let mut connection = Connection::open(&stack, protocol).unwrap();
        let direct = || Request::post("/spangate.v1.Gateway/Execute", &json!({})).token(&bob);
        for request in [
            direct(),
            direct().header("content-type", "application/grpc").header("te", "trailers"),
            direct().header("spangate-call-bin", forged),
            direct().header("spangate-call-bin", forged).header("spangate-call-bin", forged),
            direct().header("wasm.spangate", "allow list_orders"),
            direct().trailer("spangate-call-bin", forged),
            Request::post("/grpc.health.v1.Health/Check", &json!({})).token(&bob),
            Request::post("/spangate.v1.Gateway/Execute/", &json!({})).token(&bob),
            Request::post("//spangate.v1.Gateway/./Execute", &json!({})).token(&bob),
            Request::post("/storefront/../spangate.v1.Gateway/Execute", &json!({})).token(&bob),
        ] {
            let told = format!("{protocol:?} {request:?}");
            let answer = connection.send(request).unwrap();
            assert_eq!(answer.status, 404, "{told} {}", answer.text());
            assert_problem(&answer, 404, "route_not_found");
        }
    }
    assert_eq!(calls_passed_on(&stack), passed_on);

    // Beside a good call's own metadata a forged one changes nothing.
    for protocol in PROTOCOLS {
        let mut connection = Connection::open(&stack, protocol).unwrap();
        for name in [
            "spangate-call-bin",
            "spangate-status",
            "spangate-header-location",
            "spangate-reason",
            "spangate-x",
        ] {
            let request = Request::get(&format!("{ORDERS}?limit=1")).token(&alice).header(name, forged);
            let answer = connection.send(request).unwrap();
            assert_eq!(answer.status, 200, "{name} {}", answer.text());
            assert_eq!(answer.json().unwrap()["rows"][0]["total"], "15");
            assert!(answer.headers.iter().all(|(header, _)| !header.starts_with("spangate-")));
        }
        let request = Request::get(&format!("{ORDERS}?limit=1"))
            .token(&alice)
            .header("connection", "spangate-call-bin");
        if protocol == Protocol::Http1 {
            let answer = connection.send(request).unwrap();
            assert_eq!(answer.json().unwrap()["rows"][0]["total"], "15", "{}", answer.text());
        }
    }
    let other_spellings = |name: &str| {
        let headers = format!("authorization: {alice}\r\n{name}: {forged}\r\n");
        raw(&stack, &get(&format!("{ORDERS}?limit=1"), &headers)).unwrap()
    };
    for name in ["Spangate-Call-Bin", "SPANGATE-CALL-BIN", "sPANGATE-call-bin"] {
        assert!(other_spellings(name).contains(r#""total":"15""#), "{name}");
    }
    // An underscore might be a dash to whoever comes next: refused as a whole.
    for name in ["spangate_call_bin", "spangate_call-bin", "Spangate_Call_Bin"] {
        assert!(other_spellings(name).starts_with("HTTP/1.1 400"), "{name}");
    }
    assert_eq!(orders_in_database(&stack), orders);
    assert_sound(&stack);
}

#[test]
fn paths_with_two_readings() {
    let stack = storefront();
    let bob = stack.token("bob").unwrap();
    let orders = orders_in_database(&stack);
    let open = "9a3f0f9e-6c1f-4a3e-8a54-0c3a7f5d2b60";
    let passed_on = calls_passed_on(&stack);
    // Refused by Envoy, by the routes, or since a parameter cannot be decoded: each could be read as another path by
    // somebody.
    for (path, status, reason) in [
        ("/storefront/v2%2Fcustomers/7/orders/OPEN", 400, None),
        ("/storefront/v2/customers/7/orders%2fOPEN", 400, None),
        ("/storefront/v2/customers/7/orders%5cOPEN", 400, None),
        ("/storefront/v2/customers/7/orders/%00OPEN", 400, None),
        ("/storefront/v2/customers/7/orders/OPEN%00", 400, None),
        ("/storefront/v2/customers/7/%6frders%00/OPEN", 400, None),
        ("/storefront/v2/customers/7/orders/OPEN/", 404, Some("route_not_found")),
        ("/storefront/v2/customers/7/orders/OPEN;x=1/items", 404, Some("route_not_found")),
        ("/STOREFRONT/v2/customers/7/orders/OPEN", 404, Some("route_not_found")),
        ("/storefront/V2/customers/7/orders/OPEN", 404, Some("route_not_found")),
        ("/storefront/v2/customers/7/orders/x/OPEN", 404, Some("route_not_found")),
        ("/storefront/v2/customers/7/orders/../../..;/orders/OPEN", 404, Some("route_not_found")),
        ("/storefront/v2/customers/%ff/orders/OPEN", 400, Some("parameter_invalid")),
        ("/storefront/v2/customers/%zz/orders/OPEN", 400, Some("parameter_invalid")),
    ] {
        let path = path.replace("OPEN", open);
        for protocol in PROTOCOLS {
            let mut connection = Connection::open(&stack, protocol).unwrap();
            let answer = connection.send(Request::new("DELETE", &path).token(&bob)).unwrap();
            match reason {
                Some(reason) => assert_problem(&answer, status, reason),
                None => assert_eq!(answer.status, status, "{protocol:?} {path} {}", answer.text()),
            }
        }
    }
    assert_eq!(calls_passed_on(&stack), passed_on, "a path with two readings was taken in one of them");
    assert_eq!(orders_in_database(&stack), orders);

    // One reading, and the same for filter and sidecar.
    for path in [
        "/storefront//v2/customers/7///orders?limit=1",
        "/storefront/./v2/customers/7/./orders?limit=1",
        "/storefront/v2/customers/8/../7/orders?limit=1",
        "/storefront/v2/customers/%37/orders?limit=1",
        "/storefront/v2/customers/7/%6frders?limit=1",
        "/storefront/v2/customers/7/orders?l%69mit=%31",
    ] {
        for protocol in PROTOCOLS {
            let mut connection = Connection::open(&stack, protocol).unwrap();
            let answer = connection.send(Request::get(path).token(&bob)).unwrap();
            assert_eq!(answer.status, 200, "{protocol:?} {path} {}", answer.text());
            let rows = answer.json().unwrap()["rows"].clone();
            assert_eq!(
                (rows[0]["total"].as_str(), rows.as_array().unwrap().len()),
                (Some("15"), 1),
                "{path}"
            );
        }
    }
    // A parameter is decoded once: this is the order `%2E%2E`, which there is not.
    let mut connection = Connection::open(&stack, Protocol::Http2).unwrap();
    let answer = connection.send(Request::get(&format!("{ORDERS}/%252E%252E")).token(&bob)).unwrap();
    assert_problem(&answer, 404, "not_found");
    assert_sound(&stack);
}

/// What one part reads once and another twice: the bound that the policy checks holds for what is run.
#[test]
fn repeated_parameters() {
    let stack = storefront();
    let alice = stack.token("alice").unwrap();
    for protocol in PROTOCOLS {
        let mut connection = Connection::open(&stack, protocol).unwrap();
        for (query, status, reason) in [
            ("limit=1&limit=5000", 403, "condition_error"),
            ("limit=5000&limit=1", 403, "condition_error"),
            ("limit=1&l%69mit=5000", 403, "condition_error"),
            ("limit=1&limit", 403, "condition_error"),
            ("limit=5000", 400, "page_too_large"),
            ("l%69mit=5000", 400, "page_too_large"),
            ("limit=%35%30%30%30", 400, "page_too_large"),
        ] {
            let answer = connection.send(Request::get(&format!("{ORDERS}?{query}")).token(&alice)).unwrap();
            assert_problem(&answer, status, reason);
        }
        for body in [r#"{"total":"1","total":"2"}"#, r#"{"total":"1","note":"a","not\u0065":"b"}"#] {
            let bob = stack.token("bob").unwrap();
            let request = Request::text(ORDERS, body).token(&bob);
            let orders = orders_in_database(&stack);
            assert_problem(&connection.send(request).unwrap(), 400, "parameter_invalid");
            assert_eq!(orders_in_database(&stack), orders);
        }
    }
    assert_sound(&stack);
}

#[test]
fn trailers_and_clients_that_leave() {
    let stack = storefront();
    let (alice, bob) = (stack.token("alice").unwrap(), stack.token("bob").unwrap());
    for protocol in PROTOCOLS {
        for connection in &mut connection_to_each_worker(&stack, protocol) {
            let order = Request::post(ORDERS, &json!({"total": "3", "note": "with trailers"})).token(&bob);
            let request = order.trailer("x-odd", "1").trailer("spangate-call-bin", "CgtDYW5jZWxPcmRlcg");
            let answer = connection.send(request).unwrap();
            assert_eq!(answer.status, 201, "{protocol:?} {}", answer.text());
            let read = Request::get(answer.header("location").unwrap()).token(&bob);
            assert_eq!(connection.send(read).unwrap().json().unwrap()["note"], "with trailers");
            let refused = Request::post(ORDERS, &json!({})).token(&alice).trailer("grpc-status", "0");
            assert_problem(&connection.send(refused).unwrap(), 403, "role_missing");
        }
    }
    // Gone before the answer, in the middle of the headers, in the middle of a body: nothing was ordered.
    let orders = orders_in_database(&stack);
    let head = format!("POST {ORDERS} HTTP/1.1\r\nhost: gateway\r\nauthorization: {bob}\r\n");
    for _ in 0..20 {
        for cut in [
            head.clone(),
            format!("{head}content-length: 1000\r\n\r\n{{\"total\":\"1\""),
            format!("{head}transfer-encoding: chunked\r\n\r\n5\r\n{{\"tot\r\n"),
        ] {
            let mut stream = TcpStream::connect(("127.0.0.1", stack.options().ports.gateway)).unwrap();
            stream.write_all(cut.as_bytes()).unwrap();
        }
    }
    // One request in another's body, by two lengths that disagree (RFC 9112, section 6.3).
    for framing in [
        "content-length: 5\r\ncontent-length: 6\r\n",
        "content-length: 5\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked, identity\r\n",
        "transfer-encoding:\x0bchunked\r\n",
        "content-length: +5\r\n",
    ] {
        let smuggled =
            format!("{head}{framing}\r\n0\r\n\r\nGET /storefront/v2/catalog HTTP/1.1\r\nhost: g\r\n\r\n");
        let answer = raw(&stack, smuggled.as_bytes()).unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.1 501"),
            "{framing}: {answer}"
        );
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{framing}: {answer}");
    }
    assert_sound(&stack);
    assert_eq!(orders_in_database(&stack), orders);
}
