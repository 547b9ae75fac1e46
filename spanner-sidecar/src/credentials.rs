//! Who the sidecar is to Google: application default credentials, a file that is replaced now and then, another
//! account in their place. What stands here is renewed underneath the clients, which ask for headers at each request:
//! a rotation or a recovery rebuilds no client, drops no session and fails no call.

mod file;
mod impersonation;
mod question;
mod renewal;
mod source;
mod trial;
mod trouble;
mod waiting;

pub use impersonation::Impersonation;
pub use source::Source;

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use google_cloud_auth::credentials::{CacheableResource, Credentials as Current, CredentialsProvider};
use google_cloud_auth::errors::CredentialsError;
use http::{Extensions, HeaderMap};
use question::Place;
use tokio::sync::watch;
use tokio::time::timeout;
use trial::Trial;
use trouble::Trouble;
use waiting::Waiting;

use crate::watched::Watched;

/// Longest wait for a token, of whoever has no deadline that is nearer.
const TOKEN: Duration = Duration::from_secs(20);

/// Cheap to clone: all clones share what is current.
#[derive(Clone)]
pub struct Credentials(Arc<watch::Sender<Kept>>);

struct Kept {
    current: Current,
    /// A request got no headers from them, or Spanner refused those.
    failing: bool,
    /// Where new ones are tried: what was reached last. None until something is.
    place: Option<Place>,
}

impl Credentials {
    /// Reads them once, or says what is wrong with them; from then on they are kept good until the process ends.
    /// New ones are tried at Spanner's `endpoint`.
    pub async fn start(source: Source, endpoint: Option<String>) -> anyhow::Result<Self> {
        // Before they are read: what is replaced meanwhile is read again.
        let watched = Watched::new(source.file().cloned());
        let credentials = Self::holding(source.build().await?);
        tokio::spawn(renewal::keep(Trial { source, endpoint }, watched, credentials.clone()));
        Ok(credentials)
    }

    /// Nobody keeps these good.
    fn holding(current: Current) -> Self {
        Self(Arc::new(watch::Sender::new(Kept { current, failing: false, place: None })))
    }

    /// As the client libraries take them.
    pub fn client(&self) -> Current {
        Current::from(self.clone())
    }

    /// They are made anew soon. For whoever learns from an answer that they are good no more.
    pub fn suspect(&self) {
        self.0.send_if_modified(|kept| !std::mem::replace(&mut kept.failing, true));
    }

    /// Where new ones are tried from now on.
    pub fn reach(&self, database: &str, role: Option<&str>) {
        let place = Place { database: database.to_owned(), role: role.map(str::to_owned) };
        self.0.send_if_modified(|kept| {
            kept.place = Some(place);
            // Nobody waits for that.
            false
        });
    }

    fn current(&self) -> Current {
        self.0.borrow().current.clone()
    }

    fn place(&self) -> Option<Place> {
        self.0.borrow().place.clone()
    }

    fn are_failing(&self) -> bool {
        self.0.borrow().failing
    }

    fn replace(&self, renewed: Current) {
        self.0.send_modify(|kept| {
            kept.current = renewed;
            kept.failing = false;
        });
    }

    async fn failed(&self) {
        // The sender is here: an error cannot come.
        let _ = self.0.subscribe().wait_for(|kept| kept.failing).await;
    }
}

impl CredentialsProvider for Credentials {
    async fn headers(
        &self,
        extensions: Extensions,
    ) -> Result<CacheableResource<HeaderMap>, CredentialsError> {
        let waiting = Waiting::new(self);
        let asked = asked_in_time(&self.current(), extensions).await;
        waiting.ended();
        asked.map_err(|trouble| {
            self.suspect();
            CredentialsError::from_msg(trouble.is_transient, trouble.told)
        })
    }

    async fn universe_domain(&self) -> Option<String> {
        self.current().universe_domain().await
    }
}

async fn asked_in_time(
    current: &Current,
    extensions: Extensions,
) -> Result<CacheableResource<HeaderMap>, Trouble> {
    timeout(TOKEN, asked(current, extensions)).await.unwrap_or_else(|_| Err(Trouble::late()))
}

/// The library unwraps what token services say: a token that has expired already ends its own task by a panic, and
/// then that of whoever asks.
async fn asked(current: &Current, extensions: Extensions) -> Result<CacheableResource<HeaderMap>, Trouble> {
    match AssertUnwindSafe(current.headers(extensions)).catch_unwind().await {
        Ok(asked) => asked.map_err(|error| Trouble::of(&error)),
        Err(_) => Err(Trouble::unusable()),
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Credentials")
    }
}

#[cfg(test)]
#[path = "../tests/key_file/mod.rs"]
mod key_file;

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::key_file::key_file;
    use super::*;

    /// Whoever replaces the file while the sidecar starts does not have to do it again.
    #[tokio::test(start_paused = true)]
    async fn a_file_that_is_replaced_at_the_start_is_read_again() {
        let path = std::env::temp_dir().join(format!("spangate-started-{}", std::process::id()));
        let put = |id: &str| {
            std::fs::write(&path, key_file(id).0).unwrap();
            std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        };
        put("first");
        let credentials = Credentials::start(Source::new(Some(path.clone()), None), None).await.unwrap();
        // Nothing that was spawned has run yet.
        put("a second one");
        let mut replaced = credentials.0.subscribe();
        timeout(Duration::from_secs(60), replaced.changed()).await.unwrap().unwrap();
        std::fs::remove_file(&path).unwrap();
    }

    #[derive(Debug)]
    struct Silent;

    impl CredentialsProvider for Silent {
        async fn headers(&self, _: Extensions) -> Result<CacheableResource<HeaderMap>, CredentialsError> {
            std::future::pending().await
        }

        async fn universe_domain(&self) -> Option<String> {
            None
        }
    }

    /// What `migrate` asks of the administration has no deadline before the request is sent.
    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_a_token_for_ever() {
        let credentials = Credentials::holding(Current::from(Silent));
        let client = credentials.client();
        let error =
            timeout(Duration::from_secs(3600), client.headers(Extensions::new())).await.unwrap().unwrap_err();
        assert!(error.is_transient() && credentials.are_failing(), "{error}");
    }
}
