//! Where the administration is: the emulator, in the clear, or Spanner, over TLS and with credentials.

use std::time::Duration;

use anyhow::Context;
use google_cloud_auth::credentials::CacheableResource;
use http::{Extensions, HeaderMap};
use tokio::time::{Instant, sleep};
use tonic::Status;
use tonic::transport::{ClientTlsConfig, Endpoint};

use super::Admin;
use crate::credentials::Credentials;
use crate::emulator_host;
use crate::spanner::Access;

const SPANNER: &str = "https://spanner.googleapis.com";
/// A call that only begins a long-running operation.
const CALL: Duration = Duration::from_secs(60);
const CONNECT: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(100);

impl Admin {
    /// Whichever of the two the process works with.
    pub async fn connect(access: &Access, deadline: Instant) -> anyhow::Result<Self> {
        match emulator_host() {
            Some(host) => Self::emulator(&host, deadline).await,
            None => Self::spanner(access, deadline).await,
        }
    }

    /// Waits until it answers.
    pub async fn emulator(host: &str, deadline: Instant) -> anyhow::Result<Self> {
        let address = if host.contains("://") { host.to_owned() } else { format!("http://{host}") };
        Self::at(&address, None, deadline).await
    }

    async fn spanner(access: &Access, deadline: Instant) -> anyhow::Result<Self> {
        let credentials = access.credentials().cloned().context("no credentials are known")?;
        Self::at(access.endpoint().unwrap_or(SPANNER), Some(credentials), deadline).await
    }

    async fn at(address: &str, credentials: Option<Credentials>, deadline: Instant) -> anyhow::Result<Self> {
        let mut endpoint = Endpoint::from_shared(address.to_owned())
            .with_context(|| format!("`{address}` is no address"))?
            .connect_timeout(CONNECT)
            .timeout(CALL);
        if address.starts_with("https://") {
            endpoint = endpoint.tls_config(ClientTlsConfig::new().with_native_roots())?;
        }
        loop {
            match endpoint.connect().await {
                Ok(channel) => return Ok(Self { channel, credentials }),
                Err(error) if Instant::now() >= deadline => {
                    return Err(error).with_context(|| format!("nobody answers at `{address}`"));
                }
                Err(_) => sleep(PAUSE).await,
            }
        }
    }
}

/// What says to Spanner who is asking.
pub(super) async fn headers(credentials: &Credentials) -> Result<HeaderMap, Status> {
    match credentials.client().headers(Extensions::new()).await {
        Ok(CacheableResource::New { data, .. }) => Ok(data),
        Ok(CacheableResource::NotModified) => Ok(HeaderMap::new()),
        // What a provider of credentials says may hold what nobody should read.
        Err(_) => Err(Status::unauthenticated("the credentials cannot be had")),
    }
}
