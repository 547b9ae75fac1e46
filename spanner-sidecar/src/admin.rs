//! Administration of databases over gRPC (over REST the emulator answers faults of DDL with a bare 500): schemas,
//! and changes of them as the long-running operations that they are.

mod change;
mod database;
mod endpoint;

use googleapis_tonic_google_longrunning::google::longrunning;
use googleapis_tonic_google_spanner_admin_database_v1::google::spanner::admin::database::v1 as api;
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;
use tonic::{Request, Status};

pub use change::Batch;
pub use database::Made;

use crate::credentials::Credentials;

/// Databases of the emulator, or of Spanner.
#[derive(Clone)]
pub struct Admin {
    channel: Channel,
    /// None before the emulator.
    credentials: Option<Credentials>,
}

impl Admin {
    pub fn is_emulator(&self) -> bool {
        self.credentials.is_none()
    }

    fn databases(&self) -> api::database_admin_client::DatabaseAdminClient<Channel> {
        api::database_admin_client::DatabaseAdminClient::new(self.channel.clone())
    }

    fn operations(&self) -> longrunning::operations_client::OperationsClient<Channel> {
        longrunning::operations_client::OperationsClient::new(self.channel.clone())
    }

    async fn request<T>(&self, message: T) -> Result<Request<T>, Status> {
        let mut request = Request::new(message);
        if let Some(credentials) = &self.credentials {
            *request.metadata_mut() = MetadataMap::from_headers(endpoint::headers(credentials).await?);
        }
        Ok(request)
    }
}
