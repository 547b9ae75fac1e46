//! Expand and contract: what a migration takes away must not be what an operation that is served still uses. Told
//! by the text, since the schema to come is not there to plan against.

use super::history::Step;
use spangate_operations::{Operation, Operations};
use std::path::PathBuf;

/// An operation that would no longer work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    pub operation: String,
    pub why: String,
}

pub fn protected<'o>(
    operations: &'o Operations,
    key: &str,
    _policies: &[PathBuf],
) -> anyhow::Result<Vec<&'o Operation>> {
    Ok(operations.iter().filter(|operation| operation.database == key).collect())
}

pub fn of_text(_schema: &[String], _steps: &[Step<'_>], _protected: &[&Operation]) -> Vec<Breach> {
    Vec::new()
}

impl super::Bench {
    pub(super) async fn tried(
        &self,
        _scratch: &str,
        _schema: &[String],
        _steps: &[Step<'_>],
        _protected: &[&Operation],
        breaches: Vec<Breach>,
    ) -> anyhow::Result<Vec<Breach>> {
        Ok(breaches)
    }
}
