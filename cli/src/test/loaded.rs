//! The policies that test files speak of: each is read once, and what all of its tests have seen is kept with it.

use std::path::{Path, PathBuf};

use anyhow::Result;
use spangate_document::{Diagnostics, Node, Severity};
use spangate_policy::Policy;
use spangate_simulation::{Coverage, Covered, Test, TestResult};

use crate::check::{self, agreement};
use crate::source::Source;

#[derive(Default)]
pub struct Policies(Vec<Loaded>);

/// A policy, and the operations that it was compared with.
pub struct Loaded {
    path: PathBuf,
    pub source: Source,
    findings: Diagnostics,
    /// Absent when it has faults.
    policy: Option<(Policy, Node)>,
    operations: Vec<(PathBuf, Source, Diagnostics)>,
    coverage: Coverage,
}

impl Policies {
    /// The file at `path`, with the `operations` that it must fit.
    pub fn load(&mut self, path: &Path, operations: &[PathBuf]) -> Result<&mut Loaded> {
        let known = self.0.iter().position(|loaded| loaded.path == path);
        if known.is_none() {
            self.0.push(Loaded::read(path)?);
        }
        let index = known.unwrap_or(self.0.len() - 1);
        let Some(loaded) = self.0.get_mut(index) else { anyhow::bail!("no policy {}", path.display()) };
        for path in operations {
            loaded.compare(path)?;
        }
        Ok(loaded)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Loaded> {
        self.0.iter()
    }
}

impl Loaded {
    fn read(path: &Path) -> Result<Self> {
        let source = Source::read(path)?;
        let mut findings = Diagnostics::default();
        let policy = source.policy(&mut findings);
        let coverage = Coverage::default();
        Ok(Self { path: path.to_owned(), source, findings, policy, operations: Vec::new(), coverage })
    }

    pub fn policy(&self) -> Option<&Policy> {
        self.policy.as_ref().map(|(policy, _)| policy)
    }

    /// What its tests have seen of it so far.
    pub fn covered(&self) -> Option<Vec<Covered>> {
        let (policy, document) = self.policy.as_ref()?;
        Some(self.coverage.of(policy, document))
    }

    /// Runs a test of this policy.
    pub fn run(&mut self, test: &Test) -> Option<TestResult> {
        let (policy, _) = self.policy.as_ref()?;
        Some(test.run(policy, &mut self.coverage))
    }

    /// What is wrong with the policy, and with what it was compared with. Warnings are `spangate check`'s to tell.
    pub fn faults(&self) -> impl Iterator<Item = (&Source, Diagnostics)> {
        let operations = self.operations.iter().map(|(_, source, findings)| (source, findings));
        std::iter::once((&self.source, &self.findings)).chain(operations).map(|(source, findings)| {
            let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
            (source, errors.cloned().collect())
        })
    }

    fn compare(&mut self, path: &Path) -> Result<()> {
        if self.operations.iter().any(|(known, ..)| known == path) {
            return Ok(());
        }
        let source = Source::read(path)?;
        let mut findings = Diagnostics::default();
        let operations = source.parse(&mut findings);
        let operations = operations.and_then(|node| check::operations(&source, &node, &mut findings));
        if let (Some((policy, node)), Some(operations)) = (&self.policy, operations) {
            agreement::check(policy, node, &[operations], &mut self.findings);
        }
        self.operations.push((path.to_owned(), source, findings));
        Ok(())
    }
}
