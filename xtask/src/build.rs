//! `build`: what a user deploys, in `dist/`.

use std::path::Path;

use anyhow::{Context, Result};
use spangate_stack::{dist, target};

use crate::module;
use crate::step::{cargo, run, step};
use crate::wasm::{TARGET, Toolchain};

/// Largest module that is shipped: every worker of every Envoy holds and compiles it.
const LARGEST_MODULE: usize = 1024 * 1024;

pub fn build(toolchain: Toolchain) -> Result<()> {
    std::fs::create_dir_all(dist())?;
    step("filter.wasm", || filter(toolchain))?;
    step("spanner-sidecar and spangate", programs)
}

fn filter(toolchain: Toolchain) -> Result<()> {
    run(toolchain.cargo("build")?.args(["--package", "spangate-filter"]).stdout(std::io::stderr()))?;
    let built = target().join(TARGET).join("wasm/spangate_filter.wasm");
    let built = std::fs::read(&built).with_context(|| format!("cannot read {}", built.display()))?;
    let stripped = module::strip(&built)?;
    eprintln!("  {} bytes, of {} as linked", stripped.len(), built.len());
    anyhow::ensure!(stripped.len() <= LARGEST_MODULE, "the filter is larger than {LARGEST_MODULE} bytes");
    place(&stripped, "filter.wasm", 0o644)
}

fn programs() -> Result<()> {
    let packages = ["--package", "spanner-sidecar", "--package", "spangate-cli"];
    run(cargo().args(["build", "--release"]).args(packages).stdout(std::io::stderr()))?;
    for name in ["spanner-sidecar", "spangate"] {
        let built = target().join("release").join(name);
        let built = std::fs::read(&built).with_context(|| format!("cannot read {}", built.display()))?;
        place(&built, name, 0o755)?;
    }
    Ok(())
}

/// Renamed into place, since the file may be running.
fn place(bytes: &[u8], name: &str, mode: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let beside = dist().join(format!(".{name}.tmp"));
    std::fs::write(&beside, bytes)?;
    std::fs::set_permissions(&beside, std::fs::Permissions::from_mode(mode))?;
    let path: &Path = &dist().join(name);
    std::fs::rename(&beside, path).with_context(|| format!("cannot write {}", path.display()))
}
