//! `spangate-playground-glue MODULE OUT`: what wasm-bindgen's own program does, by its library, so that nobody installs
//! it in just the right version. A crate of its own, since it is large and only the playground needs it.

use std::path::PathBuf;

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let mut argument = |name| arguments.next().with_context(|| format!("{name} is missing"));
    let (module, out) = (argument("MODULE")?, argument("OUT")?);
    // For node and for bundlers alike; a page gives the module's bytes itself.
    Bindgen::new().input_path(module).out_name("playground").web(true)?.typescript(true).generate(out)
}
