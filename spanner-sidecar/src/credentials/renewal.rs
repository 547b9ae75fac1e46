//! Keeps credentials good: a file that has changed is read again, credentials that failed are made anew, since some
//! never recover by themselves. New ones take over only once they have given a token; until then, and if they never
//! do, the old ones stay.

use std::time::Duration;

use google_cloud_auth::credentials::Credentials as Current;
use http::Extensions;
use tokio::time::{Instant, sleep_until, timeout};

use super::{Credentials, Source, asked};
use crate::watched::Watched;

/// Longest wait for a first token.
const TRIAL: Duration = Duration::from_secs(20);
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

pub async fn keep(source: Source, credentials: Credentials) {
    let mut watched = Watched::new(source.file().cloned());
    let mut pause = FIRST_PAUSE;
    let mut due: Option<Instant> = None;
    loop {
        tokio::select! {
            () = watched.changed() => {
                tracing::info!(event = "credentials_changed");
                pause = FIRST_PAUSE;
                due = Some(Instant::now());
            }
            () = credentials.failed(), if due.is_none() => due = Some(Instant::now() + pause),
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => match trial(&source).await {
                Ok(renewed) => {
                    credentials.replace(renewed);
                    tracing::info!(event = "credentials_renewed");
                    pause = FIRST_PAUSE;
                    due = None;
                }
                Err(problem) => {
                    tracing::error!(event = "credentials_refused", problem);
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    due = Some(Instant::now() + pause);
                }
            },
        }
    }
}

/// New credentials that have given a token.
async fn trial(source: &Source) -> Result<Current, String> {
    let candidate = source.build().await.map_err(|error| format!("{error:#}"))?;
    match timeout(TRIAL, asked(&candidate, Extensions::new())).await {
        Ok(Ok(_)) => Ok(candidate),
        Ok(Err(trouble)) => Err(trouble.told),
        Err(_) => Err("no token came in time".to_owned()),
    }
}
