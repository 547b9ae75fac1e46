//! Expand and contract: what a migration takes away must not be what an operation that is served still uses. Told
//! by the text, since the schema to come is not there to plan against; or by a scratch database, where it is.

mod ddl;
mod scratch;
mod served;
#[cfg(test)]
mod tests;
mod uses;

use std::collections::HashSet;
use std::path::PathBuf;

use spangate_operations::{Dialect, Operation, Operations};

use super::file::Kind;
use super::history::Step;
use ddl::Loss;
use uses::Uses;

/// An operation that would no longer work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    pub operation: String,
    /// Which statement breaks it, and how.
    pub why: String,
    /// Whether planning in a scratch database tells the same better.
    planning_tells: bool,
}

/// Operations of a database that must not break: all, or those that the policies still serve.
pub fn protected<'o>(
    operations: &'o Operations,
    database: &str,
    policies: &[PathBuf],
) -> anyhow::Result<Vec<&'o Operation>> {
    let mut calls = HashSet::new();
    for policy in policies {
        calls.extend(served::calls(policy)?);
    }
    let of_database = operations.iter().filter(|operation| operation.database == database);
    Ok(of_database.filter(|operation| policies.is_empty() || calls.contains(&operation.name)).collect())
}

/// What the statements take away and the operations still use.
pub fn of_text(
    schema: &[String],
    dialect: Dialect,
    steps: &[Step<'_>],
    protected: &[&Operation],
) -> Vec<Breach> {
    let uses: Vec<Uses<'_>> = protected.iter().map(|operation| Uses::of(operation)).collect();
    // The schema as each statement finds it.
    let mut before: Vec<&str> = schema.iter().map(String::as_str).collect();
    let mut breaches = Vec::new();
    for step in steps.iter().filter(|step| step.file.kind == Kind::Ddl) {
        for (index, statement) in step.file.statements.iter().enumerate().skip(step.from) {
            for loss in ddl::losses(&statement.text, dialect, &before) {
                let place = step.file.place(index);
                breaches.extend(uses.iter().filter_map(|uses| {
                    let missed = uses.misses(&loss)?;
                    let operation = uses.operation.name.clone();
                    Some(Breach {
                        operation,
                        why: format!("{place}: {missed}"),
                        planning_tells: planning_tells(&loss),
                    })
                }));
            }
            before.push(&statement.text);
        }
    }
    breaches
}

/// A plan misses what is gone. Whether a value may be absent is no affair of plans, nor are roles in the emulator.
fn planning_tells(loss: &Loss) -> bool {
    match loss {
        Loss::Gone { .. } | Loss::ColumnGone { .. } | Loss::Retyped { .. } | Loss::Replaced { .. } => true,
        Loss::Required { .. } | Loss::RoleLess { .. } => false,
    }
}
