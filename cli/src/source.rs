//! Files as authors keep them: YAML, or JSON by its extension, with the places that a report points at.

use std::fs;
use std::path::Path;

use anyhow::Context;
use spangate_document::{Diagnostic, Diagnostics, Node, Value, decode, from_json, from_yaml, read_yaml};
use spangate_policy::Policy;
use spangate_simulation::Suite;

/// A file's text, under the name that reports use.
pub struct Source {
    pub name: String,
    pub text: String,
    /// That the file is no text at all.
    fault: Option<Diagnostic>,
}

/// What a document is, told by the keys that only one of them has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Policy,
    Operations,
    Tests,
}

impl Source {
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let name = path.display().to_string();
        let bytes = fs::read(path).with_context(|| format!("cannot read {name}"))?;
        Ok(match decode(&bytes) {
            Ok(text) => Self { name, text: text.to_owned(), fault: None },
            Err(fault) => {
                Self { name, text: String::from_utf8_lossy(&bytes).into_owned(), fault: Some(fault) }
            }
        })
    }

    /// The text of a file that the document names, by its path from there.
    pub fn beside(&self, name: &str) -> Result<String, String> {
        let directory = Path::new(&self.name).parent().unwrap_or(Path::new(""));
        fs::read_to_string(directory.join(name)).map_err(|error| format!("cannot be read: {error}"))
    }

    /// The document, if nothing is wrong with its text.
    pub fn parse(&self, findings: &mut Diagnostics) -> Option<Node> {
        let mut own = Diagnostics::default();
        let node = self.parse_as_far_as_it_goes(&mut own).filter(|_| !own.has_errors());
        findings.extend(own);
        node
    }

    /// The document, even if it has faults such as a repeated key: what is read is good for finding more of them, and
    /// for nothing else.
    pub fn parse_as_far_as_it_goes(&self, findings: &mut Diagnostics) -> Option<Node> {
        if let Some(fault) = &self.fault {
            findings.push(fault.clone());
            return None;
        }
        if self.name.ends_with(".json") { self.json(findings) } else { read_yaml(&self.text, findings) }
    }

    /// The policy, if it has no fault at all, and the document that it comes from.
    pub fn policy(&self, findings: &mut Diagnostics) -> Option<(Policy, Node)> {
        let mut own = Diagnostics::default();
        let policy = self.parse_as_far_as_it_goes(&mut own).and_then(|node| {
            let (policy, others) = spangate_policy::check(&node);
            own.extend(others);
            policy.map(|policy| (policy, node))
        });
        let policy = policy.filter(|_| !own.has_errors());
        findings.extend(own);
        policy
    }

    /// The JSON reader decides, as it does in the filter, but it stops at the first fault and knows no places of what
    /// is right. Nearly all JSON is YAML too, so the YAML reader tells the rest wherever both see the same.
    fn json(&self, findings: &mut Diagnostics) -> Option<Node> {
        match from_json(&self.text) {
            Ok(document) => {
                let placed =
                    from_yaml(&self.text).ok().filter(|placed| placed.to_json() == document.to_json());
                Some(placed.unwrap_or(document))
            }
            Err(first) => {
                let mut all = Diagnostics::default();
                let node = read_yaml(&self.text, &mut all)
                    .filter(|_| all.iter().any(|fault| fault.code == first.code));
                match node {
                    Some(_) => findings.extend(all),
                    None => findings.push(first),
                }
                node
            }
        }
    }
}

impl Kind {
    pub fn of(document: &Node) -> Option<Self> {
        let Value::Map(members) = &document.value else { return None };
        let has = |name: &str| members.iter().any(|(key, _)| key.name == name);
        if Suite::is_meant(document) {
            Some(Self::Tests)
        } else if ["apis", "issuers", "roles", "steps"].into_iter().any(has) {
            Some(Self::Policy)
        } else if ["operations", "databases"].into_iter().any(has) {
            Some(Self::Operations)
        } else {
            None
        }
    }
}
