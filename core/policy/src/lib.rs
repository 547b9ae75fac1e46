//! The policy: a document becomes a compiled [`policy`](crate), and a call becomes a decision. Pure: no I/O, no
//! clock, no randomness, no proxy; time, counters, keys and signature checks come in through small traits, so
//! that Envoy, the command line and a browser decide alike.

pub mod condition;
pub mod facts;
pub mod problem;
pub mod reason;
pub mod route;
pub mod token;
