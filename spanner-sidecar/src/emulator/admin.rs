//! The emulator's administration over gRPC: over REST it answers faults of DDL with a bare 500.

use std::time::Duration;

use anyhow::{Context, bail};
use database::database_admin_client::DatabaseAdminClient;
use googleapis_tonic_google_longrunning::google::longrunning;
use googleapis_tonic_google_spanner_admin_database_v1::google::spanner::admin::database::v1 as database;
use googleapis_tonic_google_spanner_admin_instance_v1::google::spanner::admin::instance::v1 as instance;
use instance::instance_admin_client::InstanceAdminClient;
use longrunning::operation::Result as Outcome;
use longrunning::operations_client::OperationsClient;
use longrunning::{GetOperationRequest, Operation};
use tokio::time::{Instant, sleep, timeout};
use tonic::Code;
use tonic::transport::{Channel, Endpoint};

const CALL: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(100);

pub struct Admin {
    channel: Channel,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    Now,
    /// It has tables.
    Already,
}

impl Admin {
    /// Waits until the emulator answers.
    pub async fn connect(host: &str, deadline: Instant) -> anyhow::Result<Self> {
        let address = if host.contains("://") { host.to_owned() } else { format!("http://{host}") };
        let endpoint = Endpoint::from_shared(address)
            .with_context(|| format!("`{host}` is no address of an emulator"))?
            .connect_timeout(Duration::from_secs(2))
            .timeout(CALL);
        loop {
            match endpoint.connect().await {
                Ok(channel) => return Ok(Self { channel }),
                Err(error) if Instant::now() >= deadline => {
                    return Err(error).with_context(|| format!("no emulator answers at `{host}`"));
                }
                Err(_) => sleep(PAUSE).await,
            }
        }
    }

    /// The database with its instance; the schema comes in the same step, so that nobody sees it half made.
    pub async fn make_database(&self, name: &str, ddl: &[String]) -> anyhow::Result<Made> {
        let (instance_name, id) =
            name.split_once("/databases/").context("the database's name is malformed")?;
        self.make_instance(instance_name).await?;
        let request = database::CreateDatabaseRequest {
            parent: instance_name.to_owned(),
            create_statement: format!("CREATE DATABASE `{id}`"),
            extra_statements: ddl.to_vec(),
            ..database::CreateDatabaseRequest::default()
        };
        match DatabaseAdminClient::new(self.channel.clone()).create_database(request).await {
            Ok(operation) => {
                self.finish(operation.into_inner()).await?;
                Ok(Made::Now)
            }
            Err(status) if status.code() == Code::AlreadyExists => self.fill(name, ddl).await,
            Err(status) => bail!("the schema is refused: {}", status.message()),
        }
    }

    pub async fn drop_database(&self, name: &str) -> anyhow::Result<()> {
        let request = database::DropDatabaseRequest { database: name.to_owned() };
        DatabaseAdminClient::new(self.channel.clone()).drop_database(request).await.map_err(|status| {
            anyhow::anyhow!("cannot drop `{name}`, which was left half made: {}", status.message())
        })?;
        Ok(())
    }

    /// A database that somebody else created: an empty one gets the schema.
    async fn fill(&self, name: &str, ddl: &[String]) -> anyhow::Result<Made> {
        let mut client = DatabaseAdminClient::new(self.channel.clone());
        let present = client
            .get_database_ddl(database::GetDatabaseDdlRequest { database: name.to_owned() })
            .await
            .map_err(|status| anyhow::anyhow!("cannot read the schema of `{name}`: {}", status.message()))?;
        if !present.into_inner().statements.is_empty() {
            return Ok(Made::Already);
        }
        let request = database::UpdateDatabaseDdlRequest {
            database: name.to_owned(),
            statements: ddl.to_vec(),
            ..database::UpdateDatabaseDdlRequest::default()
        };
        match client.update_database_ddl(request).await {
            Ok(operation) => {
                self.finish(operation.into_inner()).await?;
                Ok(Made::Now)
            }
            Err(status) => bail!("the schema is refused: {}", status.message()),
        }
    }

    async fn make_instance(&self, name: &str) -> anyhow::Result<()> {
        let (project, id) = name.split_once("/instances/").context("the instance's name is malformed")?;
        let request = instance::CreateInstanceRequest {
            parent: project.to_owned(),
            instance_id: id.to_owned(),
            instance: Some(instance::Instance {
                name: name.to_owned(),
                config: format!("{project}/instanceConfigs/emulator-config"),
                display_name: id.to_owned(),
                node_count: 1,
                ..instance::Instance::default()
            }),
        };
        match InstanceAdminClient::new(self.channel.clone()).create_instance(request).await {
            Ok(operation) => self.finish(operation.into_inner()).await,
            Err(status) if status.code() == Code::AlreadyExists => Ok(()),
            Err(status) => bail!("cannot create `{name}`: {}", status.message()),
        }
    }

    async fn finish(&self, mut operation: Operation) -> anyhow::Result<()> {
        let mut client = OperationsClient::new(self.channel.clone());
        let poll = async {
            while !operation.done {
                sleep(PAUSE).await;
                let request = GetOperationRequest { name: operation.name.clone() };
                operation = client.get_operation(request).await?.into_inner();
            }
            Ok::<_, tonic::Status>(operation)
        };
        let done = timeout(CALL, poll).await.context("the emulator did not finish in time")?;
        match done.map_err(|status| anyhow::anyhow!("{}", status.message()))?.result {
            Some(Outcome::Error(status)) => bail!("the schema is refused: {}", status.message),
            Some(Outcome::Response(_)) | None => Ok(()),
        }
    }
}
