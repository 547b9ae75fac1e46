//! The history and the lock in the database itself. Every write is one transaction that reads the lock first: who
//! has lost the lease writes nothing any more, however late it notices.

mod failure;
mod lock;
mod rows;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::anyhow;
use google_cloud_spanner::client::DatabaseClient;
use google_cloud_spanner::mutation::Mutation;
use google_cloud_spanner::statement::Statement;
use google_cloud_spanner::transaction::{BasicTransactionRetryPolicy, ReadWriteTransaction};
use spangate_operations::sql;
use tokio::time::timeout;

pub use failure::Failure;
pub use lock::{Holder, Locked};

use super::CONNECT;
use super::history::Row;
use crate::spanner::{Access, bounds};

/// Longest that Spanner is waited for where it has little to do: few rows are read or written.
const ANSWER: Duration = Duration::from_secs(15);
/// A transaction of DML may be long: Spanner itself ends one that is idle for ten seconds.
const TRANSACTION: Duration = Duration::from_secs(600);
/// One statement of partitioned DML goes through a whole table.
const PARTITIONED: Duration = Duration::from_secs(2 * 60 * 60);

pub struct Store {
    client: DatabaseClient,
    /// On one session the emulator takes one transaction at a time.
    turn: tokio::sync::Mutex<()>,
}

impl Store {
    pub async fn connect(access: &Access, database: &str) -> anyhow::Result<Self> {
        let spanner = access.spanner().build().await?;
        let session =
            spanner.database_client(database).with_request_options(bounds::session(CONNECT)).build();
        let client = in_time(CONNECT, session).await;
        let client = client.map_err(|why| anyhow!("cannot reach `{database}`: {why}"))?;
        // New credentials, while a long migration runs, are tried there.
        access.reaches(database, None);
        Ok(Self { client, turn: tokio::sync::Mutex::default() })
    }

    /// In the order of the versions.
    pub async fn history(&self) -> anyhow::Result<Vec<Row>> {
        let transaction = self.client.single_use().build();
        let read = async {
            let mut result = transaction.execute_query(brief(rows::SELECT)).await?;
            let mut rows = Vec::new();
            while let Some(row) = result.next().await {
                rows.push(rows::read(&row?)?);
            }
            Ok(rows)
        };
        let rows = in_time(ANSWER, read).await.map_err(|why| anyhow!("cannot read the history: {why}"))?;
        rows.into_iter().collect()
    }

    /// Who migrates now.
    pub async fn holder(&self) -> anyhow::Result<Option<Locked>> {
        let transaction = self.client.single_use().build();
        let read = async {
            let mut result = transaction.execute_query(brief(lock::SELECT)).await?;
            result.next().await.transpose()?.as_ref().map(lock::read).transpose()
        };
        in_time(ANSWER, read).await.map_err(|why| anyhow!("cannot read the lock: {why}"))
    }

    /// Takes the lease if it is free, run out or the holder's own.
    pub async fn take(&self, holder: &Holder) -> Result<(), Failure> {
        let holder = holder.clone();
        self.transact(Arc::default(), move |locked| match locked {
            Some(locked) if locked.owner != holder.owner && !locked.left.is_zero() => {
                Err(Failure::Held(locked))
            }
            _ => Ok(vec![lock::renewed(&holder)]),
        })
        .await
    }

    /// Gives the lease up, so that the next need not wait for its end.
    pub async fn release(&self, holder: &Holder) -> Result<(), Failure> {
        self.guarded(holder, &[], |_| vec![lock::released()]).await
    }

    pub async fn renew(&self, holder: &Holder) -> Result<(), Failure> {
        self.record(holder, &[], &[]).await
    }

    /// Rows of the history, and the DML that they tell of, or none of both.
    pub async fn record(&self, holder: &Holder, rows: &[Row], dml: &[sql::Statement]) -> Result<(), Failure> {
        let rows: Vec<Mutation> = rows.iter().map(rows::written).collect();
        self.guarded(holder, dml, move |holder| rows.iter().cloned().chain([lock::renewed(holder)]).collect())
            .await
    }

