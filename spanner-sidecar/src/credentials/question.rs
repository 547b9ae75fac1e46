//! What Spanner says to credentials, asked by a session in a database that the sidecar reaches anyway. A token that a
//! key signs by itself says nothing of the key: only Spanner knows that it is disabled, unknown or another account's.

use std::time::Duration;

use google_cloud_auth::credentials::Credentials as Current;
use google_cloud_spanner::Error;
use google_cloud_spanner::channel_pool::StaticChannelPoolConfig;
use google_cloud_spanner::client::{Spanner, SpannerBuilderExt};
use tokio::time::timeout;
use tonic::Code;

use super::Credentials;
use crate::spanner::bounds;

/// Longest that Spanner is waited for.
const ANSWER: Duration = Duration::from_secs(10);

/// A database, and the role under which it is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub database: String,
    pub role: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Spanner knows who is asking, whatever else it says.
    Known,
    /// It knows them, and they may not.
    Denied,
    Refused,
    /// Nothing of this has been found out.
    None,
}

pub async fn ask(endpoint: Option<&str>, place: &Place, current: Current) -> Answer {
    match timeout(ANSWER, session(endpoint, place, current)).await {
        Ok(Ok(())) => Answer::Known,
        Ok(Err(Some(error))) => of(&error),
        Ok(Err(None)) | Err(_) => Answer::None,
    }
}

/// An error is none where it did not even come to asking.
async fn session(endpoint: Option<&str>, place: &Place, current: Current) -> Result<(), Option<Error>> {
    // Not the bare credentials: those can end whoever asks them by a panic.
    let asking = Credentials::holding(current).client();
    let builder =
        Spanner::builder().with_credentials(asking).with_channel_pool(StaticChannelPoolConfig::new(1));
    let builder = match endpoint {
        Some(endpoint) => builder.with_endpoint(endpoint),
        None => builder,
    };
    let spanner = builder.build().await.map_err(|_| None)?;
    let Place { database, role } = place;
    let client = spanner.database_client(database).with_request_options(bounds::session(ANSWER));
    let client = match role {
        Some(role) => client.with_database_role(role),
        None => client,
    };
    client.build().await.map(|_| ()).map_err(Some)
}

fn of(error: &Error) -> Answer {
    // By way of the number: the client's enum may grow, gRPC's codes do not.
    match error.status().map(|status| Code::from_i32(status.code as i32)) {
        Some(Code::Unauthenticated) => Answer::Refused,
        Some(Code::PermissionDenied) => Answer::Denied,
        // These come from before Spanner, too, where nobody has looked at who is asking.
        Some(
            Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Unknown | Code::Internal,
        )
        | None => Answer::None,
        Some(
            Code::Ok
            | Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::ResourceExhausted
            | Code::FailedPrecondition
            | Code::Aborted
            | Code::OutOfRange
            | Code::Unimplemented
            | Code::DataLoss,
        ) => Answer::Known,
    }
}
