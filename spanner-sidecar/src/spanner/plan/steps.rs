//! A write's steps, planned one after the other in one transaction: what a statement returns has types that later ones
//! use. And before them, once for each role, the rows that every write leaves.

use std::sync::Arc;

use google_cloud_spanner::Error;
use google_cloud_spanner::model::execute_sql_request::QueryMode;
use google_cloud_spanner::statement::Statement;
use google_cloud_spanner::transaction::ReadWriteTransaction;
use google_cloud_spanner::value::Value as SpannerValue;
use spangate_operations::{Action, Operation, Write};
use tokio::time::Instant;

use super::rolled_back::rolled_back;
use super::schema::Schema;
use super::{Columns, Failure, TAG, as_dml, nulls};
use crate::refusal::Reason;
use crate::spanner::connection::Session;
use crate::spanner::database::Database;
use crate::spanner::failure::{self, Phase};
use crate::spanner::{backoff_policy, remaining, retry_policy};

/// For each step the columns that it returns.
pub async fn plan(
    database: &Database,
    session: &Session,
    operation: &Operation,
    write: &Write,
    schema: Arc<Schema>,
    deadline: Instant,
) -> Result<Vec<Columns>, Failure> {
    let job = Arc::new(Job { operation: operation.clone(), write: write.clone(), schema, deadline });
    rolled_back(database, session, deadline, move |transaction| {
        let job = Arc::clone(&job);
        async move { job.run(&transaction).await }
    })
    .await
}

/// That the session's role may leave Spangate's own rows and read them back; otherwise what it lacks.
pub async fn demand_own_rows(
    database: &Database,
    session: &Session,
    deadline: Instant,
) -> Result<Option<String>, Failure> {
    let dialect = database.dialect();
    rolled_back(database, session, deadline, move |transaction| async move {
        for own in as_dml::own_rows(dialect) {
            let types = own.types.into_iter();
            let builder = Statement::builder(own.sql)
                .set_request_tag(TAG)
                .set_query_mode(QueryMode::Plan)
                .with_attempt_timeout(remaining(deadline))
                .with_retry_policy(retry_policy(deadline))
                .with_backoff_policy(backoff_policy());
            let builder = types.fold(builder, |builder, (name, r#type)| {
                builder.add_typed_param(name, SpannerValue::null(), r#type)
            });
            match transaction.execute_query(builder.build()).await {
                Ok(_) => {}
                Err(error) if failure::refusal(&error, Phase::Write).reason == Reason::PermissionDenied => {
                    return Ok(Ok(Some(own.needed.to_owned())));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Ok(None))
    })
    .await
}

struct Job {
    operation: Operation,
    write: Write,
    schema: Arc<Schema>,
    deadline: Instant,
}

impl Job {
    async fn run(&self, transaction: &ReadWriteTransaction) -> Result<Result<Vec<Columns>, Failure>, Error> {
        let mut returned = Vec::new();
        for step in &self.write.steps {
            let (statements, answers) = match &step.action {
                Action::Sql(sql) => (vec![sql.clone()], true),
                Action::Mutate(mutation) => (self.schema.as_dml(mutation), false),
            };
            let mut columns = Columns::default();
            for sql in &statements {
                let statement = match nulls(&self.operation, sql, &returned, self.deadline) {
                    Ok(statement) => statement,
                    Err(failure) => return Ok(Err(failure)),
                };
                let result = transaction.execute_query(statement).await?;
                if answers {
                    columns = Columns::of(result.metadata());
                }
            }
            returned.push(columns);
        }
        Ok(Ok(returned))
    }
}
