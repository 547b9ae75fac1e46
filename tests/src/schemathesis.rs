//! `schemathesis`, which makes up calls by an OpenAPI document and judges the answers by it, and the validator of such
//! documents: programs of PyPI, in an environment of their own.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::programs::target;

/// As the requirements in `xtask` pin it.
const VERSION: &str = "4.32.5";

pub struct Schemathesis;

impl Schemathesis {
    /// The virtual environment that `setup` makes for it.
    pub fn environment() -> PathBuf {
        target().join(format!("schemathesis-{VERSION}"))
    }

    pub fn is_installed() -> bool {
        Self::program("schemathesis").exists() && Self::program("openapi-spec-validator").exists()
    }

    /// Makes up calls to the gateway at that address.
    pub fn run(document: &Path, url: &str) -> Result<Command> {
        let mut command = Self::command("schemathesis")?;
        command.arg("run").arg(document).args(["--url", url]);
        Ok(command)
    }

    /// Judges a document by the schema of the OpenAPI Initiative.
    pub fn validate(document: &Path) -> Result<Command> {
        let mut command = Self::command("openapi-spec-validator")?;
        command.arg(document);
        Ok(command)
    }

    fn command(name: &str) -> Result<Command> {
        anyhow::ensure!(Self::is_installed(), "schemathesis is missing: run `cargo xtask setup`");
        let mut command = Command::new(Self::program(name));
        // A proxy of the machine's would see the calls, and there is nothing to look up.
        command.env("NO_PROXY", "127.0.0.1,localhost").env("NO_COLOR", "1");
        Ok(command)
    }

    fn program(name: &str) -> PathBuf {
        Self::environment().join("bin").join(name)
    }
}
