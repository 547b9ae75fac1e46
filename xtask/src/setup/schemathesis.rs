//! What makes up calls by the gateway's OpenAPI document.

use anyhow::{Context, Result};
use spangate_stack::Schemathesis;

use super::python;

/// Every package that it needs, for every machine: SHA-256 of each file.
const PACKAGES: &str = include_str!("../../schemathesis-requirements.txt");

pub(super) fn install() -> Result<()> {
    if !Schemathesis::is_installed() {
        python::install(&Schemathesis::environment(), PACKAGES)
            .context("`python3` 3.11 or later with `venv` and a `pip` that reaches PyPI is needed")?;
    }
    eprintln!("  {}", Schemathesis::environment().display());
    Ok(())
}
