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
use google_cloud_spanner::transaction::{BasicTransactionRetryPolicy, ReadWriteTransaction};
use spangate_operations::sql;
use tokio::time::timeout;

pub use failure::Failure;
pub use lock::{Holder, Locked};

use super::history::Row;
use crate::spanner::Access;

/// A transaction of DML may be long: Spanner itself ends one that is idle for ten seconds.
const TRANSACTION: Duration = Duration::from_secs(600);

pub struct Store {
    client: DatabaseClient,
    /// On one session the emulator takes one transaction at a time.
    turn: tokio::sync::Mutex<()>,
}

impl Store {
    pub async fn connect(access: &Access, database: &str) -> anyhow::Result<Self> {
        let spanner = access.spanner().build().await?;
        let client = spanner
            .database_client(database)
            .build()
            .await
            .map_err(|error| anyhow!("{}", failure::message(&error)))?;
        Ok(Self { client, turn: tokio::sync::Mutex::default() })
    }

    /// In the order of the versions.
    pub async fn history(&self) -> anyhow::Result<Vec<Row>> {
        let transaction = self.client.single_use().build();
        let read = async {
            let mut result = transaction.execute_query(rows::SELECT).await?;
            let mut rows = Vec::new();
            while let Some(row) = result.next().await {
                rows.push(rows::read(&row?)?);
            }
            Ok::<_, google_cloud_spanner::Error>(rows)
        };
        let rows =
            read.await.map_err(|error| anyhow!("cannot read the history: {}", failure::message(&error)))?;
        rows.into_iter().collect()
    }

    /// Who migrates now.
    pub async fn holder(&self) -> anyhow::Result<Option<Locked>> {
        let transaction = self.client.single_use().build();
        let read = async {
            let mut result = transaction.execute_query(lock::SELECT).await?;
            result.next().await.transpose()?.as_ref().map(lock::read).transpose()
        };
        read.await.map_err(|error| anyhow!("cannot read the lock: {}", failure::message(&error)))
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
        let transaction = self.client.partitioned_dml_transaction().build();
        let done = transaction.execute_update(statement.to_owned()).await;
        done.map(|_| ()).map_err(|error| anyhow!("{}", failure::message(&error)))
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
        let runner = self
            .client
            .read_write_transaction()
            .with_transaction_timeout(TRANSACTION)
            .with_retry_policy(BasicTransactionRetryPolicy::new().with_total_timeout(TRANSACTION))
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
                    let mut result = transaction.execute_query(lock::SELECT).await?;
                    let locked = result.next().await.transpose()?.as_ref().map(lock::read).transpose()?;
                    let mutations = match decide(locked) {
                        Ok(mutations) => mutations,
                        Err(failure) => {
                            give_up(failure);
                            return Err(google_cloud_spanner::Error::binding("given up"));
                        }
                    };
                    for (index, statement) in dml.iter().enumerate() {
                        if let Err(error) = transaction.execute_update(statement.text.clone()).await {
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
            Err(_) => Err(Failure::Other("the database did not answer in time".to_owned())),
        }
    }
}
