//! The bare client, as its own documentation has it be used: the yardstick.

use anyhow::{Context, Result};
use google_cloud_spanner::channel_pool::StaticChannelPoolConfig;
use google_cloud_spanner::client::{DatabaseClient, Spanner, SpannerBuilderExt};
use google_cloud_spanner::key;
use google_cloud_spanner::key::KeySet;
use google_cloud_spanner::read::ReadRequest;
use google_cloud_spanner::statement::Statement;
use google_cloud_spanner::value::Value as SpannerValue;
use serde_json::{Value, json};

use super::Form;
use super::reader::{OWNER, Reader};

const DATABASE: &str = "projects/bench/instances/bench/databases/bench";

#[derive(Clone)]
pub struct Client {
    client: DatabaseClient,
    form: Form,
}

impl Client {
    /// To what `SPANNER_EMULATOR_HOST` names, over one channel, as the sidecar has it there.
    pub async fn connect(form: Form) -> Result<Self> {
        let spanner = Spanner::builder().with_channel_pool(StaticChannelPoolConfig::new(1)).build().await?;
        Ok(Self { client: spanner.database_client(DATABASE).build().await?, form })
    }
}

impl Reader for Client {
    type Answer = Vec<SpannerValue>;

    async fn read(&self, id: i64) -> Result<Vec<SpannerValue>> {
        let transaction = self.client.single_use().build();
        let mut result = match self.form {
            Form::Keys => {
                let keys = KeySet::builder().add_key(key![OWNER, id]).build();
                let read = ReadRequest::builder("items", vec!["owner", "id", "title"]).with_keys(keys);
                transaction.execute_read(read.build()).await?
            }
            Form::Sql => {
                let sql = "SELECT owner, id, title FROM items WHERE owner = @owner AND id = @id";
                let statement = Statement::builder(sql).add_param("owner", OWNER).add_param("id", id);
                transaction.execute_query(statement.build()).await?
            }
        };
        let mut found = None;
        while let Some(row) = result.next().await {
            found = Some(row?.into_values());
        }
        found.context("there is no such row")
    }

    fn told(answer: Vec<SpannerValue>) -> Result<Value> {
        let mut texts = answer.into_iter().map(SpannerValue::into_string);
        let mut next = || texts.next().flatten().context("a column lacks");
        Ok(json!({"owner": next()?, "id": next()?, "title": next()?}))
    }
}
