//! `spangate envoy POLICY`: a policy as the extension configuration that Envoy discovers from a file, once or
//! whenever the policy is saved.

mod extension;
mod watch;

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::Verdict;
use crate::mesh::{self, Mapping, Prepared};
use crate::replace::{Readers, replace};
use crate::source::Source;

#[derive(clap::Args)]
pub struct Arguments {
    /// The policy, YAML or JSON.
    policy: PathBuf,
    /// Where Envoy looks for it: the file is replaced by a rename, which is what Envoy notices. Standard output when
    /// absent, or `-`.
    #[arg(long)]
    out: Option<PathBuf>,
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
    /// Tell findings as JSON, too.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Result<Verdict> {
    let file = arguments.out.as_ref().filter(|out| out.as_os_str() != "-");
    if arguments.watch {
        let Some(file) = file else { bail!("`--watch` needs a file to write to") };
        return watch::run(arguments, file);
    }
    match convert(&Source::read(&arguments.policy)?, arguments)? {
        Conversion::Ready { text, .. } => match file {
            Some(file) => replace(file, &text, Readers::Everyone)?,
            None => anstream::print!("{text}"),
        },
        Conversion::Faulty { .. } => return Ok(Verdict::Findings),
    }
    Ok(Verdict::Fine)
}

/// What became of a policy's text.
enum Conversion {
    /// What Envoy reads.
    Ready {
        version: String,
        text: String,
    },
    Faulty {
        errors: usize,
    },
}

fn convert(source: &Source, arguments: &Arguments) -> Result<Conversion> {
    Ok(match mesh::prepare(source, &arguments.clusters, arguments.json)? {
        Prepared::Ready(policy) => {
            let (version, text) = extension::wrap(&policy, &arguments.filter, &arguments.vm_id);
            Conversion::Ready { version, text }
        }
        Prepared::Faulty { errors } => Conversion::Faulty { errors },
    })
}
