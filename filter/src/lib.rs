//! The filter: a proxy-wasm module that decides every call in Envoy and sends what it allows to the
//! spanner-sidecar, or to the upstream that the policy names. What is decided is `spangate-policy`'s; here facts go
//! in and effects come out. It knows no SQL, holds no secret, and believes no header that claims who is calling.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod call;
mod configuration;
mod contexts;
mod counters;
mod effects;
mod facts;
mod framing;
mod gateway;
mod headers;
// Tests have a host of their own.
#[cfg_attr(test, path = "host/simulated.rs")]
mod host;
mod keys;
mod permits;
mod places;
mod shared;
