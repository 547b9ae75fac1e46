//! `serve`: from the document to a server that listens, plans, answers, and ends without cutting anyone off.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use spangate_proto::v1::gateway_server::{GatewayServer, SERVICE_NAME};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio_stream::Stream;
use tonic::transport::Server;
use tonic::transport::server::Connected;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::cli;
use crate::served::{Served, Summary};
use crate::service::Service;
use crate::spanner::Access;
use crate::{document, emulator_host, listener};

/// Twice what Envoy's listener lets in: hyper's own limit would answer long calls with a bare 431.
const MAX_HEADERS: u32 = 128 * 1024;
const MAX_STREAMS: u32 = 1024;
const KEEPALIVE: Duration = Duration::from_secs(30);
/// Between tries to plan what does not fit yet.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

pub async fn run(options: cli::Serve) -> anyhow::Result<()> {
    let operations = document::read(&options.operations)?;
    let access = Access::start(&options.google).await?;
    let served = Arc::new(Served::new(operations, &access, emulator_host().is_some()));
    let (health, health_service) = tonic_health::server::health_reporter();
    set_health(&health, false).await;

    let (stop, stopping) = watch::channel(Stop::No);
    let planning = tokio::spawn(plan(Arc::clone(&served), health.clone(), options.strict, stop.clone()));
    let signals = tokio::spawn(signals(health, stop));
    let server = Server::builder()
        .http2_max_header_list_size(MAX_HEADERS)
        .max_concurrent_streams(MAX_STREAMS)
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE))
        .add_service(health_service)
        .add_service(GatewayServer::new(Service::new(served)));

    match options.listen {
        Some(address) => {
            let (incoming, address) = listener::loopback(address).await?;
            tracing::warn!(
                event = "loopback_trusted",
                "whoever reaches this address can run every operation"
            );
            listening(&address.to_string());
            serve(server, incoming, stopping.clone(), options.drain).await?;
        }
        None => {
            let socket =
                listener::Socket::bind(&options.socket, &options.allow_uid, options.socket_group).await?;
            let (incoming, _file) = socket.into_incoming();
            listening(&options.socket.display().to_string());
            serve(server, incoming, stopping.clone(), options.drain).await?;
        }
    }
    planning.abort();
    signals.abort();
    match *stopping.borrow() {
        Stop::Mismatch => bail!("an operation does not fit the schema (--strict)"),
        Stop::No | Stop::Asked => Ok(()),
    }
}

/// Why the server ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    No,
    Asked,
    Mismatch,
}

fn listening(address: &str) {
    tracing::info!(event = "listening", address);
}

async fn serve<C>(
    server: tonic::transport::server::Router,
    incoming: impl Stream<Item = std::io::Result<C>>,
    stopping: watch::Receiver<Stop>,
    drain: Duration,
) -> anyhow::Result<()>
where
    C: AsyncRead + AsyncWrite + Connected + Unpin + Send + 'static,
{
    let stopped = |mut stopping: watch::Receiver<Stop>| async move {
        // The sender outlives the server: an error cannot come, and would mean the end as well.
        let _ = stopping.wait_for(|stop| *stop != Stop::No).await;
    };
    let serving = server.serve_with_incoming_shutdown(incoming, stopped(stopping.clone()));
    let overdue = async {
        stopped(stopping).await;
        tokio::time::sleep(drain).await;
    };
    tokio::select! {
        result = serving => result.context("the server failed")?,
        () = overdue => tracing::warn!(event = "drain_overdue", "calls still in flight are cut"),
    }
    tracing::info!(event = "stopped");
    Ok(())
}

/// Plans until everything fits; healthy as soon as every operation is known to fit or not.
async fn plan(served: Arc<Served>, health: HealthReporter, strict: bool, stop: watch::Sender<Stop>) {
    let mut ready = false;
    let mut pause = FIRST_PAUSE;
    loop {
        let Summary { fit, mismatched, unreachable } = served.plan().await;
        if strict && mismatched > 0 {
            stop.send_replace(Stop::Mismatch);
        }
        let stopping = *stop.borrow() != Stop::No;
        if unreachable == 0 && !ready && !stopping {
            ready = true;
            set_health(&health, true).await;
            tracing::info!(event = "ready", operations = fit, mismatched);
        }
        if stopping || served.everything_fits() {
            return;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn signals(health: HealthReporter, stop: watch::Sender<Stop>) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!(event = "draining");
    set_health(&health, false).await;
    stop.send_replace(Stop::Asked);
    Ok(())
}

/// Of the server as a whole, as Envoy asks for it, and of the one service.
async fn set_health(health: &HealthReporter, serving: bool) {
    let status = if serving { ServingStatus::Serving } else { ServingStatus::NotServing };
    health.set_service_status("", status).await;
    health.set_service_status(SERVICE_NAME, status).await;
}
