//! Documents as authors write them: text becomes a tree of [`Node`]s that know where they stand, and what
//! reads the tree collects every fault as a [`Diagnostic`] instead of stopping at the first. Knows nothing of
//! policies or operations.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod diagnostic;
mod encoding;
mod fields;
mod json;
mod node;
#[cfg(feature = "schema")]
pub mod schema;
mod units;
#[cfg(feature = "yaml")]
mod yaml;

pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use encoding::decode;
pub use fields::{Fields, Path, hint, suggestion};
pub use json::from_json;
pub use node::{Key, Node, Span, Value};
pub use units::{Duration, Quota, QuotaPeriod, Rate, parse_duration, parse_quota, parse_rate, parse_size};
#[cfg(feature = "yaml")]
pub use yaml::{from_yaml, read_yaml, to_yaml};

/// Deepest nesting of lists and maps that a document may have.
pub const MAX_DEPTH: usize = 64;

/// Most nodes that a document may have once its aliases stand for what they name.
pub const MAX_NODES: usize = 500_000;

/// Largest document that is read, in bytes.
pub const MAX_BYTES: usize = 16 * 1024 * 1024;
