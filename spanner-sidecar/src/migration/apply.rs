//! One step after the other, each written down so that whoever comes after a kill knows what is done: DDL by the
//! batch's own name at Spanner, DML in one transaction with its row, partitioned DML statement by statement.

use std::sync::Arc;

use anyhow::{anyhow, bail};

use super::file::{File, Kind};
use super::history::{Row, State, Step};
use super::report::Report;
use super::store::{Failure, Holder, Store};
use crate::admin::{Admin, Batch};

pub struct Apply<'a> {
    pub admin: &'a Admin,
    pub store: &'a Arc<Store>,
    pub holder: &'a Holder,
    pub database: &'a str,
    pub by: &'a str,
    pub report: &'a Report,
}

impl Apply<'_> {
    pub async fn step(&self, step: &Step<'_>) -> anyhow::Result<()> {
        self.report.begun(step);
        match step.file.kind {
            Kind::Ddl => self.ddl(step).await?,
            Kind::Dml => self.dml(step).await?,
            Kind::Partitioned => self.partitioned(step).await?,
        }
        self.report.applied(step);
        Ok(())
    }

    async fn ddl(&self, step: &Step<'_>) -> anyhow::Result<()> {
        let Step { file, from, attempt, .. } = *step;
        let id = operation_id(file, attempt);
        let name = format!("{}/operations/{id}", self.database);
        // Spanner may know the batch of one that was killed; what it never got is sent now.
        let known = step.resumed
            && self.admin.batch(&name).await.map_err(|status| anyhow!("{}", status.message()))?.is_some();
        if !known {
            self.record(Row::of(file, State::Running, from, attempt, self.by)).await?;
            if let Err(status) = self.admin.submit(self.database, &id, &file.texts(from)).await {
                if is_lost(&status) && !matches!(self.admin.batch(&name).await, Ok(None)) {
                    bail!(
                        "{}: the answer was lost: {}; `migrate up` finds out how it ended",
                        file.name,
                        status.message()
                    );
                }
                return self.stopped(step, from, status.message()).await;
            }
        }
        let total = file.statements.len();
        let Batch { applied, failure, .. } =
            self.admin.watch(&name, |batch| self.report.progress(file, from + batch.applied)).await?;
        match failure {
            None => self.record(Row::of(file, State::Applied, total, attempt, self.by)).await,
            Some(message) => self.stopped(step, (from + applied).min(total), &message).await,
        }
    }

    async fn dml(&self, step: &Step<'_>) -> anyhow::Result<()> {
        let Step { file, attempt, .. } = *step;
        let row = Row::of(file, State::Applied, file.statements.len(), attempt, self.by);
        let failure = match self.store.record(self.holder, &[row], &file.statements).await {
            Ok(()) => return Ok(()),
            Err(failure) => failure,
        };
        // An answer that was lost: the row is there exactly if all the rest is.
        if let Failure::Other(_) = failure
            && self
                .store
                .history()
                .await?
                .iter()
                .any(|row| row.version == file.version && row.state.is_done())
        {
            return Ok(());
        }
        match failure {
            Failure::Statement { index, message } => {
                bail!("{}: {message}\nnothing of {} is applied", file.place(index), file.name)
            }
            failure => bail!("{}: {failure}\nnothing of it is applied", file.name),
        }
    }

    async fn partitioned(&self, step: &Step<'_>) -> anyhow::Result<()> {
        let Step { file, from, attempt, .. } = *step;
        for (index, statement) in file.statements.iter().enumerate().skip(from) {
            self.record(Row::of(file, State::Running, index, attempt, self.by)).await?;
            self.report.progress(file, index);
            if let Err(error) = self.store.partitioned(&statement.text).await {
                return self.stopped(step, index, &error.to_string()).await;
            }
        }
        self.record(Row::of(file, State::Applied, file.statements.len(), attempt, self.by)).await
    }

    async fn record(&self, row: Row) -> anyhow::Result<()> {
        let name = row.name.clone();
        self.store
            .record(self.holder, &[row], &[])
            .await
            .map_err(|failure| anyhow!("{name}: the history was not written: {failure}"))
    }

    /// Half applied, or not at all: writes down how far, and says what is to be done.
    async fn stopped(&self, step: &Step<'_>, applied: usize, message: &str) -> anyhow::Result<()> {
        let Step { file, attempt, .. } = *step;
        self.record(Row::of(file, State::Stopped, applied, attempt, self.by)).await?;
        bail!("{}", half_applied(file, applied, message))
    }
}

/// What a person needs to know of a file that stopped.
fn half_applied(file: &File, applied: usize, message: &str) -> String {
    let total = file.statements.len();
    let stays = match applied {
        0 => "nothing of the file is applied: mend it".to_owned(),
        1 => format!("1 of {total} statements is applied and must stay as it is: mend those after it"),
        _ => format!(
            "{applied} of {total} statements are applied and must stay as they are: mend those after them"
        ),
    };
    format!("{}: {message}\n{stays}, and run `migrate up` again: it goes on from there", file.place(applied))
}

/// The name under which Spanner knows the batch: the same after a kill, another one for another try.
pub fn operation_id(file: &File, attempt: u32) -> String {
    let checksum = file.checksum(file.statements.len());
    let short: String = checksum.chars().take(16).collect();
    format!("spangate_{}_{short}_{attempt}", file.version)
}

/// Whether the request may have been taken all the same.
fn is_lost(status: &tonic::Status) -> bool {
    use tonic::Code;
    matches!(
        status.code(),
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Unknown | Code::Internal
    )
}
