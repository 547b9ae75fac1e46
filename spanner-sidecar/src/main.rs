//! The program; all of it is in the library, where the benchmarks reach it too.

use std::process::ExitCode;

use clap::Parser;
use spanner_sidecar::{Cli, run};

#[tokio::main]
async fn main() -> ExitCode {
    run(Cli::parse()).await
}
