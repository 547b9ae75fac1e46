//! `fuzz`: each target of `fuzz/` for so long, from its corpus and from what the examples and tests hold.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;
use spangate_stack::{root, target};

use crate::step::{run, step, works};

#[path = "../../fuzz/src/seeds.rs"]
mod seeds;

#[derive(Args)]
pub struct Fuzz {
    /// How long each target runs
    #[arg(default_value_t = 60)]
    seconds: u32,
    /// Only these targets
    #[arg(long = "target")]
    targets: Vec<String>,
}

impl Fuzz {
    pub fn run(&self) -> Result<()> {
        demand_tools()?;
        let known = targets()?;
        if let Some(unknown) = self.targets.iter().find(|target| !known.contains(target)) {
            bail!("`{unknown}` is no target: there are {}", known.join(", "));
        }
        let chosen = if self.targets.is_empty() { &known } else { &self.targets };
        // All are run, so that one fault does not hide another.
        let fuzz = |name: &&String| step(&format!("fuzz {name}"), || self.fuzz(name)).is_err();
        let failed: Vec<&str> = chosen.iter().filter(fuzz).map(String::as_str).collect();
        if failed.is_empty() {
            return Ok(());
        }
        bail!(
            "{} found something: put its input into fuzz/corpus/, where the tests replay it",
            failed.join(", ")
        )
    }

    fn fuzz(&self, name: &str) -> Result<()> {
        let work = target().join("fuzz");
        let (grown, sown) = (work.join("corpus").join(name), work.join("seeds").join(name));
        fs::create_dir_all(&grown)?;
        sow(name, &sown)?;
        let mut command = Command::new("cargo");
        command.args(["+nightly", "fuzz", "run", "--target-dir"]).arg(work.join("target")).arg(name);
        // What is new goes into the first folder.
        command.args([&grown, &sown]).arg("--");
        command.arg(format!("-max_total_time={}", self.seconds)).args(["-timeout=10", "-rss_limit_mb=4096"]);
        run(command.current_dir(root()))
    }
}

fn demand_tools() -> Result<()> {
    if !works("cargo", &["+nightly", "--version"]) {
        bail!("fuzzing needs a nightly compiler: `rustup toolchain install nightly --profile minimal`");
    }
    if !works("cargo", &["+nightly", "fuzz", "--version"]) {
        bail!("fuzzing needs cargo-fuzz: `cargo install cargo-fuzz --locked`");
    }
    Ok(())
}

/// The programs of `fuzz/fuzz_targets`.
fn targets() -> Result<Vec<String>> {
    let folder = root().join("fuzz/fuzz_targets");
    let files = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut names: Vec<String> = files
        .flatten()
        .filter_map(|file| Some(PathBuf::from(file.file_name()).file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    Ok(names)
}

fn sow(name: &str, folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    for (index, seed) in seeds::seeds(&root(), name).iter().enumerate() {
        fs::write(folder.join(index.to_string()), seed)?;
    }
    Ok(())
}
