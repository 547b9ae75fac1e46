//! Tests of the tests: with a filter that lets everything pass, or a sidecar that answers a constant, the demo's check
//! finds every call whose answer is then not what it should be.

use std::collections::BTreeSet;
use std::convert::Infallible;

use http_body_util::BodyExt;
use hyper::body::{Bytes, Frame, Incoming};
use hyper::{HeaderMap, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;
use spangate_stack::calls::{Calls, check};
use spangate_stack::{Options, Part, Stack};
use tokio::net::UnixListener;

use crate::support::{Frames, policy_with, storefront};

/// Names of the calls whose answer differs.
fn differing(stack: &Stack) -> BTreeSet<String> {
    let calls = Calls::storefront().unwrap();
    let checked = check(stack, &calls).unwrap();
    let differing = checked.into_iter().filter(|checked| checked.difference.is_some());
    differing.map(|checked| checked.call.name.clone()).collect()
}

/// Names of the sample's calls that `which` picks by the status to expect.
fn expecting(which: impl Fn(u64) -> bool) -> BTreeSet<String> {
    let calls = Calls::storefront().unwrap().0;
    calls.into_iter().filter(|call| which(call.expect.status)).map(|call| call.name).collect()
}

#[test]
fn the_check_passes_with_everything_in_place() {
    assert_eq!(differing(&storefront()), BTreeSet::new());
}

#[test]
fn a_filter_that_lets_everything_pass_is_found() {
    let lenient = policy_with(|policy| {
        for role in policy["roles"].as_object_mut().unwrap().values_mut() {
            *role = "true".into();
        }
        let api = &mut policy["apis"]["storefront"];
        for operation in api["operations"].as_object_mut().unwrap().values_mut() {
            let operation = operation.as_object_mut().unwrap();
            operation.remove("steps");
            operation.remove("versions");
            operation.remove("roles");
            operation.insert("public".to_owned(), true.into());
        }
        let operation = json!({"route": "GET /{rest=**}", "public": true, "call": "ListProducts"});
        api["operations"]["anything"] = operation;
    });
    let stack = Stack::start(Options::storefront().unwrap().policy(lenient)).unwrap();
    let found = differing(&stack);
    // Every refusal of the filter's; what the sidecar refuses by itself is still refused.
    for name in expecting(|status| [401, 403, 405, 429].contains(&status)) {
        assert!(found.contains(&name), "`{name}` was not found: {found:#?}");
    }
}

#[test]
fn a_sidecar_that_answers_a_constant_is_found() {
    let mut stack = Stack::prepare(Options::storefront().unwrap()).unwrap();
    stack.start_part(Part::Emulator).unwrap();
    stack.start_part(Part::Issuer).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let socket = stack.directory().join("run/sidecar.sock");
    let listener = runtime.block_on(async { UnixListener::bind(socket).unwrap() });
    runtime.spawn(serve(listener));
    stack.start_part(Part::Policy).unwrap();
    stack.start_part(Part::Envoy).unwrap();

    let found = differing(&stack);
    // Whatever comes from the sidecar is found, and what the filter refuses is as it should be. (A series of calls ends
    // at the first that differs, so that the limit is not reached.)
    assert!(expecting(|status| status < 400).is_subset(&found), "{found:#?}");
    assert!(expecting(|status| [400, 401, 403, 405].contains(&status)).is_disjoint(&found), "{found:#?}");
}

/// Healthy, and to every call the same: 200 and a list of one.
async fn serve(listener: UnixListener) {
    while let Ok((stream, _)) = listener.accept().await {
        let service = hyper::service::service_fn(answer);
        let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        tokio::spawn(connection.serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(request: hyper::Request<Incoming>) -> Result<Response<Frames>, Infallible> {
    let path = request.uri().path().to_owned();
    let _ = request.into_body().collect().await;
    let (status, message) = if path == "/grpc.health.v1.Health/Check" {
        // HealthCheckResponse{status: SERVING}
        (None, vec![0x08, 1])
    } else {
        // google.api.HttpBody{data}
        let body = br#"{"rows":[{"order_id":"1b671a64-40d5-491e-99b0-da01ff1f3341"}]}"#;
        (Some("200"), [&[0x12, body.len() as u8], &body[..]].concat())
    };
    let framed = [&[0, 0, 0, 0, message.len() as u8], &message[..]].concat();
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", "0".parse().unwrap());
    let mut response = Response::builder().header("content-type", "application/grpc");
    if let Some(status) = status {
        response =
            response.header("spangate-status", status).header("spangate-content-type", "application/json");
    }
    Ok(response.body(Frames::of([Frame::data(Bytes::from(framed)), Frame::trailers(trailers)])).unwrap())
}
