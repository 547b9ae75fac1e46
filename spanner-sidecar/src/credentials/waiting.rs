//! Requests that wait for a token. A token service that takes connections and says nothing is waited for without end by
//! the library, while each request leaves at its own deadline and tells nobody: the first that has waited long enough
//! to know makes the credentials suspect.

use std::time::Duration;

use tokio::time::Instant;

use super::Credentials;

/// Longer than any token service takes that is well.
const PATIENCE: Duration = Duration::from_secs(2);

pub struct Waiting<'c> {
    credentials: &'c Credentials,
    since: Option<Instant>,
}

impl<'c> Waiting<'c> {
    pub fn new(credentials: &'c Credentials) -> Self {
        Self { credentials, since: Some(Instant::now()) }
    }

    /// Something came.
    pub fn ended(mut self) {
        self.since = None;
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.since.is_some_and(|since| since.elapsed() >= PATIENCE) {
            self.credentials.suspect();
        }
    }
}
