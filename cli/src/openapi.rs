//! `spangate openapi POLICY --operations FILE`: what callers may rely on, as an OpenAPI document.

use std::path::PathBuf;

use anyhow::Result;
use spangate_document::{Diagnostic, Diagnostics, Path};
use spangate_openapi::Unknown;
use spangate_operations::Operations;

use crate::Verdict;
use crate::check::operations;
use crate::replace::{Readers, replace};
use crate::report::Report;
use crate::source::Source;

#[derive(clap::Args)]
pub struct Arguments {
    /// The policy, as YAML or JSON.
    policy: PathBuf,
    /// The operations that it calls; may be given several times.
    #[arg(long, value_name = "FILE")]
    operations: Vec<PathBuf>,
    /// Where the document goes, as JSON. Standard output when absent, or `-`.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// A URL under which callers reach the gateway; may be given several times.
    #[arg(long = "server", value_name = "URL")]
    servers: Vec<String>,
}

pub fn run(arguments: &Arguments) -> Result<Verdict> {
    let source = Source::read(&arguments.policy)?;
    let mut findings = Diagnostics::default();
    let policy = source.policy(&mut findings);
    let operations = arguments.operations.iter().map(|file| read(file)).collect::<Result<Vec<_>>>()?;
    let (Some((policy, _)), Some(operations)) = (policy, operations.into_iter().collect::<Option<Vec<_>>>())
    else {
        tell(&source, findings);
        return Ok(Verdict::Findings);
    };
    match spangate_openapi::document(&policy, &operations, &arguments.servers) {
        Ok(document) => {
            let text = format!("{document:#}\n");
            match arguments.out.as_ref().filter(|out| out.as_os_str() != "-") {
                Some(file) => replace(file, &text, Readers::Everyone)?,
                None => anstream::print!("{text}"),
            }
            Ok(Verdict::Fine)
        }
        Err(unknown) => {
            let mut findings = Diagnostics::default();
            for Unknown { policy_operation, call } in unknown {
                let message = format!("`{policy_operation}` calls `{call}`, which none of the operations is");
                let help = "name the file that has it with `--operations`";
                findings.push(Diagnostic::error("operation_unknown", &Path::root(), message).help(help));
            }
            tell(&source, findings);
            Ok(Verdict::Findings)
        }
    }
}

/// None if they have a fault, which is told.
fn read(file: &std::path::Path) -> Result<Option<Operations>> {
    let source = Source::read(file)?;
    let mut findings = Diagnostics::default();
    let node = source.parse(&mut findings);
    let operations = node.and_then(|node| operations(&source, &node, &mut findings));
    let operations = operations.filter(|_| !findings.has_errors());
    if operations.is_none() {
        tell(&source, findings);
    }
    Ok(operations)
}

fn tell(source: &Source, findings: Diagnostics) {
    anstream::eprint!("{}", Report { source, findings: findings.sorted() }.picture());
}
