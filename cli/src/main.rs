//! `spangate`: checks policies and operations, hands policies to Envoy, and issues tokens for development. Every
//! subcommand has its file; what a policy means is decided in `core/`, here as in the filter.

mod check;
mod completions;
mod effective;
mod envoy;
mod eval;
mod explain;
mod issuer;
mod istio;
mod mesh;
mod openapi;
mod replace;
mod report;
mod schema;
mod source;
mod style;
mod test;
mod token;

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
    /// Run tests of policies, without a gateway.
    Test(test::Arguments),
    /// Show the way of one call through a policy, step by step.
    Explain(explain::Arguments),
    /// List the steps that apply to an operation, each with where it comes from.
    Effective(effective::Arguments),
    /// Write a policy as the extension configuration that Envoy discovers.
    Envoy(envoy::Arguments),
    /// Print a policy as the resources that Istio takes.
    Istio(Box<istio::Arguments>),
    /// Evaluate an expression over JSON bindings.
    Eval(eval::Arguments),
    /// Write what callers may rely on as an OpenAPI document.
    Openapi(openapi::Arguments),
    /// Print the JSON Schema of policies or of operations, for editors.
    Schema(schema::Arguments),
    /// Print what a shell needs to complete these commands.
    Completions(completions::Arguments),
    /// Verify a token as the gateway does, or show what is in it.
    Token(token::Arguments),
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
        Command::Test(arguments) => test::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Effective(arguments) => effective::run(&arguments),
        Command::Envoy(arguments) => envoy::run(&arguments),
        Command::Istio(arguments) => istio::run(&arguments),
        Command::Eval(arguments) => eval::run(&arguments),
        Command::Openapi(arguments) => openapi::run(&arguments),
        Command::Schema(arguments) => schema::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Token(arguments) => token::run(&arguments),
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
