//! `generate`: the Rust of `core/proto/proto`, by protox, so that nobody needs a protoc binary. The result is
//! committed; `lint` checks that it is what this makes.

use std::path::{Path, PathBuf};

use anyhow::Result;

/// Where the generated files are.
pub fn generated() -> PathBuf {
    spangate_stack::root().join("core/proto/src/generated")
}

pub fn generate_in_place() -> Result<()> {
    generate(&generated())
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
