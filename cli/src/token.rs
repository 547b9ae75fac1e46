//! `spangate token`: what a token says, and whether the gateway would accept it, by the code that decides in the gateway.

mod key_source;
mod show;
mod signature;
mod verify;

use std::io::Read;

use anyhow::{Context, Result};
use clap::Subcommand;

use crate::Verdict;

#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Verify a token, and print the verdict as JSON.
    Verify(Box<verify::Arguments>),
    /// Print what a token says, without trusting it.
    Show(show::Arguments),
}

pub fn run(arguments: &Arguments) -> Result<Verdict> {
    match &arguments.command {
        Command::Verify(arguments) => verify::run(arguments),
        Command::Show(arguments) => show::run(arguments),
    }
}

/// The token itself: `-` stands for standard input, whose last line end is no part of it.
fn read(argument: &str) -> Result<String> {
    if argument != "-" {
        return Ok(argument.to_owned());
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("cannot read the token from standard input")?;
    let token = text.strip_suffix('\n').unwrap_or(&text);
    Ok(token.strip_suffix('\r').unwrap_or(token).to_owned())
}

#[cfg(test)]
mod tests;
