//! A whole call: routed, authenticated by a token that is known, its role held, two conditions, a rate limit.

use base64ct::{Base64UrlUnpadded, Encoding};
use divan::{Bencher, black_box};
use serde_json::{Value, json};
use spangate_document::from_json;
use spangate_policy::token::KeySet;
use spangate_policy::{Decision, Policy, Progress, load};

use crate::call::{NOW, PlainCall};
use crate::host::MemoryHost;
use crate::routes::ROUTES;

const HEADER: &str = r#""x-block" in request.headers && request.headers["x-block"] == "yes""#;
const LIMIT: &str = "has(request.query.limit) && int(request.query.limit) > 1000";

fn policy(operations: usize) -> Policy {
    let apis = operations / ROUTES.len() + 1;
    let api = |number: usize| {
        let operation = |(index, route): (usize, &&str)| {
            let steps = json!([{"deny": {"when": LIMIT, "status": 400, "reason": "page_too_large"}}]);
            let operation = json!({"route": route, "roles": ["reader"], "call": "Call", "steps": steps});
            (format!("operation_{index}"), operation)
        };
        let operations: serde_json::Map<_, _> = ROUTES.iter().enumerate().map(operation).collect();
        (format!("api_{number}"), json!({"path": format!("/api-{number}"), "operations": operations}))
    };
    let document = json!({
        "apiVersion": "spangate/v1",
        "name": "bench",
        "issuers": {"dev": {"issuer": "https://dev.example", "audiences": ["shop"], "keys": keys()}},
        "roles": {"reader": r#""Storefront.Read" in auth.roles"#},
        "steps": [
            {"authenticate": ["dev"]},
            {"deny": {"when": HEADER, "reason": "blocked"}},
            {"rate_limit": {"key": "auth.subject", "rate": "1000000000/1m", "burst": 1_000_000_000}},
        ],
        "apis": (0..apis).map(api).collect::<serde_json::Map<_, _>>(),
    });
    load(&from_json(&document.to_string()).unwrap()).unwrap()
}

fn keys() -> Value {
    let modulus = Base64UrlUnpadded::encode_string(&[0xc3; 256]);
    json!({"keys": [{"kty": "RSA", "n": modulus, "e": "AQAB", "kid": "k"}]})
}

fn token() -> String {
    let claims = json!({
        "iss": "https://dev.example",
        "aud": "shop",
        "sub": "alice",
        "roles": ["Storefront.Browse", "Storefront.Write", "Storefront.Read"],
        "exp": NOW + 600,
    });
    [json!({"alg": "RS256", "kid": "k"}).to_string(), claims.to_string(), "x".repeat(256)]
        .map(|part| Base64UrlUnpadded::encode_string(part.as_bytes()))
        .join(".")
}

#[divan::bench(args = [10, 1_000, 10_000])]
fn decided_among(bencher: Bencher, operations: usize) {
    let policy = policy(operations);
    let mut call = PlainCall {
        path: format!("/api-{}/customers/7/orders", operations / ROUTES.len() / 2),
        ..PlainCall::default()
    };
    call.headers.push(("authorization".to_owned(), format!("Bearer {}", token())));
    let mut host = MemoryHost::new(KeySet::from_value(&keys()).unwrap());
    let mut decide = || {
        let mut progress = Progress::default();
        let decision = policy.decide(&mut progress, black_box(&call), &mut host);
        policy.finish(&mut progress, &mut host);
        decision
    };
    assert_eq!(decide(), Decision::Allow);
    bencher.bench_local(decide);
}

#[divan::bench(args = [10, 1_000])]
fn compiled(bencher: Bencher, operations: usize) {
    bencher.bench_local(|| policy(operations));
}
