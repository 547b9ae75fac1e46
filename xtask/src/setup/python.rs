//! Programs of PyPI, each in a virtual environment of its own, of exactly the files whose hashes stand beside.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::apt_get;
use crate::step::{run, works};

pub fn install(environment: &Path, requirements: &str) -> Result<()> {
    if !works("python3", &["-c", "import venv, ensurepip"]) {
        apt_get(&["python3", "python3-venv"])?;
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(environment))?;
    let file = environment.join("requirements.txt");
    std::fs::write(&file, requirements)?;
    let mut pip = Command::new(environment.join("bin/pip"));
    pip.args([
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--require-hashes",
        "--requirement",
    ]);
    run(pip.arg(file).stdout(std::io::stderr()))
}
