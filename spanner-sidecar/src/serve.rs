//! `serve`: from the document to a server that listens, plans, answers, and ends without cutting anyone off.

use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use spangate_proto::v1::gateway_server::GatewayServer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio_stream::Stream;
use tonic::service::Routes;

use crate::cache::Cache;
use crate::document::Document;
use crate::health::Health;
use crate::listener::{self, mtls};
use crate::metrics::{self, Metrics};
use crate::pages::KeyFile;
use crate::planning::{self, Mismatch, Planning};
use crate::served::Served;
use crate::service::Service;
use crate::spanner::{Access, Site};
use crate::{cli, emulator_host, server};

pub async fn run(options: cli::Serve) -> anyhow::Result<()> {
    let mut document = Document::new(options.operations.clone());
    let operations = document.read()?;
    if let Some(paged) = operations.iter().find(|operation| operation.pages.is_some())
        && options.page_key_file.is_none()
    {
        bail!("the operation `{}` has pages: tokens need a key, give `--page-key-file`", paged.name);
    }
    let metrics = Arc::new(Metrics::new());
    let endpoint = match options.metrics {
        Some(address) => Some(metrics::bind(address, options.metrics_anywhere).await?),
        None => None,
    };
    let site = Site {
        access: Access::start(&options.google).await?,
        region: options.region.clone(),
        is_emulator: emulator_host().is_some(),
        metrics: Arc::clone(&metrics),
    };
    let served = Arc::new(Served::new(operations, site, options.page_key_file.is_some()));
    let (reporter, health_service) = tonic_health::server::health_reporter();
    let health = Arc::new(Health::new(reporter).await);
    let cache = (options.cache_size > 0).then(|| Cache::new(options.cache_size, Arc::clone(&metrics)));
    let page_keys = options.page_key_file.as_deref().map(KeyFile::open).transpose()?.map(Arc::new);
    let service = Service::new(Arc::clone(&served), cache, page_keys.clone());
    let routes = Routes::new(health_service).add_service(GatewayServer::new(service));

    let (stop, stopping) = watch::channel(Stop::No);
    let mut tasks = tokio::task::JoinSet::new();
    let planning = Planning {
        served: Arc::clone(&served),
        health: Arc::clone(&health),
        document,
        strict: options.strict,
        every: options.replan,
    };
    tasks.spawn(plan(planning, stop.clone()));
    tasks.spawn(planning::probe(served, Arc::clone(&health)));
    tasks.spawn(signals(health, stop));
    if let Some(page_keys) = page_keys {
        let metrics = Arc::clone(&metrics);
        tasks.spawn(async move { page_keys.follow(&metrics).await });
    }
    if let Some(listener) = endpoint {
        tracing::info!(event = "metrics_listening", address = listener.local_addr()?.to_string());
        tasks.spawn(metrics::serve(listener, Arc::clone(&metrics)));
    }
    let end = End { metrics, stopping, drain: options.drain };
    listen(&options, routes, end.clone()).await?;
    match *end.stopping.borrow() {
        Stop::Mismatch => bail!("an operation does not fit the schema (--strict)"),
        Stop::No | Stop::Asked | Stop::AskedAgain => Ok(()),
    }
}

/// Why the server ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    No,
    Asked,
    /// Whoever asks twice does not want to wait.
    AskedAgain,
    Mismatch,
}

/// What serving needs beside connections.
#[derive(Clone)]
struct End {
    metrics: Arc<Metrics>,
    stopping: watch::Receiver<Stop>,
    drain: Duration,
}

/// Where peers come from, as the options say.
async fn listen(options: &cli::Serve, routes: Routes, end: End) -> anyhow::Result<()> {
    match (options.listen, options.mtls()) {
        (None, _) => {
            let cli::Serve { socket: path, allow_uid, socket_group, .. } = options;
            let socket = listener::Socket::bind(path, allow_uid, *socket_group).await?;
            let (incoming, _file) = socket.into_incoming(Arc::clone(&end.metrics));
            listening(&path.display().to_string());
            serve(routes, incoming, end).await;
        }
        (Some(address), None) => {
            let (incoming, address) = listener::loopback(address).await?;
            tracing::warn!(
                event = "loopback_trusted",
                "whoever reaches this address can run every operation"
            );
            listening(&address.to_string());
            serve(routes, incoming, end).await;
        }
        (Some(address), Some((files, allowed))) => {
            let metrics = Arc::clone(&end.metrics);
            let (incoming, address) = mtls::listen(address, files, allowed, metrics).await?;
            listening(&address.to_string());
            serve(routes, incoming, end).await;
        }
    }
    Ok(())
}

fn listening(address: &str) {
    tracing::info!(event = "listening", address);
}

async fn serve<C>(routes: Routes, incoming: impl Stream<Item = C>, end: End)
where
    C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let End { metrics, stopping, drain } = end;
    let stopped = |mut stopping: watch::Receiver<Stop>| async move {
        // The sender outlives the server: an error cannot come, and would mean the end as well.
        let _ = stopping.wait_for(|stop| *stop != Stop::No).await;
    };
    let serving = server::serve(routes, incoming, metrics, stopped(stopping.clone()));
    let asked_again = {
        let mut stopping = stopping.clone();
        async move { stopping.wait_for(|stop| *stop == Stop::AskedAgain).await.is_ok() }
    };
    let overdue = async {
        stopped(stopping).await;
        tokio::time::sleep(drain).await;
    };
    tokio::select! {
        () = serving => {}
        () = overdue => tracing::warn!(event = "drain_overdue", "calls still in flight are cut"),
        true = asked_again => tracing::warn!(event = "drain_cut_short", "calls still in flight are cut"),
    }
    tracing::info!(event = "stopped");
}

async fn plan(planning: Planning, stop: watch::Sender<Stop>) {
    match planning.run().await {
        Ok(Mismatch) => {
            stop.send_replace(Stop::Mismatch);
        }
        Err(error) => tracing::error!(event = "signals_failed", error = %error),
    }
}

/// Not serving first, so that nobody sends more, then the end; a second signal does not wait for calls in flight.
async fn signals(health: Arc<Health>, stop: watch::Sender<Stop>) {
    let (mut terminate, mut interrupt) =
        match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
            (Ok(terminate), Ok(interrupt)) => (terminate, interrupt),
            (Err(error), _) | (_, Err(error)) => {
                tracing::error!(event = "signals_failed", error = %error);
                return;
            }
        };
    let mut asked = async || {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    asked().await;
    tracing::info!(event = "draining");
    health.draining().await;
    stop.send_replace(Stop::Asked);
    asked().await;
    stop.send_replace(Stop::AskedAgain);
}
