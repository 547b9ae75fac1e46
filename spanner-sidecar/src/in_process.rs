//! The operations without the server before them: what a call costs apart from its transport can be measured only so.

use std::path::Path;
use std::sync::Arc;

use futures::StreamExt;
use spangate_proto::v1::Call;
use tonic::Status;
use tonic::metadata::MetadataMap;

use crate::cache::Cache;
use crate::cli::Google;
use crate::metrics::Metrics;
use crate::served::{Due, Served};
use crate::service::Service;
use crate::spanner::{Access, Site};
use crate::{document, emulator_host};

/// The operations of a document, planned and ready to be called. Cheap to clone.
#[derive(Clone)]
pub struct InProcess(Arc<Service>);

impl InProcess {
    /// Reads the document and plans it against the Spanner that `SPANNER_EMULATOR_HOST` names, or Google's; fails
    /// unless every operation fits. `cache` is the memory for kept answers, in bytes.
    pub async fn start(operations: &Path, cache: u64) -> anyhow::Result<Self> {
        let operations = document::read(operations)?;
        let metrics = Arc::new(Metrics::new());
        let google = Google { credentials: None, impersonate: None, endpoint: None };
        let site = Site {
            access: Access::start(&google).await?,
            region: None,
            is_emulator: emulator_host().is_some(),
            metrics: Arc::clone(&metrics),
        };
        let served = Arc::new(Served::new(operations, site, false));
        let summary = served.plan(Due::All).await;
        anyhow::ensure!(summary.everything_fits(), "not every operation fits: {summary:?}");
        let cache = (cache > 0).then(|| Cache::new(cache, metrics));
        Ok(Self(Arc::new(Service::new(served, cache, None))))
    }

    /// The body of the answer to a call without one, whole.
    pub async fn execute(&self, call: Call) -> Result<Vec<u8>, Status> {
        let answer = self.0.run(&MetadataMap::new(), Ok(call), futures::stream::empty()).await?;
        let mut pieces = answer.into_inner();
        let mut body = Vec::new();
        while let Some(piece) = pieces.next().await {
            body.append(&mut piece?.data);
        }
        Ok(body)
    }
}
