//! Calls decided without a gateway. A call is described as data, the policy engine decides it on a simulated
//! host, and what became of it is data again: for tests of policies, for explaining one call, for a page in a
//! browser. Pure: files, clocks and terminals are its callers' business.

mod batch;
mod call;
mod coverage;
mod excerpt;
mod expectation;
mod host;
mod instant;
mod keys;
mod outcome;
mod request;
mod simulation;
mod suite;
mod token;

pub use batch::Batch;
pub use call::{Answered, Body, Call, Credential, CredentialPlace};
pub use coverage::{Coverage, Covered};
pub use excerpt::Excerpt;
pub use host::SimulatedHost;
pub use keys::{SealCheck, key_set, public_jwk};
pub use outcome::{Headers, Outcome, Passage, Passed, Shadowed, Verdict};
pub use request::Request;
pub use simulation::{Simulation, UnderWay};
pub use suite::{Failure, Files, Suite, Test, TestResult};
pub use token::{Token, Tokens};
