//! The policy: a document becomes a compiled [`Policy`], and a call becomes a [`Decision`]. Pure: no I/O, no
//! clock, no randomness, no proxy; time, counters, keys and signature checks come in through small traits, so
//! that Envoy, the command line and a browser decide alike.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod compile;
#[cfg_attr(
    not(test),
    expect(
        clippy::arithmetic_side_effects,
        reason = "CEL's own arithmetic is checked; the rest is on bounded lengths and times"
    )
)]
pub mod condition;
mod contract;
pub mod cors;
mod decide;
pub mod document;
mod effective;
pub mod facts;
mod policy;
pub mod problem;
pub mod reason;
mod review;
pub mod route;
#[cfg(feature = "schema")]
mod schema;
mod step;
pub mod token;
pub mod validate;

pub use compile::load;
pub use contract::{Contract, Credential, Refused as MayRefuse};
pub use decide::{
    Caller, Decision, Forwarded, HeaderEdit, Host, KeysSince, Need, Place, Progress, Refused, TraceEntry,
    Verdict,
};
pub use effective::{EffectiveStep, Origin};
pub use policy::{Api, Operation, Policy, Role, Target, Version, WideLimit};
pub use review::check;
#[cfg(feature = "schema")]
pub use schema::schema;
pub use step::{Cache, Concurrency, Placed, Quota, RateLimit, Step, StepId, Tier};
