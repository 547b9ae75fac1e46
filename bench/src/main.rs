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
mod sidecar;
mod statistics;
mod upstream;
mod workload;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use mimalloc::MiMalloc;
use spangate_stack::{Programs, dist, target};

use crate::contender::{Contender, Running};
use crate::issuer::Issuer;
use crate::load::Load;
use crate::report::{Measured, Memory, Report};
use crate::rotation::Rotation;
use crate::sidecar::Sidecar;
use crate::sidecar::begin::Begin;
use crate::sidecar::held::Held;
use crate::sidecar::part::Part;
use crate::workload::Workload;

/// As in the sidecar, so that its operations, and the bare client beside them, run here as they do there.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

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
    /// The spanner-sidecar against the bare Spanner client
    Sidecar(Sidecar),
    /// What the spanner-sidecar holds in memory under load, and before readers that stand still
    SidecarHeld(Held),
    /// How long the spanner-sidecar takes to serve many operations
    SidecarBegin(Begin),
    #[command(subcommand, hide = true)]
    Part(Part),
}

fn main() -> Result<()> {
    let mut arguments = Arguments::parse();
    let directory = tempfile::Builder::new().prefix("spangate-bench-").tempdir()?;
    match arguments.task.take() {
        Some(Task::Part(part)) => part.run(),
        Some(Task::Sidecar(sidecar)) => sidecar.run(directory.path()),
        Some(Task::SidecarHeld(held)) => held.run(directory.path()),
        Some(Task::SidecarBegin(begin)) => begin.run(),
        Some(Task::Rotation(rotation)) => {
            let envoy = envoy()?;
            let _upstream = upstream::serve(&directory.path().join(upstream::SOCKET))?;
            rotation.run(&envoy, directory.path())
        }
        None => filter(&arguments, directory.path()),
    }
}

fn envoy() -> Result<PathBuf> {
    Programs::find_envoy().context("no supported Envoy: run `cargo xtask setup`")
}

/// The filter against Envoy's own.
fn filter(arguments: &Arguments, directory: &Path) -> Result<()> {
    anyhow::ensure!(arguments.rounds > 0 && arguments.seconds > 0, "nothing is measured in no time");
    let envoy = envoy()?;
    let _upstream = upstream::serve(&directory.join(upstream::SOCKET))?;
    let issuer = Issuer::new()?;

    let mut report = Report::new(arguments, &envoy)?;
    for workload in Workload::ALL {
        if !arguments.workload.is_empty() && !arguments.workload.contains(&workload) {
            continue;
        }
        let turn = Duration::from_secs(arguments.seconds);
        let load = Load::prepare(workload, &issuer, directory, arguments.connections, turn)?;
        let start = |kind| Contender { kind, workload }.start(directory, &envoy, &issuer);
        let mut running = workload.kinds().iter().copied().map(start).collect::<Result<Vec<_>>>()?;
        contender::check(workload, &running, &issuer)?;
        report.workloads.insert(workload, measure(workload, &mut running, &load, arguments)?);
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
