//! `spangate envoy POLICY`: a policy as the extension configuration that Envoy discovers from a file, once or
//! whenever the policy is saved.

mod clusters;
mod extension;
mod watch;

use std::path::PathBuf;

use anyhow::{Result, bail};
use spangate_document::{Diagnostics, Severity};

use crate::Verdict;
use crate::replace::{Readers, replace};
use crate::report::Report;
use crate::source::Source;

use clusters::Mapping;

#[derive(clap::Args)]
pub struct Arguments {
    /// The policy, YAML or JSON.
    policy: PathBuf,
    /// Where Envoy looks for it: the file is replaced by a rename, which is what Envoy notices. `-` is standard
    /// output.
    #[arg(long)]
    out: PathBuf,
    /// Where Envoy finds the filter's module.
    #[arg(long, default_value = "/opt/spangate/filter.wasm")]
    filter: PathBuf,
    /// What the mesh calls a cluster of the policy.
    #[arg(long = "cluster", value_name = "NAME=CLUSTER")]
    clusters: Vec<Mapping>,
    /// Envoy's name for the VM; filters of one name, code and configuration share it and its memory.
    #[arg(long, default_value = "spangate")]
    vm_id: String,
    /// Go on, and write the policy again whenever it changes. A faulty one is reported and not written.
    #[arg(long)]
    watch: bool,
}

/// What became of a policy's text.
enum Conversion {
    /// Version and text for Envoy.
    Ready(String, String),
    Faulty {
        errors: usize,
    },
}

pub fn run(arguments: &Arguments) -> Result<Verdict> {
    if arguments.watch {
        if arguments.out.as_os_str() == "-" {
            bail!("`--watch` needs a file to write to");
        }
        return watch::run(arguments);
    }
    match convert(&Source::read(&arguments.policy)?, arguments)? {
        Conversion::Ready(_, text) if arguments.out.as_os_str() == "-" => anstream::println!("{text}"),
        Conversion::Ready(_, text) => replace(&arguments.out, &text, Readers::Everyone)?,
        Conversion::Faulty { .. } => return Ok(Verdict::Findings),
    }
    Ok(Verdict::Fine)
}

/// Checks and converts; findings go to standard error, as a person reads them.
fn convert(source: &Source, arguments: &Arguments) -> Result<Conversion> {
    let mut findings = Diagnostics::default();
    let checked = source.parse(&mut findings).filter(|node| match spangate_policy::load(node) {
        Ok((_, warnings)) => {
            findings.extend(warnings);
            true
        }
        Err(faults) => {
            findings.extend(faults);
            false
        }
    });
    let report = Report { source, findings: findings.sorted() };
    anstream::eprint!("{}", report.picture());
    match checked {
        Some(node) => {
            let mut policy = node.to_json();
            clusters::rename(&mut policy, &arguments.clusters)?;
            let (version, text) = extension::wrap(&policy, &arguments.filter, &arguments.vm_id);
            Ok(Conversion::Ready(version, text))
        }
        None => Ok(Conversion::Faulty { errors: report.count(Severity::Error) }),
    }
}
