//! `test`: every test there is, by one command on a bare machine.

use anyhow::Result;
use clap::Args;

use crate::demo::Demo;
use crate::step::{cargo, run, step, works};
use crate::{build, playground, setup};

#[derive(Args)]
pub struct Test {
    /// Only tests whose name contains one of these, and neither playground nor demo
    filter: Vec<String>,
}

impl Test {
    pub fn run(&self) -> Result<()> {
        let toolchain = setup::setup()?;
        setup::for_tests()?;
        build::build(toolchain)?;
        if self.filter.is_empty() {
            playground::playground(toolchain)?;
        }
        step("tests", || self.tests())?;
        if self.filter.is_empty() {
            step("the demo's calls", || Demo::check_on_free_ports().run())?;
        }
        Ok(())
    }

    fn tests(&self) -> Result<()> {
        if !works("cargo", &["nextest", "--version"]) {
            return run(cargo().args(["test", "--workspace", "--no-fail-fast", "--"]).args(&self.filter));
        }
        // nextest runs no examples of the documentation, so those first: its closing lines come last.
        if self.filter.is_empty() {
            run(cargo().args(["test", "--quiet", "--workspace", "--doc"]))?;
        }
        run(cargo().args(["nextest", "run", "--workspace", "--no-fail-fast", "--"]).args(&self.filter))
    }
}
