//! A database of one's own for a moment: the live schema, the migration on top of it, and every operation planned
//! there. Its plans are the truth about what is gone, so they replace what the text makes likely.

use std::sync::Arc;

use anyhow::{Context, bail};
use spangate_operations::Operation;
use tokio::time::Instant;

use super::super::Bench;
use super::super::file::Kind;
use super::super::history::Step;
use super::Breach;
use crate::admin::Made;
use crate::metrics::Metrics;
use crate::spanner::{Database, Plan, Round, Site};

const PLAN: std::time::Duration = std::time::Duration::from_secs(30);

impl Bench {
    pub(in crate::migration) async fn tried(
        &self,
        scratch: &str,
        schema: &[String],
        steps: &[Step<'_>],
        protected: &[&Operation],
        of_text: Vec<Breach>,
    ) -> anyhow::Result<Vec<Breach>> {
        if scratch == self.database {
            bail!("the scratch database is dropped in the end: it cannot be the database itself");
        }
        match self.admin.make_database(scratch, self.dialect, schema).await.context("the scratch database")? {
            Made::Already => {
                bail!("the scratch database `{scratch}` has tables: name one that does not exist")
            }
            Made::Now => {}
        }
        let planned = self.planned(scratch, steps, protected).await;
        self.admin.drop_database(scratch).await?;
        let mut breaches = planned?;
        breaches.extend(of_text.into_iter().filter(|breach| !breach.planning_tells));
        Ok(breaches)
    }

    async fn planned(
        &self,
        scratch: &str,
        steps: &[Step<'_>],
        protected: &[&Operation],
    ) -> anyhow::Result<Vec<Breach>> {
        for Step { file, from, .. } in steps.iter().filter(|step| step.file.kind == Kind::Ddl) {
            let applied = self.admin.change_schema(scratch, &file.texts(*from)).await;
            applied.with_context(|| format!("{}, in the scratch database", file.name))?;
        }
        let Some(model) = self.operations.databases.get(&self.key) else { return Ok(Vec::new()) };
        let site = Site {
            access: self.access.clone(),
            region: None,
            is_emulator: self.admin.is_emulator(),
            metrics: Arc::new(Metrics::new()),
        };
        let settings = spangate_operations::Database { name: scratch.to_owned(), ..model.clone() };
        let database = Database::new(&self.key, settings, Arc::new(site));
        let round = Round::default();
        let mut breaches = Vec::new();
        for operation in protected {
            match round.plan(&database, operation, Instant::now() + PLAN).await {
                Plan::Fits => {}
                Plan::Mismatch(why) => {
                    breaches.push(Breach { operation: operation.name.clone(), why, planning_tells: true });
                }
                Plan::Unreachable(why) => {
                    bail!("cannot plan `{}` in the scratch database: {why}", operation.name)
                }
            }
        }
        Ok(breaches)
    }
}
