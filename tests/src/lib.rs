//! Starts the real thing: Spanner's emulator, a development issuer, the spanner-sidecar, `spangate envoy --watch` and
//! Envoy with the shipped `envoy.yaml`, for `cargo xtask demo`, for the benchmarks and for the scenarios beside this
//! crate; and a certified OpenID provider where a story wants one. Knows how each part is started, when it is ready and
//! how it is stopped; what the parts do is theirs.
//!
//! ```no_run
//! use spangate_stack::{Options, Stack, http};
//!
//! let stack = Stack::start(Options::storefront()?)?;
//! let alice = stack.token("alice")?;
//! let answer = http::get(&stack.url("/storefront/v2/customers/1/orders"), &[("authorization", &alice)])?;
//! assert_eq!(answer.status, 200);
//! # anyhow::Ok(())
//! ```

pub mod calls;
#[cfg(test)]
mod compose;
mod emulator;
pub mod envoy;
pub mod envoy_config;
pub mod http;
mod oidc;
mod options;
mod part;
mod ports;
mod process;
mod programs;
mod schemathesis;
mod stack;

pub use oidc::{Fetches, OidcProvider};
pub use options::{Document, Documents, Options, Spanner};
pub use part::Part;
pub use ports::Ports;
pub use process::Process;
pub use programs::{EMULATOR_IMAGE, ENVOY_VERSION, Emulator, Programs, dist, root, target};
pub use schemathesis::Schemathesis;
pub use stack::{Stack, development_issuer};

/// Reads a YAML document as JSON; a fault is told with the file's name and place.
pub fn read_yaml(path: &std::path::Path) -> anyhow::Result<serde_json::Value> {
    use anyhow::Context;
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    match spangate_document::from_yaml(&text) {
        Ok(node) => Ok(node.to_json()),
        Err(fault) => anyhow::bail!("{}: {fault}", path.display()),
    }
}
