//! `spangate schema`: the JSON Schema of policies, for editors.

use anyhow::Result;

use crate::Verdict;

#[derive(clap::Args)]
pub struct Arguments {
    /// The schema is JSON anyway; taken here as everywhere.
    #[arg(long, hide = true)]
    json: bool,
}

pub fn run(_: &Arguments) -> Result<Verdict> {
    anstream::println!("{:#}", spangate_policy::schema());
    Ok(Verdict::Fine)
}
