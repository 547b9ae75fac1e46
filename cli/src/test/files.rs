//! Which files a run is about.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use spangate_document::Diagnostics;
use spangate_simulation::Suite;

use crate::source::Source;

/// The test files among these paths. A file that is named is one; in a directory those are that have `tests`.
pub fn find(paths: &[PathBuf]) -> Result<Vec<Source>> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            // Nobody writes `./` before each name.
            search(path.strip_prefix(".").unwrap_or(path), &mut found)?;
        } else {
            found.push(Source::read(path)?);
        }
    }
    if found.is_empty() {
        bail!(
            "no test file in {}",
            paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
        );
    }
    Ok(found)
}

/// Depth first, in the order of names; what begins with a dot is passed over.
fn search(directory: &Path, found: &mut Vec<Source>) -> Result<()> {
    let context = || format!("cannot read {}", directory.display());
    let entries = fs::read_dir(if directory.as_os_str().is_empty() { Path::new(".") } else { directory })
        .with_context(context)?;
    let mut paths =
        entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>().with_context(context)?;
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            search(&path, found)?;
        } else if [".yaml", ".yml", ".json"].iter().any(|extension| name.ends_with(extension)) {
            let source = Source::read(&path)?;
            if is_meant(&source) {
                found.push(source);
            }
        }
    }
    Ok(())
}

/// Of a text that cannot be parsed, its name tells whether it was meant to be one.
fn is_meant(source: &Source) -> bool {
    match source.parse(&mut Diagnostics::default()) {
        Some(document) => Suite::is_meant(&document),
        None => [".test.yaml", ".test.yml", ".test.json"].iter().any(|end| source.name.ends_with(end)),
    }
}
