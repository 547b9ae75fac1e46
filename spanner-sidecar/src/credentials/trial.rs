//! New credentials, tried before they take over: they give a token, and Spanner takes it.

use google_cloud_auth::credentials::Credentials as Current;
use http::Extensions;

use super::question::{Answer, ask};
use super::{Credentials, Source, asked_in_time};

/// What new ones are made of, and where they are tried.
pub struct Trial {
    pub source: Source,
    /// Spanner's own without one.
    pub endpoint: Option<String>,
}

/// Credentials that may take over.
pub struct Passed {
    pub renewed: Current,
    /// Spanner has said so itself.
    pub is_known: bool,
}

impl Trial {
    pub async fn run(&self, credentials: &Credentials) -> Result<Passed, String> {
        let renewed = self.source.build().await.map_err(|error| format!("{error:#}"))?;
        asked_in_time(&renewed, Extensions::new()).await.map_err(|trouble| trouble.told)?;
        // Nothing is reached yet: nobody can lose anything.
        let Some(place) = credentials.place() else { return Ok(Passed { renewed, is_known: true }) };
        let endpoint = self.endpoint.as_deref();
        match ask(endpoint, &place, renewed.clone()).await {
            Answer::Known => Ok(Passed { renewed, is_known: true }),
            Answer::Refused => Err("Spanner does not accept them".to_owned()),
            // Another account's, if those that it is to replace may.
            Answer::Denied if ask(endpoint, &place, credentials.current()).await == Answer::Known => {
                Err("Spanner denies them a database that it opens to those before them".to_owned())
            }
            Answer::Denied => Ok(Passed { renewed, is_known: true }),
            // Worse than credentials that fail they cannot be.
            Answer::None if credentials.are_failing() => Ok(Passed { renewed, is_known: false }),
            Answer::None => Err("Spanner cannot be asked whether it accepts them".to_owned()),
        }
    }
}
