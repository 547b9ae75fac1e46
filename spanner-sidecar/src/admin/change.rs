//! A batch of DDL: sent once under a name of its own, watched to its end, and told exactly, since Spanner applies
//! statement by statement and what came before the one that failed stays.

use std::time::Duration;

use anyhow::{anyhow, bail};
use prost::Message;
use tokio::time::sleep;
use tonic::{Code, Status};

use super::longrunning::operation::Result as Outcome;
use super::longrunning::{GetOperationRequest, Operation};
use super::{Admin, api};

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How often in a row an operation may not be found out about: Spanner goes on with it meanwhile.
const TRIES: u32 = 30;

/// How far a batch came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    pub done: bool,
    /// How many of its statements, from the first on, are applied.
    pub applied: usize,
    /// Why the next one is not.
    pub failure: Option<String>,
}

impl Admin {
    /// Sends the batch, unless one of that id has been sent before.
    pub async fn submit(&self, database: &str, id: &str, ddl: &[String]) -> Result<(), Status> {
        let request = api::UpdateDatabaseDdlRequest {
            database: database.to_owned(),
            statements: ddl.to_vec(),
            operation_id: id.to_owned(),
            ..api::UpdateDatabaseDdlRequest::default()
        };
        match self.databases().update_database_ddl(self.request(request).await?).await {
            Ok(_) => Ok(()),
            Err(status) if status.code() == Code::AlreadyExists => Ok(()),
            Err(status) => Err(status),
        }
    }

    /// The batch as it stands, if Spanner knows of it.
    pub async fn batch(&self, name: &str) -> Result<Option<Batch>, Status> {
        match self.operation(name).await {
            Ok(operation) => Ok(Some(Batch::of(&operation))),
            Err(status) if status.code() == Code::NotFound => Ok(None),
            Err(status) => Err(status),
        }
    }

    /// The batch at its end, however long that takes; `progress` sees it at every look before.
    pub async fn watch(&self, name: &str, progress: impl Fn(&Batch)) -> anyhow::Result<Batch> {
        let mut pause = FIRST_PAUSE;
        let mut failures = 0;
        loop {
            match self.operation(name).await {
                Ok(operation) => {
                    failures = 0;
                    let batch = Batch::of(&operation);
                    if batch.done {
                        return Ok(batch);
                    }
                    progress(&batch);
                }
                Err(status) if may_pass(&status) && failures < TRIES => failures += 1,
                Err(status) => bail!("cannot find out about `{name}`: {}", status.message()),
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Where nothing needs to be resumed: applied as a whole, or an error.
    pub async fn change_schema(&self, database: &str, ddl: &[String]) -> anyhow::Result<()> {
        let request = api::UpdateDatabaseDdlRequest {
            database: database.to_owned(),
            statements: ddl.to_vec(),
            ..api::UpdateDatabaseDdlRequest::default()
        };
        match self.databases().update_database_ddl(self.request(request).await?).await {
            Ok(operation) => self.finish(operation.into_inner()).await,
            Err(status) => bail!("the schema is refused: {}", status.message()),
        }
    }

    pub(super) async fn finish(&self, operation: Operation) -> anyhow::Result<()> {
        let batch =
            if operation.done { Batch::of(&operation) } else { self.watch(&operation.name, |_| ()).await? };
        batch.failure.map_or(Ok(()), |failure| Err(anyhow!("the schema is refused: {failure}")))
    }

    async fn operation(&self, name: &str) -> Result<Operation, Status> {
        let request = GetOperationRequest { name: name.to_owned() };
        Ok(self.operations().get_operation(self.request(request).await?).await?.into_inner())
    }
}

impl Batch {
    fn of(operation: &Operation) -> Self {
        let metadata = operation
            .metadata
            .as_ref()
            .and_then(|any| api::UpdateDatabaseDdlMetadata::decode(any.value.as_slice()).ok())
            .unwrap_or_default();
        let failure = match &operation.result {
            Some(Outcome::Error(status)) => Some(status.message.clone()),
            Some(Outcome::Response(_)) | None => None,
        };
        let applied = if operation.done && failure.is_none() {
            metadata.statements.len()
        } else {
            metadata.commit_timestamps.len()
        };
        Self { done: operation.done, applied, failure }
    }
}

/// Whether the next try may do better.
fn may_pass(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable
            | Code::DeadlineExceeded
            | Code::ResourceExhausted
            | Code::Aborted
            | Code::Cancelled
    )
}
