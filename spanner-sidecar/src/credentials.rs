//! Who the sidecar is to Google: application default credentials, a file that is replaced now and then, another
//! account in their place. What stands here is renewed underneath the clients, which ask for headers at each request:
//! a rotation or a recovery rebuilds no client, drops no session and fails no call.

mod file;
mod renewal;
mod source;
mod trouble;

pub use source::Source;

use std::fmt;
use std::sync::Arc;

use google_cloud_auth::credentials::{CacheableResource, Credentials as Current, CredentialsProvider};
use google_cloud_auth::errors::CredentialsError;
use http::{Extensions, HeaderMap};
use tokio::sync::watch;

/// Cheap to clone: all clones share what is current.
#[derive(Clone)]
pub struct Credentials(Arc<watch::Sender<Kept>>);

struct Kept {
    current: Current,
    /// A request got no headers from them.
    failing: bool,
}

impl Credentials {
    /// Reads them once, or says what is wrong with them; from then on they are kept good until the process ends.
    pub async fn start(source: Source) -> anyhow::Result<Self> {
        let kept = Kept { current: source.build().await?, failing: false };
        let credentials = Self(Arc::new(watch::Sender::new(kept)));
        tokio::spawn(renewal::keep(source, credentials.clone()));
        Ok(credentials)
    }

    /// As the client libraries take them.
    pub fn client(&self) -> Current {
        Current::from(self.clone())
    }

    /// They are made anew soon. For whoever learns from an answer that they are good no more.
    pub fn suspect(&self) {
        self.0.send_if_modified(|kept| !std::mem::replace(&mut kept.failing, true));
    }

    fn current(&self) -> Current {
        self.0.borrow().current.clone()
    }

    fn replace(&self, renewed: Current) {
        self.0.send_replace(Kept { current: renewed, failing: false });
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
        self.current().headers(extensions).await.map_err(|error| {
            self.suspect();
            // The library's own text quotes the body of a token service's answer.
            CredentialsError::from_msg(error.is_transient(), trouble::of(&error))
        })
    }

    async fn universe_domain(&self) -> Option<String> {
        self.current().universe_domain().await
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Credentials")
    }
}
