//! What talks to Spanner: connections, bounds on every call, and the meaning of its errors. The one place that
//! knows the client library.

mod access;
pub mod bounds;
mod connection;
mod database;
mod directed;
mod failure;
mod plan;
mod read;
mod statement;
mod tag;
mod value;
mod write;

pub use access::Access;
pub use database::{Database, Site};
pub use plan::{Plan, Round, answers};
pub use read::{Query, Rows, read};
pub use tag::tag;
pub use write::{Order, Repeat, Returned, Stamp, Written, unknown, write};

use std::time::Duration;

use google_cloud_gax::exponential_backoff::{ExponentialBackoff, ExponentialBackoffBuilder};
use google_cloud_gax::retry_policy::{RetryPolicy, RetryPolicyExt};
use google_cloud_spanner::retry_policy::SpannerRetryPolicy;
use tokio::time::Instant;

/// Unbounded, the client would retry UNAVAILABLE for ever.
const ATTEMPTS: u32 = 4;

fn remaining(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
}

fn retry_policy(deadline: Instant) -> impl RetryPolicy {
    SpannerRetryPolicy::new().with_attempt_limit(ATTEMPTS).with_time_limit(remaining(deadline))
}

fn backoff_policy() -> ExponentialBackoff {
    ExponentialBackoffBuilder::new()
        .with_initial_delay(Duration::from_millis(25))
        .with_maximum_delay(Duration::from_secs(1))
        .with_scaling(2.0)
        .clamp()
}
