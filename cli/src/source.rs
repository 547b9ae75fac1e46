//! Files as authors keep them: YAML, or JSON by its extension, with the places that a report points at.

use std::fs;
use std::path::Path;

use anyhow::Context;
use spangate_document::{Diagnostic, Diagnostics, Node, Value, from_json, from_yaml};

/// A file's text, under the name that reports use.
pub struct Source {
    pub name: String,
    pub text: String,
}

/// What a document is, told by the keys that only one of them has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Policy,
    Operations,
}

impl Source {
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let name = path.display().to_string();
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
        Ok(Self { name, text })
    }

    /// The document, or the one fault of syntax that hides it.
    pub fn parse(&self, findings: &mut Diagnostics) -> Option<Node> {
        self.node().map_err(|fault| findings.push(fault)).ok()
    }

    fn node(&self) -> Result<Node, Diagnostic> {
        if !self.name.ends_with(".json") {
            return from_yaml(&self.text);
        }
        // The JSON reader decides, as it does in the filter, but it knows no places. Nearly all JSON is YAML too,
        // and where both readers see the same document, the YAML reader's places are true.
        let document = from_json(&self.text)?;
        let placed = from_yaml(&self.text).ok().filter(|placed| placed.to_json() == document.to_json());
        Ok(placed.unwrap_or(document))
    }
}

impl Kind {
    pub fn of(document: &Node) -> Option<Self> {
        let Value::Map(members) = &document.value else { return None };
        let has = |name: &str| members.iter().any(|(key, _)| key.name == name);
        if ["apis", "issuers", "roles", "steps"].into_iter().any(has) {
            Some(Self::Policy)
        } else if ["operations", "databases"].into_iter().any(has) {
            Some(Self::Operations)
        } else {
            None
        }
    }
}
