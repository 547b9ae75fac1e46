//! Serves the mock on an address: `mock-spanner 127.0.0.1:9010 SCHEMA.sql … [-- ROWS.sql …]`.

use anyhow::{Context, anyhow, bail};
use spangate_mock_spanner::Mock;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let Some(address) = arguments.next() else { bail!("usage: mock-spanner ADDRESS SCHEMA… [-- ROWS…]") };
    let files: Vec<String> = arguments.collect();
    let mut parts = files.split(|file| file == "--");
    let ddl = text(parts.next().unwrap_or_default())?;
    let failed = |status: tonic::Status| anyhow!("{}", status.message().to_owned());
    let mock = Mock::on(&ddl, &address).await.map_err(failed)?;
    mock.execute(&text(parts.next().unwrap_or_default())?).map_err(failed)?;
    println!("listening on port {}", mock.port);
    std::future::pending().await
}

fn text(files: &[String]) -> anyhow::Result<String> {
    let read = |file: &String| std::fs::read_to_string(file).with_context(|| format!("cannot read `{file}`"));
    Ok(files.iter().map(read).collect::<Result<Vec<_>, _>>()?.join("\n;\n"))
}
