//! `audit`: reads the rows and shows them, for people in columns or for programs as JSON.

use std::io::{BufWriter, Write as _};

use anyhow::{Context, anyhow, bail};
use google_cloud_spanner::Error;
use google_cloud_spanner::value::Value;
use serde_json::{Map, Value as Json};
use spangate_operations::{Database, Operations};

use super::query::{COLUMNS, statement};
use crate::cli;
use crate::document;
use crate::spanner::Access;

pub async fn run(options: cli::Audit) -> anyhow::Result<()> {
    let operations = document::read(&options.operations)?;
    let database = database(&operations, options.database.as_deref())?;
    let access = Access::start(&options.google).await?;
    let client = access.spanner().build().await?.database_client(&database.name).build().await;
    let client = client.map_err(|error| anyhow!("cannot reach `{}`: {}", database.name, told(&error)))?;
    let transaction = client.single_use().build();
    let failed = |error: Error| anyhow!("cannot read the audit: {}", told(&error));
    let mut rows = transaction.execute_query(statement(&options, database.dialect)).await.map_err(failed)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    while let Some(row) = rows.next().await {
        let line = shown(&row.map_err(failed)?.into_values(), options.json);
        writeln!(out, "{line}").context("cannot write the rows")?;
    }
    out.flush().context("cannot write the rows")
}

fn database<'o>(operations: &'o Operations, name: Option<&str>) -> anyhow::Result<&'o Database> {
    let mut all = operations.databases.iter();
    match (name, all.next(), all.next()) {
        (Some(name), ..) => {
            operations.databases.get(name).with_context(|| format!("there is no database `{name}`"))
        }
        (None, Some((_, only)), None) => Ok(only),
        (None, ..) => bail!("the document has not exactly one database: choose by `--database NAME`"),
    }
}

fn shown(values: &[Value], as_json: bool) -> String {
    let texts = values.iter().map(Value::as_str);
    if !as_json {
        return texts.map(|text| text.unwrap_or("-")).collect::<Vec<_>>().join("  ");
    }
    let member = |(name, text): (&&str, Option<&str>)| {
        let value = match (*name, text) {
            (_, None) => Json::Null,
            ("fields", Some(text)) => serde_json::from_str(text).unwrap_or_else(|_| Json::from(text)),
            (_, Some(text)) => Json::from(text),
        };
        ((*name).to_owned(), value)
    };
    Json::Object(COLUMNS.iter().zip(texts).map(member).collect::<Map<_, _>>()).to_string()
}

/// Spanner's own words: whoever runs this may read the table.
fn told(error: &Error) -> String {
    error.status().map_or_else(|| error.to_string(), |status| status.message.clone())
}
