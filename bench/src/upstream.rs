//! The upstream of the workload `proxied`: answers the same orders to everyone, in the form that each one's Envoy
//! expects. It stands in for the sidecar, whose own work is not measured here.

use std::convert::Infallible;
use std::path::Path;

use anyhow::Result;
use bytes::{BufMut, Bytes, BytesMut};
use futures::stream;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, header};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use serde::Serialize;
use spangate_proto::google::api::HttpBody;
use spangate_proto::{CONTENT_TYPE_METADATA, EXECUTE_PATH, STATUS_METADATA};
use tokio::net::UnixListener;
use tokio::runtime::Runtime;

/// Name of the socket, in the directory of the run.
pub const SOCKET: &str = "upstream.sock";

/// As `contenders/native/orders.proto` has it.
#[derive(Clone, PartialEq, Message, Serialize)]
struct ListResponse {
    #[prost(message, repeated, tag = "1")]
    orders: Vec<Order>,
}

#[derive(Clone, PartialEq, Message, Serialize)]
struct Order {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(string, tag = "2")]
    status: String,
    #[prost(string, tag = "3")]
    total: String,
}

/// The three forms of one answer, made once.
struct Answers {
    json: Bytes,
    message: Bytes,
    body: Bytes,
}

/// Serves until the runtime is dropped.
pub fn serve(socket: &Path) -> Result<Runtime> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let answers: &'static Answers = Box::leak(Box::new(Answers::new()?));
    let listener = runtime.block_on(async { UnixListener::bind(socket) })?;
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = service_fn(|request| answers.answer(request));
            let connection =
                http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service);
            // An Envoy that stops breaks its connections off.
            tokio::spawn(async { connection.await.ok() });
        }
    });
    Ok(runtime)
}

impl Answers {
    fn new() -> Result<Self> {
        let order = |number: u32| Order {
            id: format!("{number}"),
            status: "shipped".into(),
            total: format!("{}.90", number * 7),
        };
        let orders = ListResponse { orders: (1001..1011).map(order).collect() };
        let json = serde_json::to_vec(&orders)?;
        let body = HttpBody { content_type: String::new(), data: json.clone() };
        Ok(Self { json: json.into(), message: framed(&orders), body: framed(&body) })
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Body>, hyper::Error> {
        let path = request.uri().path().to_owned();
        // The whole request first: an answer before its end would reset the stream.
        request.into_body().collect().await?;
        Ok(match path.as_str() {
            EXECUTE_PATH => {
                let metadata = [(STATUS_METADATA, "200"), (CONTENT_TYPE_METADATA, "application/json")];
                grpc(&self.body, &metadata)
            }
            "/bench.Orders/List" => grpc(&self.message, &[]),
            _ => response("application/json", vec![Frame::data(self.json.clone())]),
        })
    }
}

type Body = StreamBody<stream::Iter<std::vec::IntoIter<Result<Frame<Bytes>, Infallible>>>>;

fn grpc(message: &Bytes, metadata: &[(&'static str, &'static str)]) -> Response<Body> {
    let status = (HeaderName::from_static("grpc-status"), HeaderValue::from_static("0"));
    let trailers = HeaderMap::from_iter([status]);
    let mut response =
        response("application/grpc", vec![Frame::data(message.clone()), Frame::trailers(trailers)]);
    for (name, value) in metadata {
        response.headers_mut().insert(*name, HeaderValue::from_static(value));
    }
    response
}

fn response(media_type: &'static str, frames: Vec<Frame<Bytes>>) -> Response<Body> {
    let frames: Vec<_> = frames.into_iter().map(Ok).collect();
    let mut response = Response::new(StreamBody::new(stream::iter(frames)));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// One message in gRPC's frame, not compressed.
fn framed(message: &impl Message) -> Bytes {
    let mut bytes = BytesMut::new();
    bytes.put_u8(0);
    bytes.put_u32(u32::try_from(message.encoded_len()).unwrap_or(u32::MAX));
    bytes.extend_from_slice(&message.encode_to_vec());
    bytes.freeze()
}
