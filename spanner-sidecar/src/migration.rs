//! Schema evolution: Spangate's own tables, and a team's migrations. Knows SQL only as far as it must to tell what a
//! migration takes away from the operations that are served.

mod apply;
mod breaking;
mod file;
mod grants;
mod history;
mod init;
mod lease;
pub mod own_tables;
mod repair;
mod report;
mod status;
mod store;
mod up;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use spangate_operations::{Database, Dialect, Operations};
use tokio::time::Instant;

use crate::admin::Admin;
use crate::cli::{Action, Migrate, Patience};
use crate::document;
use crate::spanner::Access;
use lease::Lease;
use report::Report;
use store::Store;

const CONNECT: Duration = Duration::from_secs(10);

/// What every action works on.
struct Bench {
    access: Access,
    admin: Admin,
    operations: Operations,
    /// Key of the database in the operations.
    key: String,
    database: String,
    dialect: Dialect,
    report: Report,
}

/// Whether there is something that a person must see to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Fine,
    Finding,
}

/// Exits as all of Spangate's commands: 0 fine, 1 a finding, 2 what kept it from its work.
pub async fn run(options: Migrate) -> ExitCode {
    match act(options).await {
        Ok(Verdict::Fine) => ExitCode::SUCCESS,
        Ok(Verdict::Finding) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn act(options: Migrate) -> anyhow::Result<Verdict> {
    let Migrate { action, operations, database, json, google } = options;
    let operations = document::read(&operations)?;
    let (key, database) = chosen(&operations, database.as_deref())?;
    let (key, dialect, database) = (key.to_owned(), database.dialect, database.name.clone());
    let access = Access::start(&google).await?;
    let admin = Admin::connect(&access, Instant::now() + CONNECT).await?;
    let bench = Bench { access, admin, operations, key, database, dialect, report: Report { json } };
    match action {
        Action::Init { dry_run } => bench.init(dry_run).await,
        Action::Status { folder } => bench.status(&folder).await,
        Action::Plan { folder, breaking } => bench.plan(&folder, &breaking, None).await,
        Action::Up { upward } => bench.up(&upward, None).await,
        Action::To { version, upward } => bench.up(&upward, Some(version)).await,
        Action::Baseline { version, folder, patience } => bench.baseline(version, &folder, &patience).await,
        Action::Repair { folder, patience, applied, undone } => {
            bench.repair(&folder, &patience, applied, undone).await
        }
    }
}

fn chosen<'o>(operations: &'o Operations, key: Option<&str>) -> anyhow::Result<(&'o str, &'o Database)> {
    let all = &operations.databases;
    let found = match key {
        Some(key) => {
            all.get_key_value(key).with_context(|| format!("the operations have no database `{key}`"))?
        }
        None => match (all.iter().next(), all.len()) {
            (Some(only), 1) => only,
            _ => bail!("which of the databases? name it by `--database`"),
        },
    };
    Ok((found.0, found.1))
}

impl Bench {
    /// The history's store, once its tables are known to be there.
    async fn store(&self) -> anyhow::Result<Arc<Store>> {
        let lacking = own_tables::missing(
            &self.admin.schema(&self.database).await?,
            &[own_tables::MIGRATIONS, own_tables::LOCK],
        );
        if !lacking.is_empty() {
            bail!(
                "`{}` lacks {}: run `spanner-sidecar migrate init` first",
                self.database,
                lacking.join(", ")
            );
        }
        Ok(Arc::new(Store::connect(&self.access, &self.database).await?))
    }

    async fn lease(&self, store: &Arc<Store>, patience: &Patience) -> anyhow::Result<Lease> {
        Lease::take(Arc::clone(store), patience.lease, patience.lock_wait).await
    }
}
