//! `generate`: the Rust of `core/proto/proto`, by protox, so that nobody needs a protoc binary, the JSON Schemas of
//! policies and operations, and the sample's OpenAPI document. All are committed; `lint` and the tests check that they are what this makes.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::step::{cargo, output};

/// Where the generated files are.
pub fn generated() -> PathBuf {
    spangate_stack::root().join("core/proto/src/generated")
}

pub fn generate_in_place() -> Result<()> {
    generate(&generated())?;
    let root = spangate_stack::root();
    for document in ["policy", "operations"] {
        let schema = root.join(format!("docs/{document}.schema.json"));
        std::fs::write(schema, spangate(&["schema", document])? + "\n")?;
    }
    let sample = "examples/storefront/";
    let [policy, operations, document] =
        ["policy.yaml", "operations.yaml", "openapi.json"].map(|name| format!("{sample}{name}"));
    spangate(&["openapi", &policy, "--operations", &operations, "--out", &document])?;
    Ok(())
}

/// What the command line prints, run at the top.
fn spangate(arguments: &[&str]) -> Result<String> {
    let mut command = cargo();
    command.args(["run", "--quiet", "--package", "spangate-cli", "--"]).args(arguments);
    output(command.current_dir(spangate_stack::root()))
}

/// Writes the generated files into `out`.
pub fn generate(out: &Path) -> Result<()> {
    let protos = spangate_stack::root().join("core/proto/proto");
    let files = protox::compile([protos.join("spangate/v1/gateway.proto")], [&protos])?;
    std::fs::create_dir_all(out)?;
    tonic_prost_build::configure()
        .out_dir(out)
        .server_mod_attribute(".", "#[cfg(feature = \"server\")]")
        .client_mod_attribute(".", "#[cfg(feature = \"client\")]")
        .compile_fds(files)?;
    Ok(())
}
