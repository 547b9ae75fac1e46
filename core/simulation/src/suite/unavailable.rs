//! `unavailable`: what a test takes away, to show what the policy does without it.

use spangate_document::{Diagnostics, Fields, suggestion};
use spangate_policy::Policy;

use crate::host::SimulatedHost;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unavailable {
    /// Indices of issuers.
    keys: Vec<usize>,
    limits: bool,
}

impl Unavailable {
    /// `{keys: [ISSUER…], limits: true}`.
    pub fn read(fields: &mut Fields<'_>, policy: &Policy, diagnostics: &mut Diagnostics) -> Self {
        let Some(node) = fields.take("unavailable") else { return Self::default() };
        let path = fields.path().member("unavailable");
        let Some(mut inner) = Fields::of(node, path, diagnostics) else { return Self::default() };
        let names = inner.strings("keys", diagnostics).unwrap_or_default();
        let keys = names.into_iter().filter_map(|name| {
            let issuers = policy.issuers();
            let found = issuers.iter().position(|issuer| issuer.name == name);
            if found.is_none() {
                let fault = inner.fault("keys", format!("the policy has no issuer `{name}`"));
                let close = suggestion(name, issuers.iter().map(|issuer| issuer.name.as_str()));
                diagnostics.push(match close {
                    Some(close) => fault.help(format!("did you mean `{close}`?")),
                    None => fault,
                });
            }
            found
        });
        let keys = keys.collect();
        let limits = inner.bool("limits", diagnostics).unwrap_or(false);
        inner.finish(diagnostics);
        Self { keys, limits }
    }

    pub fn take_away(&self, host: &mut SimulatedHost) {
        for issuer in &self.keys {
            host.without_keys(*issuer);
        }
        if self.limits {
            host.without_limits();
        }
    }
}
