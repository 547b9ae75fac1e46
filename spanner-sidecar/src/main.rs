//! The spanner-sidecar: a gRPC server beside Envoy that runs named operations on Spanner. It owns SQL, sessions
//! and transactions; who may call is decided before it, by the filter.

mod admin;
mod admission;
mod answer;
mod audit;
mod cache;
mod call;
mod cli;
mod credentials;
mod document;
mod emulator;
mod fingerprint;
mod freshness;
mod health;
mod idempotency;
mod json;
mod listener;
mod log;
mod metrics;
mod migration;
mod pages;
mod planning;
mod refusal;
mod secret_file;
mod serve;
mod served;
mod server;
mod service;
mod spanner;
mod watched;

use std::process::ExitCode;

use clap::Parser;
use cli::{Cli, Command};

/// Set by whoever runs the emulator; the client library reads it too.
const EMULATOR_HOST: &str = "SPANNER_EMULATOR_HOST";

fn emulator_host() -> Option<String> {
    std::env::var(EMULATOR_HOST).ok().filter(|host| !host.is_empty())
}

#[tokio::main]
async fn main() -> ExitCode {
    log::init();
    let done = match Cli::parse().command {
        Command::Serve(options) => serve::run(options).await,
        Command::Migrate(options) => return migration::run(options).await,
        Command::Audit(options) => audit::run(options).await,
        Command::EmulatorSetup(options) => emulator::setup(options).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
