//! The program; all of it is in the library, where the benchmarks reach it too.

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;
use spanner_sidecar::{Cli, run};

/// A call makes hundreds of small allocations, most of them in the client.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    run(Cli::parse()).await
}
