//! Which operations a policy still calls: those of a route that some version has which is not past its sunset.

use std::collections::HashSet;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use spangate_policy::facts::Timestamp;
use spangate_policy::{Policy, Target};

pub fn calls(path: &Path) -> anyhow::Result<HashSet<String>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let is_json = path.extension().is_some_and(|extension| extension == "json");
    let parse = if is_json { spangate_document::from_json } else { spangate_document::from_yaml };
    let node = parse(&text).map_err(|fault| anyhow::anyhow!("`{}`: {fault}", path.display()))?;
    let (policy, diagnostics) = spangate_policy::check(&node);
    match policy.filter(|_| !diagnostics.has_errors()) {
        Some(policy) => Ok(served(&policy, now())),
        None => bail!("`{}` has faults:\n{diagnostics}", path.display()),
    }
}

fn served(policy: &Policy, now: Timestamp) -> HashSet<String> {
    let mut calls = HashSet::new();
    for operation in policy.operations() {
        let Target::Call(call) = &operation.target else { continue };
        let versions =
            policy.apis().get(operation.api).map(|api| api.versions.as_slice()).unwrap_or_default();
        let retired = |index: &usize| {
            versions.get(*index).and_then(|version| version.retired).is_some_and(|retired| retired <= now)
        };
        // An API without versions has no version to retire.
        if operation.versions.is_empty() || !operation.versions.iter().all(retired) {
            calls.insert(call.clone());
        }
    }
    calls
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp { nanoseconds: i128::try_from(since.as_nanos()).unwrap_or(i128::MAX) }
}
