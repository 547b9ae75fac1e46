//! `spangate completions SHELL`: what a shell needs to complete our commands.

use std::io::{Write, stdout};

use anyhow::Result;
use clap::CommandFactory;
use clap_complete::{Shell, generate};

use crate::Verdict;

#[derive(clap::Args)]
pub struct Arguments {
    /// For bash, in your profile: `source <(spangate completions bash)`.
    shell: Shell,
}

pub fn run(arguments: &Arguments) -> Result<Verdict> {
    // Written at once: clap_complete panics where a reader has left, such as `head`.
    let mut script = Vec::new();
    generate(arguments.shell, &mut crate::Arguments::command(), "spangate", &mut script);
    stdout().write_all(&script)?;
    Ok(Verdict::Fine)
}
