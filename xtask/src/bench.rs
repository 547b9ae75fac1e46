//! `bench`: the benchmarks themselves are the crate `spangate-bench`.

use anyhow::Result;
use clap::Args;

use crate::step::{cargo, run};
use crate::{build, setup};

#[derive(Args)]
pub struct Bench {
    /// Passed on to the benchmarks
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

impl Bench {
    pub fn run(&self) -> Result<()> {
        build::build(setup::setup()?)?;
        run(cargo()
            .args(["run", "--quiet", "--release", "--package", "spangate-bench", "--"])
            .args(&self.arguments))
    }
}
