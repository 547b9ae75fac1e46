//! `operations.yaml` from its file.

use std::path::Path;

use anyhow::{Context, bail};
use spangate_operations::Operations;

/// Reads and checks the document; warnings go to the log, faults are one error that lists them all.
pub fn read(path: &Path) -> anyhow::Result<Operations> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let is_json = path.extension().is_some_and(|extension| extension == "json");
    let parse = if is_json { spangate_document::from_json } else { spangate_document::from_yaml };
    let node = parse(&text).map_err(|fault| anyhow::anyhow!("`{}`: {fault}", path.display()))?;
    let directory = path.parent().unwrap_or(Path::new(""));
    let beside = |name: &str| {
        std::fs::read_to_string(directory.join(name)).map_err(|error| format!("cannot be read: {error}"))
    };
    match spangate_operations::load_with(&node, &beside) {
        Ok((operations, warnings)) => {
            for warning in warnings.iter() {
                tracing::warn!(event = "document_warning", file = %path.display(), problem = %warning);
            }
            Ok(operations)
        }
        Err(faults) => bail!("`{}` has faults:\n{faults}", path.display()),
    }
}
