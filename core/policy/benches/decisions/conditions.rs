//! Five conditions as policies have them, each and all; twenty comparisons, as in the figure for Envoy's RBAC.

use divan::{Bencher, black_box};
use spangate_policy::condition::{Condition, Conditions, Scope};

use crate::call::PlainCall;

const HEADER: &str = r#""x-tier" in request.headers && request.headers["x-tier"] == "gold""#;
const NETWORKS: &str = r#"[cidr("10.0.0.0/8"), cidr("192.168.0.0/16"), cidr("203.0.113.0/24"), cidr("2001:db8::/32")]
    .exists(network, network.containsIP(source.ip))"#;
const ROLES: &str = r#""Storefront.Read" in auth.roles"#;
const PATTERN: &str = r#"request.path.matches("^/storefront/v[0-9]+/customers/[0-9]+/orders$")"#;
const FIGURES: &str =
    r#"has(request.query.limit) && int(request.query.limit) <= 1000 && request.time.getHours() >= 6"#;

fn compile(source: &str) -> Condition {
    Condition::compile(source, Scope::Request, &Conditions::default()).unwrap()
}

#[divan::bench(args = [("header", HEADER), ("networks", NETWORKS), ("roles", ROLES), ("pattern", PATTERN), ("figures", FIGURES)])]
fn one(bencher: Bencher, (_, source): (&str, &str)) {
    let (condition, call) = (compile(source), PlainCall::default());
    assert_eq!(condition.evaluate(&call), Ok(true));
    bencher.bench_local(|| black_box(&condition).evaluate(black_box(&call)));
}

#[divan::bench]
fn a_header_compared(bencher: Bencher) {
    let (condition, call) = (compile(r#"request.headers["x-tier"] == "gold""#), PlainCall::default());
    bencher.bench_local(|| black_box(&condition).evaluate(black_box(&call)));
}

#[divan::bench]
fn all_five(bencher: Bencher) {
    let conditions = [HEADER, NETWORKS, ROLES, PATTERN, FIGURES].map(compile);
    let call = PlainCall::default();
    bencher.bench_local(|| {
        black_box(&conditions).iter().all(|condition| condition.evaluate(black_box(&call)) == Ok(true))
    });
}

#[divan::bench]
fn twenty_headers_compared(bencher: Bencher) {
    let condition = |number: usize| compile(&format!(r#"request.headers["x-tier"] == "tier-{number}""#));
    let conditions: Vec<_> = (0..20).map(condition).collect();
    let call = PlainCall::default();
    bencher.bench_local(|| {
        black_box(&conditions).iter().all(|condition| condition.evaluate(black_box(&call)) == Ok(false))
    });
}

#[divan::bench]
fn compiled(bencher: Bencher) {
    bencher.bench_local(|| [HEADER, NETWORKS, ROLES, PATTERN, FIGURES].map(compile));
}
