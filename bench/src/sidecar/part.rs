//! What this program is when it is started once more: see [`super::helper`].

use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use spangate_mock_spanner::Mock;
use tokio::runtime::Runtime;

use super::client::Client;
use super::drive::{Driven, drive};
use super::layer::Layer;
use super::reader::{ITEMS, OWNER, Reader};
use super::{Form, nothing};

#[derive(clap::Subcommand)]
pub enum Part {
    /// A mock Spanner with the items
    Mock,
    /// The bare client
    Client { form: Form },
    /// The sidecar's operations
    Layer { form: Form, operations: PathBuf },
    /// A server that does nothing
    Nothing { socket: PathBuf },
}

impl Part {
    pub fn run(self) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        match self {
            Self::Mock => {
                let mock = runtime.block_on(mock())?;
                obey(&mock.port.to_string(), |line| {
                    let times = line.strip_prefix("repeat ").context("a mock can only repeat")?;
                    mock.repeat_rows(times.parse()?);
                    Ok(String::new())
                })
            }
            Self::Client { form } => {
                let client = runtime.block_on(Client::connect(form))?;
                obey("ready", |line| read(&runtime, &client, line))
            }
            Self::Layer { form, operations } => {
                let layer = runtime.block_on(Layer::start(&operations, form))?;
                obey("ready", |line| read(&runtime, &layer, line))
            }
            Self::Nothing { socket } => {
                runtime.block_on(nothing::serve(&socket))?;
                obey("ready", |line| bail!("`{line}` is something"))
            }
        }
    }
}

/// Says that it is ready, then answers line by line, until there are no more.
fn obey(ready: &str, mut answer: impl FnMut(&str) -> Result<String>) -> Result<()> {
    let say = |line: &str| {
        let mut output = std::io::stdout().lock();
        writeln!(output, "{line}").and_then(|()| output.flush())
    };
    say(ready)?;
    for line in std::io::stdin().lock().lines() {
        say(&answer(&line?)?)?;
    }
    Ok(())
}

fn read<R: Reader>(runtime: &Runtime, reader: &R, line: &str) -> Result<String> {
    let words: Vec<&str> = line.split(' ').collect();
    match words.as_slice() {
        ["read", id] => Ok(R::told(runtime.block_on(reader.read(id.parse()?))?)?.to_string()),
        ["drive", in_flight, milliseconds] => {
            let during = Duration::from_millis(milliseconds.parse()?);
            let Driven { operations, took } = runtime.block_on(drive(reader, in_flight.parse()?, during))?;
            Ok(format!("{operations} {}", took.as_micros()))
        }
        _ => bail!("`{line}` is not known"),
    }
}

/// With titles of a hundred bytes.
async fn mock() -> Result<Mock> {
    let failed = |status: tonic::Status| anyhow!("{status}");
    let mock = Mock::start(include_str!("../../spanner/schema.sql")).await.map_err(failed)?;
    let title = "x".repeat(96);
    let rows: Vec<String> = (1..=ITEMS).map(|id| format!("('{OWNER}', {id}, '{id:04}{title}')")).collect();
    mock.execute(&format!("INSERT INTO items (owner, id, title) VALUES {};", rows.join(", ")))
        .map_err(failed)?;
    Ok(mock)
}
