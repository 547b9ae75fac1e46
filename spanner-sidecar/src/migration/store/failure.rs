//! Why nothing was written.

use std::fmt;

use google_cloud_spanner::Error;

use super::lock::Locked;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Somebody else migrates.
    Held(Locked),
    /// The lease ran out, and this one has it now.
    Lost(Option<String>),
    /// A statement of DML was refused.
    Statement {
        index: usize,
        message: String,
    },
    Other(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held(Locked { owner, left }) => {
                write!(
                    f,
                    "`{owner}` is migrating; its lease runs out in {} s unless it is renewed",
                    left.as_secs() + 1
                )
            }
            Self::Lost(Some(owner)) => write!(f, "the lease ran out and was taken over by `{owner}`"),
            Self::Lost(None) => f.write_str("the lease ran out and was given up"),
            Self::Statement { message, .. } | Self::Other(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Failure {}

pub const LATE: &str = "the database did not answer in time";

/// What Spanner says, for the one who wrote the statement.
pub fn message(error: &Error) -> String {
    if error.is_timeout() {
        return LATE.to_owned();
    }
    error.status().map_or_else(|| error.to_string(), |status| status.message.clone())
}
