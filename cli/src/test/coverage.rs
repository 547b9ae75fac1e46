//! What the tests have seen of each policy.

use serde_json::{Value, json};
use spangate_simulation::Covered;

use super::loaded::{Loaded, Policies};
use crate::style::{DIM, YELLOW};

/// A line for each policy, and one for each part of it that is not covered.
pub fn show(policies: &Policies) {
    for (loaded, parts) in all(policies) {
        let covered = parts.iter().filter(|part| part.is_covered()).count();
        anstream::println!("{}: {covered} of {} covered", loaded.source.name, parts.len());
        for part in parts.iter().filter(|part| !part.is_covered()) {
            let name = part.name.as_ref().map(|name| format!(" `{name}`")).unwrap_or_default();
            let missing = part.missing.join(", ");
            let line = part.line.map(|line| format!(":{line}")).unwrap_or_default();
            anstream::println!(
                "  {YELLOW}{missing}{YELLOW:#}: {}{name}  {DIM}{}{line} {}{DIM:#}",
                part.kind,
                loaded.source.name,
                part.path
            );
        }
    }
}

pub fn json(policies: &Policies) -> Value {
    all(policies)
        .map(|(loaded, covered)| {
            let count = covered.iter().filter(|part| part.is_covered()).count();
            let total = covered.len();
            json!({
                "file": loaded.source.name,
                "covered": count,
                "total": total,
                "parts": covered.iter().map(Covered::to_json).collect::<Vec<_>>(),
            })
        })
        .collect()
}

fn all(policies: &Policies) -> impl Iterator<Item = (&Loaded, Vec<Covered>)> {
    policies.iter().filter_map(|loaded| Some((loaded, loaded.covered()?)))
}
