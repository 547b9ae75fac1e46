//! The least that an `Execute` can be: a server as the sidecar's, that reads the request to its end and gives an answer
//! without a body. It decodes no call and knows no caller: what is beyond it is the sidecar's own work.

use std::path::Path;

use anyhow::Result;
use futures::stream::{Empty, empty};
use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use spangate_proto::STATUS_METADATA;
use spangate_proto::google::api::HttpBody;
use spangate_proto::v1::gateway_server::{Gateway, GatewayServer};
use tokio::net::UnixListener;
use tonic::metadata::MetadataValue;
use tonic::service::Routes;
use tonic::{Request, Response, Status, Streaming};

struct Nothing;

#[tonic::async_trait]
impl Gateway for Nothing {
    type ExecuteStream = Empty<Result<HttpBody, Status>>;

    async fn execute(
        &self,
        request: Request<Streaming<HttpBody>>,
    ) -> Result<Response<Self::ExecuteStream>, Status> {
        let mut body = request.into_inner();
        while body.message().await?.is_some() {}
        let mut response = Response::new(empty());
        response.metadata_mut().insert(STATUS_METADATA, MetadataValue::from_static("200"));
        Ok(response)
    }
}

/// Serves until the runtime ends.
pub async fn serve(socket: &Path) -> Result<()> {
    let listener = UnixListener::bind(socket)?;
    let routes = Routes::new(GatewayServer::new(Nothing));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = TowerToHyperService::new(routes.clone());
            let connection =
                http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service);
            // Who leaves breaks its connection off.
            tokio::spawn(async { connection.await.ok() });
        }
    });
    Ok(())
}
