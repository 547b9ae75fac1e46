//! Rate limits that hold over any number of workers: in every interval T at most `burst + rate·T` calls are
//! admitted. Pure state machines, `(state, now) → (state, outcome)`: no clock, no memory shared, no host.
//!
//! A [`Cell`] is the account of one key. A worker takes a block of permits from it into a [`Lease`] and spends
//! those alone, so that shared memory is touched once a block and not once a call. What makes this exact: a
//! permit leaves the cell before a worker has it, permits that are out count as unspent burst (refill stops at
//! `burst − outstanding`), and a lease dies before the cell stops counting it.
//!
//! A [`slot`] holds many cells in one bounded byte string, for a host whose shared memory is a map of strings
//! with compare-and-swap. The loop of a host:
//!
//! ```
//! use spangate_limits::{Key, Lease, Limit, Outcome, slot};
//!
//! let limit = Limit::new(100, 60_000_000_000, Some(20)).unwrap();
//! let key = Key::digest(b"steps[3]", &[b"issuer", b"alice"]);
//! let (mut lease, mut shared, now) = (Lease::default(), None::<Vec<u8>>, 5_000_000_000);
//!
//! let mut admitted = 0;
//! for _ in 0..25 {
//!     if lease.spend(now, 1) {
//!         admitted += 1;
//!         continue;
//!     }
//!     let take = lease.ask(&limit, now, 1, 4);
//!     // A host reads the slot, and repeats from here when its compare-and-swap finds that it has changed.
//!     let (changed, outcome) = slot::take(shared.as_deref(), &key, &limit, now, &take).unwrap();
//!     if let Some(bytes) = changed {
//!         shared = Some(bytes);
//!     }
//!     lease.accept(now, &take, &outcome);
//!     if let Outcome::Granted(_) = outcome {
//!         admitted += 1;
//!     }
//! }
//! assert_eq!(admitted, 20);
//! ```
//!
//! A call that may turn out not to count draws a [`Hold`], which a lease takes back. [`window`] counts against the
//! calendar, [`concurrency`] counts calls that are in flight.
//!
//! Instants are nanoseconds of one clock that all workers of a process share, best a monotonic one. A clock
//! that steps back adds nothing; by up to [`CLOCK_MARGIN`] it breaks nothing either.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod cell;
pub mod concurrency;
mod fields;
mod key;
mod lease;
mod limit;
#[cfg(test)]
mod simulator;
pub mod slot;
pub mod window;

pub use cell::{Cell, Grant, Outcome, Refusal, Returned, Standing, Take};
pub use concurrency::Entry;
pub use fields::{quota, quota_policy, rate_limit, rate_limit_policy, retry_after};
pub use key::Key;
pub use lease::{Hold, Lease};
pub use limit::{Limit, LimitFault};
pub use window::{Period, QuotaFault, QuotaLimit, QuotaOutcome, Usage};

/// Leases live for between one and two of these, less the margin: permits out are counted by the period in
/// which they were granted, so that two counters a cell are enough to expire each in its time.
pub const LEASE_PERIOD: u64 = 1_000_000_000;

/// So much earlier than its cell a lease believes itself expired, and so far the clock may step back unharmed.
pub const CLOCK_MARGIN: u64 = 100_000_000;
