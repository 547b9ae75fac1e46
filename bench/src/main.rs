//! The filter against Envoy's own `jwt_authn`, `rbac` and `local_ratelimit`, and against a bare Envoy. All contenders
//! run side by side, each in an Envoy of its own with one worker, and take turns within one run, so that whatever
//! else the machine does befalls all of them: only the ratios mean something, and only those of one run.

mod conditions;
mod contender;
mod cpu;
mod issuer;
mod load;
mod report;
mod statistics;
mod upstream;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use spangate_stack::{Programs, dist, target};

use crate::contender::{Contender, Running, Workload};
use crate::issuer::Credentials;
use crate::load::Load;
use crate::report::{Measured, Report};

#[derive(Parser)]
#[command(name = "cargo xtask bench", about = "CPU per request and requests per second, as ratios")]
struct Arguments {
    /// How often each contender has its turn
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// How long a turn is
    #[arg(long, default_value_t = 2)]
    seconds: u64,
    /// Connections that are kept busy, HTTP/1.1
    #[arg(long, default_value_t = 16)]
    connections: u32,
    /// Only this workload
    #[arg(long, value_enum)]
    workload: Option<Workload>,
    /// Where the report goes [default: bench/report.json in the target directory]
    #[arg(long)]
    report: Option<PathBuf>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    anyhow::ensure!(arguments.rounds > 0 && arguments.seconds > 0, "nothing is measured in no time");
    let envoy = Programs::find_envoy().context("no supported Envoy: run `cargo xtask setup`")?;
    let directory = tempfile::Builder::new().prefix("spangate-bench-").tempdir()?;
    let credentials = Credentials::issue(directory.path())?;
    let load = Load::prepare(&credentials, arguments.connections, Duration::from_secs(arguments.seconds))?;
    let _upstream = upstream::serve(&directory.path().join(upstream::SOCKET))?;

    let mut report = Report::new(&arguments, &envoy)?;
    for workload in Workload::ALL {
        if arguments.workload.is_some_and(|only| only != workload) {
            continue;
        }
        let start = |kind| Contender { kind, workload }.start(directory.path(), &envoy, &credentials);
        let mut running = workload.kinds().iter().copied().map(start).collect::<Result<Vec<_>>>()?;
        contender::check(&running, &credentials)?;
        let measured = measure(&mut running, &load, &arguments)?;
        report.workloads.insert(workload, measured);
    }
    let path = arguments.report.clone().unwrap_or_else(|| target().join("bench/report.json"));
    report.write(&path)?;
    println!("{report}");
    println!("written to {}", path.display());
    Ok(())
}

/// Takes turns, after one that warms up and does not count. Every second round goes the other way round, so that
/// nobody always follows the same one.
fn measure(running: &mut [Running], load: &Load, arguments: &Arguments) -> Result<Measured> {
    let mut measured = Measured::default();
    for round in 0..=arguments.rounds {
        eprint!(
            "\r{}: round {round} of {} ",
            running.first().map_or("", Running::workload),
            arguments.rounds
        );
        for contender in running.iter_mut() {
            let turn = contender.turn(load)?;
            if round > 0 {
                measured.turns.entry(contender.kind()).or_default().push(turn);
            }
        }
        running.reverse();
    }
    eprintln!();
    Ok(measured)
}

/// The module that is measured.
fn module() -> PathBuf {
    dist().join("filter.wasm")
}
