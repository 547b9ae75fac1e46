//! A policy and a call, with a line `---` between: from text to decision without a stumble, and twice the same way.

use spangate_document::{Diagnostics, from_yaml};
use spangate_policy::facts::Timestamp;
use spangate_simulation::{Call, Simulation};

/// When a call takes place that does not say.
const NOW: Timestamp = Timestamp { nanoseconds: 1_800_000_000_000_000_000 };

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (policy, call) = text.split_once("\n---\n").unwrap_or((text, ""));
    let Ok(document) = from_yaml(policy) else { return };
    let (policy, findings) = spangate_policy::check(&document);
    assert_eq!(
        policy.is_some(),
        spangate_policy::load(&document).is_ok(),
        "authors and gateways see two policies"
    );
    assert_eq!(policy.is_none(), findings.has_errors(), "{findings}");
    let (Some(policy), Ok(call)) = (policy, from_yaml(call)) else { return };
    let mut findings = Diagnostics::default();
    let Some(call) = Call::from_document(&call, &policy, &mut findings) else { return };
    let decide = || Simulation::new(&policy).decide(&call, call.at.unwrap_or(NOW));
    assert_eq!(decide(), decide());
}
