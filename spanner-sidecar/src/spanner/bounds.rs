//! Bounds on what is asked of Spanner outside of calls, which have deadlines of their own. Without any the client asks
//! an unavailable Spanner again for ever, and waits without end for one that is silent.

use std::time::Duration;

use google_cloud_gax::options::RequestOptions;
use google_cloud_gax::retry_policy::{RetryPolicy, RetryPolicyExt};
use google_cloud_spanner::retry_policy::SpannerRetryPolicy;
use google_cloud_spanner::statement::{Statement, StatementBuilder};

use super::{ATTEMPTS, backoff_policy};

/// For the making of a session. The client keeps them for its own later renewals.
pub fn session(limit: Duration) -> RequestOptions {
    let mut options = RequestOptions::default();
    options.set_attempt_timeout(limit);
    options.set_retry_policy(retries(limit));
    options.set_backoff_policy(backoff_policy());
    options
}

/// A statement of which each try takes no longer than this, nor all of them together.
pub fn statement(sql: impl Into<String>, limit: Duration) -> StatementBuilder {
    Statement::builder(sql)
        .with_attempt_timeout(limit)
        .with_retry_policy(retries(limit))
        .with_backoff_policy(backoff_policy())
}

pub fn retries(limit: Duration) -> impl RetryPolicy {
    SpannerRetryPolicy::new().with_attempt_limit(ATTEMPTS).with_time_limit(limit)
}
