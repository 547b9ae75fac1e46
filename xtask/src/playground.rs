//! `playground`: the engine compiled for a browser, with its JavaScript, in target/playground; and its test in node,
//! where there is one.

use anyhow::Result;
use spangate_stack::{root, target};

use crate::step::{cargo, output, run, step, works};
use crate::wasm::{TARGET, Toolchain};

pub fn playground(toolchain: Toolchain) -> Result<()> {
    step("the playground's module", || build(toolchain))?;
    if works("node", &["--version"]) {
        step("the playground in node", test)
    } else {
        eprintln!("  node is not installed: the playground was built and not tried");
        Ok(())
    }
}

fn build(toolchain: Toolchain) -> Result<()> {
    run(toolchain.cargo("build")?.args(["--package", "spangate-playground"]))?;
    let module = target().join(TARGET).join("wasm/spangate_playground.wasm");
    let mut glue = cargo();
    glue.args(["run", "--quiet", "--package", "spangate-playground-glue", "--"]);
    run(glue.arg(module).arg(target().join("playground")))
}

/// Of each generated document, and when: what Envoy is compared on, too.
const CALLS: [&str; 3] = ["3000", "7", "1800000000"];

fn test() -> Result<()> {
    let mut calls = cargo();
    calls.args(["run", "--quiet", "--package", "spangate-generated", "--"]).args(CALLS);
    std::fs::write(target().join("playground/calls.jsonl"), output(&mut calls)?)?;
    let mut node = std::process::Command::new("node");
    node.arg("--test").arg(root().join("playground/tests")).env("PLAYGROUND", target().join("playground"));
    run(&mut node)
}
