//! A file's DML in one transaction: all of the rows, or none.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, anyhow};
use google_cloud_spanner::client::Spanner;
use google_cloud_spanner::transaction::{BasicTransactionRetryPolicy, ReadWriteTransaction};
use spangate_operations::sql;
use tokio::time::timeout;

use super::named;

const LIMIT: Duration = Duration::from_secs(120);

pub async fn insert(database: &str, statements: &[sql::Statement]) -> anyhow::Result<()> {
    timeout(LIMIT, run(database, statements)).await.context("the emulator did not take the rows in time")?
}

async fn run(database: &str, statements: &[sql::Statement]) -> anyhow::Result<()> {
    let spanner = Spanner::builder().build().await?;
    let client = spanner.database_client(database).build().await?;
    let statements: Arc<[sql::Statement]> = statements.into();
    // Which statement is under way, for the message.
    let current = Arc::new(Mutex::new(None::<String>));
    let runner = client
        .read_write_transaction()
        .with_transaction_timeout(LIMIT)
        .with_retry_policy(BasicTransactionRetryPolicy::new().with_total_timeout(LIMIT))
        .build();
    let done = runner
        .run({
            let current = Arc::clone(&current);
            move |transaction: ReadWriteTransaction| {
                let (statements, current) = (Arc::clone(&statements), Arc::clone(&current));
                async move {
                    for statement in statements.iter() {
                        *current.lock().unwrap_or_else(PoisonError::into_inner) = Some(named(statement));
                        transaction.execute_update(statement.text.clone()).await?;
                    }
                    *current.lock().unwrap_or_else(PoisonError::into_inner) = None;
                    Ok(())
                }
            }
        })
        .await;
    match done {
        Ok(_) => Ok(()),
        Err(error) => {
            let place = current.lock().unwrap_or_else(PoisonError::into_inner).take();
            let message = error.status().map_or_else(|| error.to_string(), |status| status.message.clone());
            Err(anyhow!("{}: {message}", place.unwrap_or_else(|| "the commit".to_owned())))
        }
    }
}
