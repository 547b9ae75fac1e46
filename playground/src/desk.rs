//! The texts that lie open, and what was found in them.

use serde_json::{Map, Value};
use spangate_document::{Diagnostics, Node, from_json, read_yaml};
use spangate_policy::Policy;

pub struct Desk {
    findings: Vec<Value>,
    /// With its document, if it has no fault.
    pub policy: Option<(Policy, Node)>,
}

impl Desk {
    pub fn new(policy: &str) -> Self {
        let mut found = Diagnostics::default();
        let policy = read_yaml(policy, &mut found).and_then(|document| {
            let (policy, others) = spangate_policy::check(&document);
            found.extend(others);
            policy.map(|policy| (policy, document))
        });
        let policy = policy.filter(|_| !found.has_errors());
        let mut desk = Self { findings: Vec::new(), policy };
        desk.found("policy", found);
        desk
    }

    /// A text of calls, JSON or YAML.
    pub fn read(&mut self, text: &str) -> Option<Node> {
        let mut found = Diagnostics::default();
        let read = || read_yaml(text, &mut found).filter(|_| !found.has_errors());
        let document = from_json(text).ok().or_else(read);
        self.found("call", found);
        document
    }

    /// What `make` makes of it, and what it found.
    pub fn made<T>(&mut self, make: impl FnOnce(&mut Diagnostics) -> Option<T>) -> Option<T> {
        let mut found = Diagnostics::default();
        let made = make(&mut found);
        self.found("call", found);
        made
    }

    /// What is told in the end: the findings, and what else there is.
    pub fn answer(self, others: impl IntoIterator<Item = (&'static str, Value)>) -> String {
        let mut answer = Map::new();
        answer.insert("findings".to_owned(), self.findings.into());
        answer.extend(others.into_iter().map(|(name, value)| (name.to_owned(), value)));
        Value::from(answer).to_string()
    }

    fn found(&mut self, file: &str, findings: Diagnostics) {
        self.findings.extend(findings.sorted().iter().map(|finding| finding.to_json(file)));
    }
}
