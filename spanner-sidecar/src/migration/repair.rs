//! `migrate baseline` and `repair`: the history put right by a person who knows better.

use anyhow::{Context, bail};
use serde_json::json;

use super::file::{self, File};
use super::history::{Row, State};
use super::store::{Holder, Store};
use super::{Bench, Verdict, apply, lease};
use crate::cli;

impl Bench {
    pub(super) async fn baseline(
        &self,
        version: u32,
        folder: &cli::Folder,
        patience: &cli::Patience,
    ) -> anyhow::Result<Verdict> {
        let files = file::read(&folder.migrations, self.dialect)?;
        if files.iter().all(|file| file.version != version) {
            bail!("there is no version {version}");
        }
        let store = self.store().await?;
        let lease = self.lease(&store, patience).await?;
        let done = self.take_as_applied(&store, &lease.holder, &files, version).await;
        lease.release().await;
        done
    }

    async fn take_as_applied(
        &self,
        store: &Store,
        holder: &Holder,
        files: &[File],
        version: u32,
    ) -> anyhow::Result<Verdict> {
        if let Some(row) = store.history().await?.first() {
            bail!(
                "{} is {} already: a baseline is for a database without a history",
                row.name,
                row.state.name()
            );
        }
        let by = lease::person();
        let rows: Vec<Row> = files
            .iter()
            .filter(|file| file.version <= version)
            .map(|file| Row::of(file, State::Baseline, file.statements.len(), 1, &by))
            .collect();
        store.record(holder, &rows, &[]).await?;
        self.told(&rows, "taken as applied");
        Ok(Verdict::Fine)
    }

    pub(super) async fn repair(
        &self,
        folder: &cli::Folder,
        patience: &cli::Patience,
        applied: Option<u32>,
        undone: Option<u32>,
    ) -> anyhow::Result<Verdict> {
        let files = file::read(&folder.migrations, self.dialect)?;
        let store = self.store().await?;
        let lease = self.lease(&store, patience).await?;
        let done = match (applied, undone) {
            (Some(version), _) => self.ended(&store, &lease.holder, &files, version, State::Applied).await,
            (None, Some(version)) => self.ended(&store, &lease.holder, &files, version, State::Stopped).await,
            (None, None) => self.accept(&store, &lease.holder, &files).await,
        };
        lease.release().await;
        done
    }

    /// Files as they are now, in place of what they were when they were applied.
    async fn accept(&self, store: &Store, holder: &Holder, files: &[File]) -> anyhow::Result<Verdict> {
        let mut rows = Vec::new();
        for row in store.history().await? {
            let Some(file) = files.iter().find(|file| file.version == row.version) else { continue };
            if row.state == State::Running || row.agrees(file) {
                continue;
            }
            let statements = if row.state.is_done() { file.statements.len() } else { row.statements };
            rows.push(Row::of(file, row.state, statements, row.attempt, &row.applied_by));
        }
        if rows.is_empty() {
            self.report.say("nothing is to be repaired", &json!({"event": "nothing_to_do"}));
            return Ok(Verdict::Fine);
        }
        store.record(holder, &rows, &[]).await?;
        self.told(&rows, "accepted as it is");
        Ok(Verdict::Fine)
    }

    /// How a half-applied version was ended by hand.
    async fn ended(
        &self,
        store: &Store,
        holder: &Holder,
        files: &[File],
        version: u32,
        state: State,
    ) -> anyhow::Result<Verdict> {
        let rows = store.history().await?;
        let row = rows
            .iter()
            .find(|row| row.version == version)
            .with_context(|| format!("version {version} was never begun"))?;
        let file = files
            .iter()
            .find(|file| file.version == version)
            .with_context(|| format!("there is no version {version}"))?;
        if row.state.is_done() {
            bail!("{} is {}, not half applied", row.name, row.state.name());
        }
        if row.state == State::Running {
            let name = format!("{}/operations/{}", self.database, apply::operation_id(file, row.attempt));
            let batch =
                self.admin.batch(&name).await.map_err(|status| anyhow::anyhow!("{}", status.message()))?;
            if batch.is_some_and(|batch| !batch.done) {
                bail!("Spanner is still at work on {}: `migrate up` waits for it", row.name);
            }
        }
        if state == State::Applied {
            let whole = Row::of(file, State::Applied, file.statements.len(), row.attempt, &lease::person());
            store.record(holder, std::slice::from_ref(&whole), &[]).await?;
            self.told(&[whole], "taken as applied");
        } else {
            // Stopped before its first statement: the next try must not be taken for this one.
            let none = Row::of(file, State::Stopped, 0, row.attempt, &lease::person());
            store.record(holder, std::slice::from_ref(&none), &[]).await?;
            self.told(&[none], "taken as undone");
        }
        Ok(Verdict::Fine)
    }

    fn told(&self, rows: &[Row], what: &str) {
        for row in rows {
            self.report.say(&format!("{}: {what}", row.name), &json!({"event": what, "file": row.name}));
        }
    }
}
