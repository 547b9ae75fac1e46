//! What decisions cost, in nanoseconds and allocations: routes among few and many, conditions one by one and
//! together, and a whole call. `cargo bench -p spangate-policy`; DESIGN.md says what Envoy's own filters take.

#![allow(clippy::unwrap_used, reason = "what a benchmark did not expect ends it")]

mod call;
mod conditions;
mod host;
mod routes;
mod whole;

#[global_allocator]
static ALLOCATIONS: divan::AllocProfiler = divan::AllocProfiler::system();

fn main() {
    divan::main();
}
