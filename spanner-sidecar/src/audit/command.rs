//! `audit`: reads the rows and shows them, for people in columns or for programs as JSON.

use std::io::{BufWriter, Write as _};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use google_cloud_spanner::Error;
use google_cloud_spanner::value::Value;
use serde_json::{Map, Value as Json};
use spangate_operations::{Database, Operations};
use tokio::time::timeout;

use super::query::{COLUMNS, statement};
use super::shown::escaped;
use crate::cli;
use crate::document;
use crate::spanner::{Access, bounds};

/// Longest that the making of a session takes.
const CONNECT: Duration = Duration::from_secs(10);
/// Longest wait for the first row, and for each further one: the whole table may have to be sorted.
pub const ANSWER: Duration = Duration::from_secs(60);
const LATE: &str = "the database did not answer in time";

pub async fn run(options: cli::Audit) -> anyhow::Result<()> {
    let operations = document::read(&options.operations)?;
    let database = database(&operations, options.database.as_deref())?;
    let access = Access::start(&options.google).await?;
    let spanner = access.spanner().build().await?;
    let session =
        spanner.database_client(&database.name).with_request_options(bounds::session(CONNECT)).build();
    let client =
        in_time(CONNECT, session).await.map_err(|why| anyhow!("cannot reach `{}`: {why}", database.name))?;
    let transaction = client.single_use().build();
    let failed = |why| anyhow!("cannot read the audit: {why}");
    let query = transaction.execute_query(statement(&options, database.dialect));
    let mut rows = in_time(ANSWER, query).await.map_err(failed)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    while let Some(row) = in_time(ANSWER, async { rows.next().await.transpose() }).await.map_err(failed)? {
        let line = shown(&row.into_values(), options.json);
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
        return texts.map(|text| escaped(text.unwrap_or("-"))).collect::<Vec<_>>().join("  ");
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

/// What comes of it, or why nothing did.
async fn in_time<T>(limit: Duration, done: impl Future<Output = Result<T, Error>>) -> Result<T, String> {
    match timeout(limit, done).await {
        Ok(done) => done.map_err(|error| told(&error)),
        Err(_) => Err(LATE.to_owned()),
    }
}

/// Spanner's own words: whoever runs this may read the table.
fn told(error: &Error) -> String {
    if error.is_timeout() {
        return LATE.to_owned();
    }
    error.status().map_or_else(|| error.to_string(), |status| status.message.clone())
}
