//! Stories of whole calls: real Envoy, the filter, the spanner-sidecar, Spanner's emulator and an issuer, over
//! HTTP/1.1 and HTTP/2. One module a theme; each test has a stack of its own on free ports.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test did not expect fails it"
)]

mod answers;
mod before_the_filter;
mod calls;
mod cel;
mod checks;
mod failures;
mod hostile;
mod jwt_authn;
mod keys;
mod limits;
mod oidc;
mod openapi;
mod outbound;
mod policy_updates;
mod reasons;
mod refusals;
mod same_everywhere;
mod steps;
mod support;
mod without_filter;
