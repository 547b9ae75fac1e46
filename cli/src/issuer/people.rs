//! `people.yaml`: who may ask for a token, and what it says of them.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use serde_json::{Map, Value};
use spangate_document::{Diagnostics, Fields, Node, Path as Place};

use crate::report::Report;
use crate::source::Source;

pub struct People {
    pub audience: String,
    /// Claims by name.
    pub people: BTreeMap<String, Map<String, Value>>,
}

impl People {
    /// Reports every fault to standard error; nobody then.
    pub fn load(path: &Path) -> Result<Option<Self>> {
        let source = Source::read(path)?;
        let mut findings = Diagnostics::default();
        let people = source.parse(&mut findings).and_then(|node| read(&node, &mut findings));
        let report = Report { source: &source, findings: findings.sorted() };
        anstream::eprint!("{}", report.picture());
        Ok(people.filter(|_| !report.findings.has_errors()))
    }
}

fn read(node: &Node, findings: &mut Diagnostics) -> Option<People> {
    let mut fields = Fields::of(node, Place::root(), findings)?;
    let audience = fields.demand_string("audience", findings).unwrap_or_default().to_owned();
    fields.demand("people", findings);
    let mut people = BTreeMap::new();
    for (name, node, path) in fields.map("people", findings) {
        match node.to_json() {
            Value::Object(claims) => {
                people.insert(name.name.clone(), claims);
            }
            _ => findings.error("wrong_type", &path, node, format!("expected claims, found {}", node.kind())),
        }
    }
    fields.finish(findings);
    Some(People { audience, people })
}
