//! The tests' OpenID provider: packages of npm, as the lock file in tests/oidc has them, on the machine's node.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use spangate_stack::OidcProvider;

use super::apt_get;
use crate::step::{output, run, works};

/// The oldest node on which `oidc-provider` was seen to run.
const NODE: u32 = 20;

pub(super) fn install() -> Result<()> {
    if !has_node() {
        eprintln!("  no node {NODE} or later, or no npm; Debian's packages may do");
        if let Err(fault) = apt_get(&["nodejs", "npm"]) {
            eprintln!("  {fault:#}");
        }
    }
    ensure!(
        has_node(),
        "node {NODE} or later or npm is missing. Any of these helps:\n\
         - `apt-get install nodejs npm` on Debian 13 or later, as root\n\
         - another node that brings npm, first on PATH"
    );
    let directory = OidcProvider::directory();
    if !OidcProvider::is_installed() {
        let mut npm = Command::new("npm");
        // Nothing of a package runs before a test starts the provider.
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&directory);
        run(npm.stdout(std::io::stderr()))
            .context("npm must reach a registry, for the packages of tests/oidc/package-lock.json")?;
        std::fs::copy(directory.join("package-lock.json"), OidcProvider::installed_lock())?;
    }
    eprintln!("  {}", directory.display());
    Ok(())
}

fn has_node() -> bool {
    let version = output(Command::new("node").arg("--version")).unwrap_or_default();
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok());
    major.is_some_and(|major: u32| major >= NODE) && works("npm", &["--version"])
}
