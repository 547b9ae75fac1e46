//! `emulator-setup`: the databases of operations.yaml in the emulator, with a schema and rows. What is there
//! already stays as it is; what fails half way is dropped, so that the next try begins anew.

mod rows;

use std::path::Path;

use anyhow::{Context, bail};
use spangate_operations::{Database, Dialect, sql};
use tokio::time::Instant;

use crate::admin::{Admin, Made};
use crate::migration::own_tables;
use crate::{EMULATOR_HOST, cli, document, emulator_host};

pub async fn setup(options: cli::EmulatorSetup) -> anyhow::Result<()> {
    let Some(host) = emulator_host() else {
        bail!("`{EMULATOR_HOST}` is not set: this command writes to the emulator alone, never to Spanner");
    };
    let operations = document::read(&options.operations)?;
    let admin = Admin::emulator(&host, Instant::now() + options.wait).await?;
    for database in operations.databases.values() {
        set_up(&admin, database, &options).await?;
    }
    Ok(())
}

async fn set_up(admin: &Admin, database: &Database, options: &cli::EmulatorSetup) -> anyhow::Result<()> {
    let Database { name, dialect, .. } = database;
    let dialect = *dialect;
    let schema = statements(&options.schema, dialect)?;
    let data = statements(&options.data, dialect)?;
    let ddl: Vec<String> = schema.into_iter().map(|statement| statement.text).collect();
    let made = admin
        .make_database(name, dialect, &ddl)
        .await
        .with_context(|| format!("`{}`", options.schema.display()))?;
    let own = own_tables::create(admin, name, dialect).await?;
    if !own.is_empty() {
        tracing::info!(event = "own_tables_created", database = name, tables = ?own);
    }
    match made {
        Made::Already => {
            tracing::info!(
                event = "database_exists",
                database = name,
                "it has tables already and stays as it is"
            );
            return Ok(());
        }
        Made::Now => tracing::info!(event = "schema_applied", database = name, statements = ddl.len()),
    }
    if let Err(error) = rows::insert(name, &data).await {
        admin.drop_database(name).await?;
        return Err(error).with_context(|| format!("`{}`", options.data.display()));
    }
    tracing::info!(event = "rows_written", database = name, statements = data.len());
    Ok(())
}

fn statements(path: &Path, dialect: Dialect) -> anyhow::Result<Vec<sql::Statement>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    Ok(sql::statements(&text, dialect))
}

/// A statement in a message: where it stands, and how it begins.
fn named(statement: &sql::Statement) -> String {
    let first = statement.text.lines().next().unwrap_or_default();
    format!("line {}: `{first}`", statement.line)
}
