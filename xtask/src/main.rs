//! `cargo xtask`: the one entry. On a bare machine `demo` and `test` are single commands, since each sets up and
//! builds what it needs.

mod bench;
mod build;
mod demo;
mod fuzz;
mod generate;
mod lint;
mod module;
mod playground;
mod setup;
mod step;
mod test;
mod wasm;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Sets up, builds, shows and tests Spangate")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Gets what cargo does not: the wasm32 target, Envoy, Spanner's emulator, and the tests' OpenID provider
    Setup,
    /// Builds what a user deploys into dist/
    Build,
    /// Starts everything, prints the calls to try, and runs until Ctrl-C
    Demo(demo::Demo),
    /// Runs every test, the demo's calls included
    Test(test::Test),
    /// Compares the gateway with Envoy's own filters and with bare Envoy
    Bench(bench::Bench),
    /// Checks format, lints, generated code and the arrows between the crates
    Lint,
    /// Builds the engine for a browser, and tries it in node
    Playground,
    /// Runs each fuzz target for so many seconds
    Fuzz(fuzz::Fuzz),
    /// Generates the Rust of core/proto and the schema of policies
    Generate,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Setup => setup::setup().and_then(|_| setup::for_tests()),
        Task::Build => setup::setup().and_then(build::build),
        Task::Demo(demo) => demo.run(),
        Task::Test(test) => test.run(),
        Task::Bench(bench) => bench.run(),
        Task::Playground => setup::wasm32().and_then(playground::playground),
        Task::Fuzz(fuzz) => fuzz.run(),
        Task::Lint => lint::lint(),
        Task::Generate => generate::generate_in_place(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("error: {fault:#}");
            ExitCode::FAILURE
        }
    }
}
