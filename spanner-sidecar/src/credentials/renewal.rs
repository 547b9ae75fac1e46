//! Keeps credentials good: a file that has changed is read again, credentials that failed are made anew, since some
//! never recover by themselves. New ones take over only once they have been tried; until then, and if they never pass,
//! the old ones stay.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::Credentials;
use super::trial::{Passed, Trial};
use crate::watched::Watched;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

pub async fn keep(trial: Trial, mut watched: Watched, credentials: Credentials) {
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
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                let passed = trial.run(&credentials).await;
                // Only what Spanner accepts ends the trouble: a token alone is made, and refused, as often as we ask.
                pause = match &passed {
                    Ok(Passed { is_known: true, .. }) => FIRST_PAUSE,
                    Ok(_) | Err(_) => (pause * 2).min(LONGEST_PAUSE),
                };
                match passed {
                    Ok(Passed { renewed, is_known: _ }) => {
                        credentials.replace(renewed);
                        tracing::info!(event = "credentials_renewed");
                        due = None;
                    }
                    Err(problem) => {
                        tracing::error!(event = "credentials_refused", problem);
                        due = Some(Instant::now() + pause);
                    }
                }
            }
        }
    }
}
