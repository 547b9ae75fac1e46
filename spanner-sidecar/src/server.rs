//! The server's connections: how many there may be, how long a dead one is kept, and how they end. Not tonic's own
//! server: that one runs a clock on `grpc-timeout` outside of every layer, and where it wins against ours the client
//! sees a bare CANCELLED in place of a refusal. Here a call's only clock is the service's.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;
use tokio_stream::Stream;
use tonic::service::Routes;

use crate::metrics::Metrics;

/// Twice what Envoy's listener lets in: hyper's own limit would answer long calls with a bare 431.
const MAX_HEADERS: u32 = 128 * 1024;
const MAX_STREAMS: u32 = 1024;
/// Calls that were cancelled before they were looked at. Beyond its default, 20, the connection would be closed, and with
/// it every call that the same Envoy has in flight, because some callers left early.
const MAX_RESETS: usize = 1024;
/// Envoy opens at most one a worker and cluster, or as many as its circuit breaker lets it.
const MAX_CONNECTIONS: usize = 1024;
/// After so long without a frame the peer is asked whether it lives, and has as long again to say so.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Serves until `stopped`, then lets calls in flight end. Dropped, it stops at once to accept, and calls that are in
/// flight end with the runtime.
pub async fn serve<C>(
    routes: Routes,
    incoming: impl Stream<Item = C>,
    metrics: Arc<Metrics>,
    stopped: impl Future<Output = ()>,
) where
    C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let server = server();
    let connections = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    {
        // Both end with this block: nobody can connect while calls in flight end.
        let (mut stopped, mut incoming) = (pin!(stopped), pin!(incoming));
        loop {
            let connection = tokio::select! {
                () = &mut stopped => break,
                next = incoming.next() => match next {
                    Some(connection) => connection,
                    None => break,
                },
            };
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                metrics.peers_refused.inc();
                tracing::warn!(event = "connections_exhausted", limit = MAX_CONNECTIONS);
                continue;
            };
            let service = TowerToHyperService::new(routes.clone());
            let serving = connections.watch(server.serve_connection(TokioIo::new(connection), service));
            let open = metrics.connections.clone();
            open.inc();
            tokio::spawn(async move {
                // How a peer ends its connection is its own affair.
                let _ = serving.await;
                open.dec();
                drop(place);
            });
        }
    }
    connections.shutdown().await;
}

fn server() -> http2::Builder<TokioExecutor> {
    let mut server = http2::Builder::new(TokioExecutor::new());
    server
        .timer(TokioTimer::new())
        .max_header_list_size(MAX_HEADERS)
        .max_concurrent_streams(MAX_STREAMS)
        .max_pending_accept_reset_streams(MAX_RESETS)
        .keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(KEEPALIVE);
    server
}
