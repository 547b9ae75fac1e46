//! A policy's own conditions, `conditions.NAME`: kept as text and compiled into each expression that uses them.

use super::{Condition, ConditionFault, Scope};

/// The named conditions of one policy.
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    entries: Vec<NamedCondition>,
}

#[derive(Clone, Debug)]
struct NamedCondition {
    name: String,
    source: String,
    warnings: Vec<ConditionFault>,
    faulty: bool,
}

impl Conditions {
    /// Takes them from pairs of name and source. Each is checked here, once, and its faults are reported with
    /// its name; an expression that uses a faulty one is refused.
    pub fn build<'s>(
        pairs: impl IntoIterator<Item = (&'s str, &'s str)>,
    ) -> (Self, Vec<(String, ConditionFault)>) {
        let entry = |(name, source): (&str, &str)| NamedCondition {
            name: name.to_owned(),
            source: source.to_owned(),
            warnings: Vec::new(),
            faulty: false,
        };
        let unchecked = Self { entries: pairs.into_iter().map(entry).collect() };
        let mut checked = unchecked.clone();
        let mut faults = Vec::new();
        for entry in &mut checked.entries {
            match Condition::define(&entry.source, &Scope::Request, &unchecked, Some(&entry.name)) {
                Ok(condition) => entry.warnings = condition.warnings,
                Err(found) => {
                    entry.faulty = true;
                    faults.extend(found.into_iter().map(|fault| (entry.name.clone(), fault)));
                }
            }
        }
        (checked, faults)
    }

    /// Warnings of the definitions, each with its condition's name.
    pub fn warnings(&self) -> impl Iterator<Item = (&str, &ConditionFault)> {
        self.entries
            .iter()
            .flat_map(|entry| entry.warnings.iter().map(|warning| (entry.name.as_str(), warning)))
    }

    /// Those that no expression of the policy needs, given what all of them [use](Condition::uses). An expression
    /// with faults tells no uses: ask once there are none.
    pub fn unused<'u>(&self, used: impl IntoIterator<Item = &'u str>) -> Vec<&str> {
        let used: Vec<&str> = used.into_iter().collect();
        self.names().filter(|name| !used.contains(name)).collect()
    }

    /// Those that no call can make true (`false`), and those that none can make false (`true`).
    pub fn settled(&self) -> impl Iterator<Item = (&str, bool)> {
        self.entries.iter().filter_map(|NamedCondition { name, source, .. }| {
            let condition = Condition::define(source, &Scope::Request, self, Some(name)).ok()?;
            let settled = condition.never_true() || condition.always_true();
            settled.then(|| (name.as_str(), condition.always_true()))
        })
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.name.as_str())
    }

    pub(super) fn source(&self, name: &str) -> Option<&str> {
        self.entry(name).map(|entry| entry.source.as_str())
    }

    pub(super) fn is_faulty(&self, name: &str) -> bool {
        self.entry(name).is_some_and(|entry| entry.faulty)
    }

    fn entry(&self, name: &str) -> Option<&NamedCondition> {
        self.entries.iter().find(|entry| entry.name == name)
    }
}
