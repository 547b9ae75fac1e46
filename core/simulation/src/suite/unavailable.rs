//! `unavailable`: what a test takes away, to show what the policy does without it.

use spangate_document::{Diagnostic, Diagnostics, Fields, suggestion};
use spangate_policy::Policy;
use spangate_policy::document::LimitScope;

use crate::host::SimulatedHost;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unavailable {
    /// Indices of issuers.
    keys: Vec<usize>,
    limits: Vec<LimitScope>,
}

const SCOPES: [(&str, LimitScope); 3] =
    [("proxy", LimitScope::Proxy), ("region", LimitScope::Region), ("global", LimitScope::Global)];

impl Unavailable {
    /// `{keys: [ISSUER…], limits: [SCOPE…]}`.
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
                let known = issuers.iter().map(|issuer| issuer.name.as_str());
                diagnostics.push(meant(fault, name, known));
            }
            found
        });
        let keys = keys.collect();
        let names = inner.strings("limits", diagnostics).unwrap_or_default();
        let limits = names.into_iter().filter_map(|name| {
            let found = SCOPES.iter().find(|(known, _)| *known == name).map(|(_, scope)| *scope);
            if found.is_none() {
                let fault = inner.fault("limits", format!("`{name}` is no scope of limits"));
                diagnostics.push(meant(fault, name, SCOPES.iter().map(|(known, _)| *known)));
            }
            found
        });
        let limits = limits.collect();
        inner.finish(diagnostics);
        Self { keys, limits }
    }

    pub fn take_away(&self, host: &mut SimulatedHost) {
        for issuer in &self.keys {
            host.without_keys(*issuer);
        }
        for scope in &self.limits {
            host.without_limits(*scope);
        }
    }
}

fn meant<'k>(fault: Diagnostic, name: &str, known: impl Iterator<Item = &'k str>) -> Diagnostic {
    match suggestion(name, known) {
        Some(close) => fault.help(format!("did you mean `{close}`?")),
        None => fault,
    }
}
