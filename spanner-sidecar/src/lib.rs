//! The spanner-sidecar: a gRPC server beside Envoy that runs named operations on Spanner. It owns SQL, sessions
//! and transactions; who may call is decided before it, by the filter. The program is [`run`]; [`InProcess`] is what
//! stands between its transport and Spanner, for whoever measures that alone.

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
mod in_process;
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

pub use cli::Cli;
use cli::Command;
pub use in_process::InProcess;

/// Set by whoever runs the emulator; the client library reads it too.
const EMULATOR_HOST: &str = "SPANNER_EMULATOR_HOST";

fn emulator_host() -> Option<String> {
    std::env::var(EMULATOR_HOST).ok().filter(|host| !host.is_empty())
}

/// Does what the command line says, to its end. Needs a runtime, and takes the process's log and signals for itself.
pub async fn run(cli: Cli) -> ExitCode {
    log::init();
    let done = match cli.command {
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
