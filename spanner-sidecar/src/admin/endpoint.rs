//! Where the administration is: the emulator, in the clear, or Spanner, over TLS and with credentials.

use std::time::Duration;

use anyhow::{Context, bail};
use http::HeaderMap;
use tokio::time::{Instant, sleep};
use tonic::Status;
use tonic::transport::Endpoint;

use super::Admin;
use crate::emulator_host;

/// A call that only begins a long-running operation.
const CALL: Duration = Duration::from_secs(60);
const CONNECT: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(100);

/// What says to Spanner who is asking.
#[derive(Clone)]
pub enum Credentials {}

impl Credentials {
    pub(super) async fn headers(&self) -> Result<HeaderMap, Status> {
        match *self {}
    }
}

impl Admin {
    /// Whichever of the two the environment names; waits until it answers.
    pub async fn connect(deadline: Instant) -> anyhow::Result<Self> {
        match emulator_host() {
            Some(host) => Self::emulator(&host, deadline).await,
            None => bail!("credentials are to come"),
        }
    }

    pub async fn emulator(host: &str, deadline: Instant) -> anyhow::Result<Self> {
        let address = if host.contains("://") { host.to_owned() } else { format!("http://{host}") };
        let endpoint = Endpoint::from_shared(address)
            .with_context(|| format!("`{host}` is no address of an emulator"))?
            .connect_timeout(CONNECT)
            .timeout(CALL);
        loop {
            match endpoint.connect().await {
                Ok(channel) => return Ok(Self { channel, credentials: None }),
                Err(error) if Instant::now() >= deadline => {
                    return Err(error).with_context(|| format!("no emulator answers at `{host}`"));
                }
                Err(_) => sleep(PAUSE).await,
            }
        }
    }
}
