//! A proxy between Envoy and the sidecar, on the sidecar's own socket: it waits for answers to the end, and loses as many
//! as it is told. As proxies do, it says of them that their upstream is unavailable.

use std::convert::Infallible;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http_body_util::BodyExt;
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response, server};
use hyper_util::rt::{TokioExecutor, TokioIo};
use spangate_stack::{Options, Part, Stack};
use tokio::net::{UnixListener, UnixStream};
use tokio::runtime::{Builder, Runtime};

use crate::support::Frames;

const EXECUTE: &str = "/spangate.v1.Gateway/Execute";

pub struct Lossy {
    to_lose: Arc<AtomicUsize>,
    _runtime: Runtime,
}

impl Lossy {
    /// The stack with such a proxy in it.
    pub fn between(options: Options, lossy: &mut Option<Self>) -> Stack {
        let mut stack = Stack::prepare(options.clone()).unwrap();
        for part in options.parts() {
            if part == Part::Envoy {
                *lossy = Some(Self::before(&stack.directory().join("run/sidecar.sock")));
            }
            stack.start_part(part).unwrap();
        }
        stack
    }

    fn before(socket: &Path) -> Self {
        let behind = socket.with_extension("behind");
        fs::rename(socket, &behind).unwrap();
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(async { UnixListener::bind(socket).unwrap() });
        let to_lose = Arc::new(AtomicUsize::new(0));
        runtime.spawn(serve(listener, behind, Arc::clone(&to_lose)));
        Self { to_lose, _runtime: runtime }
    }

    /// The next answers to calls.
    pub fn lose(&self, answers: usize) {
        self.to_lose.store(answers, Ordering::SeqCst);
    }
}

async fn serve(listener: UnixListener, behind: PathBuf, to_lose: Arc<AtomicUsize>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (behind, to_lose) = (behind.clone(), Arc::clone(&to_lose));
        tokio::spawn(async move {
            let upstream = TokioIo::new(UnixStream::connect(behind).await.unwrap());
            let (sender, connection) = handshake(TokioExecutor::new(), upstream).await.unwrap();
            tokio::spawn(connection);
            let service = service_fn(|request| pass(sender.clone(), request, Arc::clone(&to_lose)));
            let served = server::conn::http2::Builder::new(TokioExecutor::new());
            // However the connection ends.
            let _ = served.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn pass(
    mut sender: SendRequest<Incoming>,
    request: Request<Incoming>,
    to_lose: Arc<AtomicUsize>,
) -> Result<Response<Frames>, Infallible> {
    let is_call = request.uri().path() == EXECUTE;
    let Ok(answer) = sender.send_request(request).await else { return Ok(unavailable()) };
    let (head, body) = answer.into_parts();
    let Ok(body) = body.collect().await else { return Ok(unavailable()) };
    let lost = |left: usize| left.checked_sub(1).filter(|_| is_call);
    if to_lose.fetch_update(Ordering::SeqCst, Ordering::SeqCst, lost).is_ok() {
        return Ok(unavailable());
    }
    let trailers = body.trailers().cloned().map(Frame::trailers);
    let data = Frame::data(body.to_bytes());
    Ok(Response::from_parts(head, Frames::of([data].into_iter().chain(trailers))))
}

fn unavailable() -> Response<Frames> {
    let mut answer = Response::new(Frames::of([]));
    let told: HeaderMap = [("content-type", "application/grpc"), ("grpc-status", "14")]
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .into_iter()
        .collect();
    *answer.headers_mut() = told;
    answer
}
