//! `spangate`: checks policies and operations, hands policies to Envoy, and issues tokens for development. Every
//! subcommand has its file; what a policy means is decided in `core/`, here as in the filter.

mod check;
mod completions;
mod envoy;
mod eval;
mod issuer;
mod istio;
mod mesh;
mod replace;
mod report;
mod source;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "spangate", version, about = "Policies in front of Spanner, in the mesh you run")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Report every fault of policies and operations, and whether they fit each other.
    Check(check::Arguments),
    /// Write a policy as the extension configuration that Envoy discovers.
    Envoy(envoy::Arguments),
    /// Print a policy as the resources that Istio takes.
    Istio(Box<istio::Arguments>),
    /// Evaluate an expression over JSON bindings.
    Eval(eval::Arguments),
    /// Print what a shell needs to complete these commands.
    Completions(completions::Arguments),
    /// Issue tokens, FOR DEVELOPMENT ONLY: whoever asks is believed.
    Issuer(issuer::Arguments),
}

/// How a run ended; clap's own answer to wrong usage is 2 as well.
enum Verdict {
    Fine,
    Findings,
}

fn main() -> ExitCode {
    let verdict = match Arguments::parse().command {
        Command::Check(arguments) => check::run(&arguments),
        Command::Envoy(arguments) => envoy::run(&arguments),
        Command::Istio(arguments) => istio::run(&arguments),
        Command::Eval(arguments) => eval::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Issuer(arguments) => issuer::run(arguments),
    };
    match verdict {
        Ok(Verdict::Fine) => ExitCode::SUCCESS,
        Ok(Verdict::Findings) => ExitCode::from(1),
        Err(error) => {
            anstream::eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
