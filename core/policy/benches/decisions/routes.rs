//! A path found among few operations and among many.

use divan::{Bencher, black_box};
use spangate_policy::route::{Candidate, Router, RouterBuilder, Template, VersionWanted};

/// Four resources below each API's prefix.
pub const ROUTES: [&str; 4] = [
    "GET /customers/{customer_id}/orders",
    "GET /customers/{customer_id}/orders/{order_id}",
    "POST /customers/{customer_id}/orders",
    "GET /reports/{rest=**}",
];

fn router(operations: usize) -> Router {
    let mut router = RouterBuilder::default();
    for (operation, route) in ROUTES.iter().cycle().take(operations).enumerate() {
        let api = operation / ROUTES.len();
        let template = Template::parse(route).unwrap();
        let method = template.method.clone();
        let candidate = Candidate { host: None, method, api, version: None, operation };
        router.insert(&format!("/api-{api}"), &template, candidate).unwrap();
    }
    router.finish()
}

#[divan::bench(args = [10, 1_000, 10_000])]
fn found_among(bencher: Bencher, operations: usize) {
    let router = router(operations);
    let path = format!("/api-{}/customers/7/orders", operations / ROUTES.len() / 2);
    bencher.bench_local(|| {
        router
            .find("shop.example.com", black_box("GET"), black_box(&path), |_| VersionWanted::Any)
            .unwrap()
            .candidate
            .operation
    });
}
