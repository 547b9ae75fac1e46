//! Calls over the sidecar's socket, as the filter makes them of HTTP.

use std::path::Path;

use anyhow::{Result, anyhow};
use hyper_util::rt::TokioIo;
use prost::Message;
use serde_json::Value;
use spangate_proto::CALL_METADATA;
use spangate_proto::google::api::HttpBody;
use spangate_proto::v1::gateway_client::GatewayClient;
use spangate_proto::v1::{Cache, Call, Identity, Parameter};
use tokio::net::UnixStream;
use tonic::metadata::MetadataValue;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Streaming};

use super::reader::{OWNER, Reader};

/// Long enough that nothing which is kept runs out during a run.
const TTL_MS: u64 = 3_600_000;
/// Of a stream that nobody reads, so that it holds up no other one.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 128 * 1024 * 1024;

#[derive(Clone)]
pub struct Caller {
    client: GatewayClient<Channel>,
    operation: &'static str,
    kept: bool,
}

impl Caller {
    /// The connection is made with the first call, within a runtime.
    pub fn new(socket: &Path, operation: &'static str) -> Self {
        let socket = socket.to_owned();
        // The address is a form: the connector knows where to go.
        let endpoint = Endpoint::from_static("http://sidecar")
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW);
        let channel = endpoint.connect_with_connector_lazy(tower::service_fn(move |_| {
            let socket = socket.clone();
            async move { UnixStream::connect(socket).await.map(TokioIo::new) }
        }));
        Self { client: GatewayClient::new(channel), operation, kept: false }
    }

    /// The same, with a `cache` step in the policy.
    pub fn kept(mut self) -> Self {
        self.kept = true;
        self
    }

    /// An answer whose body nobody has read yet.
    pub async fn begin(&self, id: Option<i64>) -> Result<Streaming<HttpBody>> {
        let mut call = call(self.operation, id);
        call.cache = self.kept.then(|| Cache { ttl_ms: TTL_MS, ..Cache::default() });
        let mut request = Request::new(futures::stream::empty());
        let value = MetadataValue::from_bytes(&call.encode_to_vec());
        request.metadata_mut().insert_bin(CALL_METADATA, value);
        let answer = self.client.clone().execute(request).await;
        Ok(answer.map_err(|status| anyhow!("{status}"))?.into_inner())
    }
}

impl Reader for Caller {
    type Answer = Vec<u8>;

    async fn read(&self, id: i64) -> Result<Vec<u8>> {
        // What is kept is always the same.
        let mut pieces = self.begin(Some(if self.kept { 1 } else { id })).await?;
        let mut body = Vec::new();
        while let Some(piece) = pieces.message().await? {
            body.extend_from_slice(&piece.data);
        }
        Ok(body)
    }

    fn told(answer: Vec<u8>) -> Result<Value> {
        Ok(if answer.is_empty() { Value::Null } else { serde_json::from_slice(&answer)? })
    }
}

/// With all that the filter says of a caller.
pub fn call(operation: &str, id: Option<i64>) -> Call {
    let text = str::to_owned;
    Call {
        operation: text(operation),
        path: id.map(|id| Parameter { name: text("id"), value: id.to_string() }).into_iter().collect(),
        identity: Some(Identity {
            issuer: text("development"),
            subject: text("c0ffee00-0000-4000-8000-000000000001"),
            tenant: Some(text(OWNER)),
            roles: vec![text("Storefront.Read")],
            scopes: vec![text("orders")],
            claims: Vec::new(),
        }),
        request_id: text("0b3d7c9e-5a52-4f0e-9a39-5f7a3c1d2e4f"),
        policy_revision: text("6c1f0e7a9d3b"),
        policy_operation: text("items.read_item"),
        ..Call::default()
    }
}