    /// At least once on every row that it concerns.
    pub async fn partitioned(&self, statement: &str) -> anyhow::Result<()> {
        let _turn = self.turn.lock().await;
        let retries = BasicTransactionRetryPolicy::new().with_total_timeout(PARTITIONED);
        let transaction = self.client.partitioned_dml_transaction().with_retry_policy(retries).build();
        let done = transaction.execute_update(bounds::statement(statement, PARTITIONED));
        in_time(PARTITIONED, done).await.map(|_| ()).map_err(anyhow::Error::msg)
    }

    async fn guarded(
        &self,
        holder: &Holder,
        dml: &[sql::Statement],
        mutations: impl Fn(&Holder) -> Vec<Mutation> + Clone + Send + Sync + 'static,
    ) -> Result<(), Failure> {
        let holder = holder.clone();
        self.transact(dml.into(), move |locked| match locked {
            Some(locked) if locked.owner == holder.owner => Ok(mutations(&holder)),
            other => Err(Failure::Lost(other.map(|locked| locked.owner))),
        })
        .await
    }

    /// One read-write transaction: the lock is read, and what is decided of it is done, or nothing.
    async fn transact(
        &self,
        dml: Arc<[sql::Statement]>,
        decide: impl Fn(Option<Locked>) -> Result<Vec<Mutation>, Failure> + Clone + Send + Sync + 'static,
    ) -> Result<(), Failure> {
        let _turn = self.turn.lock().await;
        let commit = if dml.is_empty() { ANSWER } else { TRANSACTION };
        let runner = self
            .client
            .read_write_transaction()
            .with_transaction_timeout(TRANSACTION)
            .with_retry_policy(BasicTransactionRetryPolicy::new().with_total_timeout(TRANSACTION))
            .with_begin_attempt_timeout(ANSWER)
            .with_begin_retry_policy(bounds::retries(ANSWER))
            .with_commit_attempt_timeout(commit)
            .with_commit_retry_policy(bounds::retries(commit))
            .with_rollback_attempt_timeout(ANSWER)
            .with_rollback_retry_policy(bounds::retries(ANSWER))
            .build();
        // The runner's error is the client's own: why we gave up travels beside it.
        let given_up = Arc::new(Mutex::new(None::<Failure>));
        let run = runner.run({
            let given_up = Arc::clone(&given_up);
            move |transaction: ReadWriteTransaction| {
                let (dml, decide, given_up) = (Arc::clone(&dml), decide.clone(), Arc::clone(&given_up));
                let give_up = move |failure| {
                    *given_up.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
                };
                async move {
                    let mut result = transaction.execute_query(brief(lock::SELECT)).await?;
                    let locked = result.next().await.transpose()?.as_ref().map(lock::read).transpose()?;
                    let mutations = match decide(locked) {
                        Ok(mutations) => mutations,
                        Err(failure) => {
                            give_up(failure);
                            return Err(google_cloud_spanner::Error::binding("given up"));
                        }
                    };
                    for (index, statement) in dml.iter().enumerate() {
                        let statement = bounds::statement(&statement.text, TRANSACTION);
                        if let Err(error) = transaction.execute_update(statement).await {
                            give_up(Failure::Statement { index, message: failure::message(&error) });
                            return Err(error);
                        }
                    }
                    transaction.buffer(mutations)
                }
            }
        });
        match timeout(TRANSACTION, run).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => {
                let given_up = given_up.lock().unwrap_or_else(PoisonError::into_inner).take();
                Err(given_up.unwrap_or_else(|| Failure::Other(failure::message(&error))))
            }
            Err(_) => Err(Failure::Other(failure::LATE.to_owned())),
        }
    }
}

fn brief(sql: &str) -> Statement {
    bounds::statement(sql, ANSWER).build()
}

/// What comes of it, or why nothing did.
async fn in_time<T>(
    limit: Duration,
    done: impl Future<Output = Result<T, google_cloud_spanner::Error>>,
) -> Result<T, String> {
    match timeout(limit, done).await {
        Ok(done) => done.map_err(|error| failure::message(&error)),
        Err(_) => Err(failure::LATE.to_owned()),
    }
}
