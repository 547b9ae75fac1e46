//! `audit`.

use std::path::PathBuf;

use clap::Args;

use super::Google;

#[derive(Debug, Args)]
pub struct Audit {
    /// Whose `databases` are read.
    #[arg(long, value_name = "FILE")]
    pub operations: PathBuf,

    /// The name under `databases`, where there are several.
    #[arg(long, value_name = "NAME")]
    pub database: Option<String>,

    /// Writes committed at or after this RFC 3339 time.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub since: Option<String>,

    /// Writes committed before this RFC 3339 time.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub until: Option<String>,

    /// Writes of this subject.
    #[arg(long, value_name = "SUBJECT")]
    pub subject: Option<String>,

    /// Writes by this operation of operations.yaml.
    #[arg(long, value_name = "OPERATION")]
    pub operation: Option<String>,

    /// Most rows that are shown.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub limit: u32,

    /// One JSON object a line.
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub google: Google,
}

/// In UTC, as Spanner takes it.
fn time(text: &str) -> Result<String, String> {
    let time = google_cloud_wkt::Timestamp::try_from(text)
        .map_err(|_| "write a time such as `2026-11-24T12:00:00Z`".to_owned())?;
    Ok(String::from(time))
}
