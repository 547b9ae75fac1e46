//! The filter against Envoy's own `jwt_authn`, `rbac` and `local_ratelimit`, and against a bare Envoy. All contenders
//! run side by side, each in an Envoy of its own with one worker, and take turns within one run, so that whatever
//! else the machine does befalls all of them: only the ratios mean something, and only those of one run.

mod conditions;
mod contender;
mod cpu;
mod issuer;
mod load;
mod memory;
mod report;
mod rotation;
mod statistics;
mod upstream;
mod workload;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use spangate_stack::{Programs, dist, target};

use crate::contender::{Contender, Running};
use crate::issuer::Issuer;
use crate::load::Load;
use crate::report::{Measured, Memory, Report};
use crate::rotation::Rotation;
use crate::workload::Workload;

#[derive(Parser)]
#[command(name = "cargo xtask bench", about = "CPU per request and requests per second, as ratios")]
struct Arguments {
    #[command(subcommand)]
    task: Option<Task>,
    /// How often each contender has its turn
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// How long a turn is
    #[arg(long, default_value_t = 2)]
    seconds: u64,
    /// Connections that are kept busy, HTTP/1.1
    #[arg(long, default_value_t = 16)]
    connections: u32,
    /// Only this workload; may be repeated
    #[arg(long, value_enum)]
    workload: Vec<Workload>,
    /// Where the report goes [default: bench/report.json in the target directory]
    #[arg(long)]
    report: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Task {
    /// Counts what is refused while keys rotate under load
    Rotation(Rotation),
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    anyhow::ensure!(arguments.rounds > 0 && arguments.seconds > 0, "nothing is measured in no time");
    let envoy = Programs::find_envoy().context("no supported Envoy: run `cargo xtask setup`")?;
    let directory = tempfile::Builder::new().prefix("spangate-bench-").tempdir()?;
    let _upstream = upstream::serve(&directory.path().join(upstream::SOCKET))?;
    if let Some(Task::Rotation(rotation)) = &arguments.task {
        return rotation.run(&envoy, directory.path());
    }
    let issuer = Issuer::new()?;

    let mut report = Report::new(&arguments, &envoy)?;
    for workload in Workload::ALL {
        if !arguments.workload.is_empty() && !arguments.workload.contains(&workload) {
            continue;
        }
        let turn = Duration::from_secs(arguments.seconds);
        let load = Load::prepare(workload, &issuer, directory.path(), arguments.connections, turn)?;
        let start = |kind| Contender { kind, workload }.start(directory.path(), &envoy, &issuer);
        let mut running = workload.kinds().iter().copied().map(start).collect::<Result<Vec<_>>>()?;
        contender::check(workload, &running, &issuer)?;
        report.workloads.insert(workload, measure(workload, &mut running, &load, &arguments)?);
    }
    let path = arguments.report.clone().unwrap_or_else(|| target().join("bench/report.json"));
    report.write(&path)?;
    println!("{report}");
    println!("written to {}", path.display());
    Ok(())
}

/// Takes turns, after one that warms up and does not count. Every second round goes the other way round, so that
/// nobody always follows the same one.
fn measure(
    workload: Workload,
    running: &mut [Running],
    load: &Load,
    arguments: &Arguments,
) -> Result<Measured> {
    let mut measured = Measured::default();
    for contender in running.iter() {
        measured.memory.insert(contender.kind(), Memory { before: contender.resident()?, after: 0 });
    }
    for round in 0..=arguments.rounds {
        eprint!("\r{}: round {round} of {} ", workload.name(), arguments.rounds);
        for contender in running.iter_mut() {
            let turn = contender.turn(load)?;
            if round > 0 {
                measured.turns.entry(contender.kind()).or_default().push(turn);
            }
        }
        running.reverse();
    }
    eprintln!();
    for contender in running.iter() {
        if let Some(memory) = measured.memory.get_mut(&contender.kind()) {
            memory.after = contender.resident()?;
        }
    }
    Ok(measured)
}

/// The module that is measured.
fn module() -> PathBuf {
    dist().join("filter.wasm")
}
