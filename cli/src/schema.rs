//! `spangate schema [policy|operations]`: their JSON Schemas, for editors.

use anyhow::Result;

use crate::Verdict;

#[derive(clap::Args)]
pub struct Arguments {
    /// Of which document.
    #[arg(value_enum, default_value_t = Document::Policy)]
    document: Document,
    /// The schema is JSON anyway; taken here as everywhere.
    #[arg(long, hide = true)]
    json: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Document {
    Policy,
    Operations,
}

pub fn run(arguments: &Arguments) -> Result<Verdict> {
    let schema = match arguments.document {
        Document::Policy => spangate_policy::schema(),
        Document::Operations => spangate_operations::json_schema(),
    };
    anstream::println!("{schema:#}");
    Ok(Verdict::Fine)
}
