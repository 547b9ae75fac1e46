//! gRPC: from a method's name to its message, and streams in pieces. Connections can be cut by the hooks.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use futures::{Stream, StreamExt};
use googleapis_tonic_google_spanner_v1::google::spanner::v1::{
    ExecuteSqlRequest, PartialResultSet, ReadRequest, ResultSetMetadata,
};
use http::{Request as HttpRequest, Response as HttpResponse};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::body::Body;
use tonic::server::{Grpc, NamedService};
use tonic::transport::Server;
use tonic::transport::server::{Connected, TcpConnectInfo};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;
use tower::service_fn;

use crate::hooks::Hooks;
use crate::run::Output;
use crate::spanner::{Door, stats};

/// More than any test has at once: what queues at a client is not seen here.
const MAX_STREAMS: u32 = 10_000;
/// Rows in one piece of a stream.
const PIECE: usize = 50;

pub async fn serve(door: Door, listener: TcpListener) -> Result<(), tonic::transport::Error> {
    let hooks = Arc::clone(&door.hooks);
    let incoming = TcpListenerStream::new(listener)
        .map(move |stream| stream.map(|stream| Cuttable::new(stream, &hooks)));
    Server::builder()
        .max_concurrent_streams(MAX_STREAMS)
        .add_service(door)
        .serve_with_incoming(incoming)
        .await
}

impl NamedService for Door {
    const NAME: &'static str = "google.spanner.v1.Spanner";
}

impl tower::Service<HttpRequest<Body>> for Door {
    type Response = HttpResponse<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<HttpResponse<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequest<Body>) -> Self::Future {
        macro_rules! unary {
            ($door:ident, $method:ident) => {
                Grpc::new(ProstCodec::default())
                    .unary(
                        service_fn(|request: Request<_>| {
                            let door = $door.clone();
                            async move { door.$method(request.into_inner()).await.map(Response::new) }
                        }),
                        request,
                    )
                    .await
            };
        }
        macro_rules! streaming {
            ($door:ident, $method:ident, $request:ty) => {
                Grpc::new(ProstCodec::default())
                    .server_streaming(
                        service_fn(|request: Request<$request>| {
                            let door = $door.clone();
                            async move {
                                let open = Open::new(&door);
                                let request = request.into_inner();
                                let resumed = resumed(&request.resume_token);
                                let (output, metadata) = door.$method(request).await?;
                                let (broken, repeats) = {
                                    let state = door.spanner.state();
                                    (state.broken_stream.clone(), state.repeats.max(1))
                                };
                                let pieces = pieces(output, metadata, resumed, broken, repeats);
                                Ok::<_, Status>(Response::new(open.until_end_of(pieces)))
                            }
                        }),
                        request,
                    )
                    .await
            };
        }
        let door = self.clone();
        Box::pin(async move {
            if !door.hooks.admits(request.headers()) {
                return Ok(Status::unauthenticated("who is calling?").into_http());
            }
            let method = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
            Ok(match method.as_str() {
                "CreateSession" => unary!(door, create_session),
                "BeginTransaction" => unary!(door, begin),
                "ExecuteSql" => unary!(door, execute),
                "ExecuteBatchDml" => unary!(door, batch),
                "Commit" => unary!(door, commit),
                "Rollback" => unary!(door, rollback),
                "ExecuteStreamingSql" => streaming!(door, stream, ExecuteSqlRequest),
                "StreamingRead" => streaming!(door, read, ReadRequest),
                _ => Status::unimplemented(method).into_http(),
            })
        })
    }
}

/// The row after which a stream goes on.
fn resumed(token: &[u8]) -> usize {
    std::str::from_utf8(token).ok().and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// The client hands rows on only once it could resume after them, so each piece has a token. A broken stream ends with
/// its fault after the first piece.
fn pieces(
    output: Output,
    metadata: ResultSetMetadata,
    resumed: usize,
    broken: Option<Status>,
    repeats: usize,
) -> impl Stream<Item = Result<PartialResultSet, Status>> {
    let mut metadata = Some(metadata);
    let mut next = Some(resumed);
    let mut broken = broken;
    futures::stream::iter(std::iter::from_fn(move || {
        let start = next?;
        if start > resumed
            && let Some(status) = broken.take()
        {
            next = None;
            return Some(Err(status));
        }
        let all = output.rows.len() * repeats;
        let end = (start + PIECE).min(all);
        let is_last = end >= all;
        let rows = output.rows.iter().cycle().skip(start % output.rows.len().max(1));
        let values = rows.take(end.saturating_sub(start)).flatten().map(|value| value.to_wire()).collect();
        let breaks = is_last && broken.is_some();
        next = (!is_last || breaks).then_some(end.max(start + 1));
        Some(Ok(PartialResultSet {
            metadata: metadata.take(),
            values,
            resume_token: end.to_string().into_bytes(),
            stats: (is_last && output.changed.is_some()).then(|| stats(&output)),
            last: is_last && !breaks,
            ..PartialResultSet::default()
        }))
    }))
}

/// A stream that somebody waits for: it goes with the request when that is cancelled.
struct Open(Arc<AtomicUsize>);

impl Open {
    fn new(door: &Door) -> Self {
        let count = Arc::clone(&door.spanner.state().open_streams);
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }

    fn until_end_of<S: Stream>(self, stream: S) -> impl Stream<Item = S::Item> {
        stream.map(move |piece| {
            let _held = &self;
            piece
        })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A connection that ends when the hooks say so.
struct Cuttable {
    stream: TcpStream,
    cut: BoxFuture<'static, ()>,
}

impl Cuttable {
    fn new(stream: TcpStream, hooks: &Hooks) -> Self {
        let mut cuts = hooks.cuts();
        let cut = async move {
            // The sender lives as long as the door.
            if cuts.changed().await.is_err() {
                std::future::pending().await
            }
        };
        Self { stream, cut: Box::pin(cut) }
    }

    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.cut.as_mut().poll(context) {
            Poll::Ready(()) => {
                self.cut = Box::pin(std::future::ready(()));
                Err(io::ErrorKind::ConnectionReset.into())
            }
            Poll::Pending => Ok(()),
        }
    }
}

impl Connected for Cuttable {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.stream.connect_info()
    }
}

impl AsyncRead for Cuttable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Cuttable {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_write(context, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
