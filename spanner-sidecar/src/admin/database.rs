//! Databases as wholes: their making, their end, their schema and dialect. Instances are made in the emulator
//! alone.

use anyhow::{Context, anyhow, bail};
use googleapis_tonic_google_spanner_admin_instance_v1::google::spanner::admin::instance::v1 as instance;
use instance::instance_admin_client::InstanceAdminClient;
use spangate_operations::{Dialect, sql};
use tonic::Code;

use super::{Admin, api};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    Now,
    /// It has tables.
    Already,
}

impl Admin {
    /// The database, with its instance in the emulator; the schema comes in the same step where it can, so that
    /// nobody sees it half made.
    pub async fn make_database(&self, name: &str, dialect: Dialect, ddl: &[String]) -> anyhow::Result<Made> {
        let (parent, id) = name.split_once("/databases/").context("the database's name is malformed")?;
        if self.is_emulator() {
            self.make_instance(parent).await?;
        }
        // PostgreSQL takes no further statements with the first.
        let (api_dialect, with_schema) = match dialect {
            Dialect::PostgreSql => (api::DatabaseDialect::Postgresql, false),
            Dialect::GoogleSql => (api::DatabaseDialect::GoogleStandardSql, true),
        };
        let request = api::CreateDatabaseRequest {
            parent: parent.to_owned(),
            create_statement: format!("CREATE DATABASE {}", sql::quoted(id, dialect)),
            extra_statements: if with_schema { ddl.to_vec() } else { Vec::new() },
            database_dialect: api_dialect.into(),
            ..api::CreateDatabaseRequest::default()
        };
        match self.databases().create_database(self.request(request).await?).await {
            Ok(operation) => {
                self.finish(operation.into_inner()).await?;
                if !with_schema {
                    self.change_schema(name, ddl).await?;
                }
                Ok(Made::Now)
            }
            Err(status) if status.code() == Code::AlreadyExists => self.fill(name, ddl).await,
            Err(status) => bail!("the schema is refused: {}", status.message()),
        }
    }

    pub async fn drop_database(&self, name: &str) -> anyhow::Result<()> {
        let request = api::DropDatabaseRequest { database: name.to_owned() };
        self.databases()
            .drop_database(self.request(request).await?)
            .await
            .map_err(|status| anyhow!("cannot drop `{name}`: {}", status.message()))?;
        Ok(())
    }

    /// The live schema, as DDL.
    pub async fn schema(&self, name: &str) -> anyhow::Result<Vec<String>> {
        let request = api::GetDatabaseDdlRequest { database: name.to_owned() };
        let schema = self
            .databases()
            .get_database_ddl(self.request(request).await?)
            .await
            .map_err(|status| anyhow!("cannot read the schema of `{name}`: {}", status.message()))?;
        Ok(schema.into_inner().statements)
    }

    /// A database that somebody else created: an empty one gets the schema.
    async fn fill(&self, name: &str, ddl: &[String]) -> anyhow::Result<Made> {
        if !self.schema(name).await?.is_empty() {
            return Ok(Made::Already);
        }
        self.change_schema(name, ddl).await?;
        Ok(Made::Now)
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
}
