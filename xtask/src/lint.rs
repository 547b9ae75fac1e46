//! `lint`: what no test shows. All is checked before it fails, so that one run tells everything.

mod arrows;

use anyhow::{Result, bail};

use crate::generate::{generate, generated};
use crate::step::{cargo, run, step, works};
use crate::{setup, wasm::Toolchain};

pub fn lint() -> Result<()> {
    let toolchain = setup::setup()?;
    let mut faults = 0;
    let mut check = |what: &str, work: &dyn Fn() -> Result<()>| {
        if let Err(fault) = step(what, work) {
            eprintln!("  {fault:#}");
            faults += 1;
        }
    };
    check("format", &|| run(cargo().args(["fmt", "--all", "--check"])));
    check("clippy", &|| {
        run(cargo().args(["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]))
    });
    check("the filter on wasm32", &|| on_wasm(toolchain));
    check("generated code is up to date", &is_generated);
    check("arrows between the crates", &arrows::check);
    if works("cargo", &["deny", "--version"]) {
        check("dependencies", &|| run(cargo().args(["deny", "check"])));
    } else {
        eprintln!("  cargo-deny is not installed: licences and advisories were not checked");
    }
    if faults > 0 {
        bail!("{faults} checks failed");
    }
    Ok(())
}

/// Debian's compiler has no clippy that fits its standard library, so there it only compiles.
fn on_wasm(toolchain: Toolchain) -> Result<()> {
    let mut command = toolchain.cargo(if toolchain == Toolchain::Rustup { "clippy" } else { "check" })?;
    command.args(["--quiet", "--package", "spangate-filter"]);
    if toolchain == Toolchain::Rustup {
        command.args(["--", "-D", "warnings"]);
    }
    run(&mut command)
}

fn is_generated() -> Result<()> {
    let fresh = tempfile::tempdir()?;
    generate(fresh.path())?;
    for file in std::fs::read_dir(fresh.path())? {
        let file = file?;
        let committed = std::fs::read(generated().join(file.file_name())).unwrap_or_default();
        let name = file.file_name();
        let same = committed == std::fs::read(file.path())?;
        anyhow::ensure!(same, "{} is out of date: run `cargo xtask generate`", name.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_committed_is_what_is_generated() {
        super::is_generated().unwrap();
    }
}
