//! What the stories share: a client that speaks both protocols, odd tokens, and what Envoy counts.

mod client;
mod flood;
mod module;
mod problem;
mod request;
mod spanner;
mod stack;
mod token;
mod upstream;
mod workers;

pub use client::{Connection, PROTOCOLS, Protocol, raw};
pub use flood::Flood;
pub use module::{OnRequest, module};
pub use problem::{assert_problem, documented};
pub use request::{Frames, Request};
pub use spanner::Spanner;
pub use stack::{
    ORDERS, assert_no_trap, calls_passed_on, eventually, metrics, operations_with, orders_in_database,
    policy_with, statistics, storefront, traps,
};
pub use token::{Token, forge};
pub use upstream::Upstream;
pub use workers::{assert_sound, connection_to_each_worker};
