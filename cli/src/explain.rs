//! `spangate explain POLICY --call CALL.yaml`: the way of one call, step by step.

mod show;

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use spangate_document::Diagnostics;
use spangate_policy::facts::Timestamp;
use spangate_simulation::{Call, Simulation};

use crate::Verdict;
use crate::report::Report;
use crate::source::Source;

#[derive(clap::Args)]
pub struct Arguments {
    /// The policy, as YAML or JSON.
    policy: PathBuf,
    /// The call: `{at, tokens, call: {…}}` as in a test file, or the call's own members.
    #[arg(long, value_name = "FILE")]
    call: PathBuf,
    /// Print it as one JSON document.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Result<Verdict> {
    let sources = [Source::read(&arguments.policy)?, Source::read(&arguments.call)?];
    let [policy_source, call_source] = &sources;
    let (mut of_policy, mut of_call) = (Diagnostics::default(), Diagnostics::default());
    let policy = policy_source.policy(&mut of_policy);
    let document = call_source.parse(&mut of_call);
    let call = policy
        .as_ref()
        .zip(document)
        .and_then(|((policy, _), document)| Call::from_document(&document, policy, &mut of_call))
        .filter(|_| !of_call.has_errors());
    for (source, findings) in [(policy_source, of_policy), (call_source, of_call)] {
        anstream::eprint!("{}", Report { source, findings: findings.sorted() }.picture());
    }
    let (Some((policy, node)), Some(call)) = (policy, call) else { return Ok(Verdict::Findings) };
    let now = call.at.map_or_else(now, Ok)?;
    let outcome = Simulation::new(&policy).decide(&call, now);
    if arguments.json {
        anstream::println!("{}", outcome.to_json(&node));
    } else {
        show::show(&call, now, &outcome, policy_source, &node);
    }
    Ok(Verdict::Fine)
}

/// A call that does not say when takes place now.
fn now() -> Result<Timestamp> {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(Timestamp { nanoseconds: i128::try_from(since_1970.as_nanos())? })
}
