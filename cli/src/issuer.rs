//! `spangate issuer`: an OpenID issuer for development and tests. It gives a token to whoever asks, with any
//! claims, so it listens on loopback alone and says at every turn what it is.

mod keys;
mod people;
mod service;
mod token;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, bail};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::Verdict;
use keys::Keys;
use people::People;
use service::Issuer;

const WARNING: &str = "development issuer: whoever asks is believed; never trust it in production";

#[derive(clap::Args)]
pub struct Arguments {
    /// Address to listen on; port 0 is any free one, which the event on standard error tells.
    #[arg(long, default_value = "127.0.0.1:9000")]
    listen: SocketAddr,
    /// What the tokens call their issuer.
    #[arg(long, value_name = "URL", default_value = "http://localhost:9000")]
    issuer: String,
    /// Who there is: `audience`, and `people` as name → claims.
    #[arg(long, value_name = "FILE")]
    people: PathBuf,
    /// Where keys are kept, so that tokens outlive a restart; without it they are made anew.
    #[arg(long, value_name = "DIR")]
    key_dir: Option<PathBuf>,
    /// Listen on other than loopback addresses too: then everyone on that network is believed.
    #[arg(long)]
    allow_remote: bool,
}

pub fn run(arguments: Arguments) -> Result<Verdict> {
    if !arguments.listen.ip().is_loopback() && !arguments.allow_remote {
        bail!("{} is not a loopback address; `--allow-remote` lets it be used", arguments.listen);
    }
    let Some(people) = People::load(&arguments.people)? else {
        return Ok(Verdict::Findings);
    };
    let keys = Keys::open(arguments.key_dir)?;
    let url = arguments.issuer.trim_end_matches('/').to_owned();
    let issuer = Arc::new(Issuer { url, people, keys: Mutex::new(keys) });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(arguments.listen, issuer))?;
    Ok(Verdict::Fine)
}

async fn serve(listen: SocketAddr, issuer: Arc<Issuer>) -> Result<()> {
    let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let event = json!({
        "event": "listening",
        "address": listener.local_addr()?.to_string(),
        "issuer": issuer.url,
        "warning": WARNING,
    });
    anstream::eprintln!("{event}");
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    axum::serve(listener, service::routes(issuer)).with_graceful_shutdown(stop).await?;
    Ok(())
}
