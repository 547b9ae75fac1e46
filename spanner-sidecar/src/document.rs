//! `operations.yaml` from its file, with the files that it names.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Context;
use spangate_document::Diagnostics;
use spangate_operations::{Operations, Schemas};

use crate::watched::Watched;

/// A document that is read again when it changes, or one of the files that it names.
pub struct Document {
    path: PathBuf,
    watched: Watched,
}

impl Document {
    pub fn new(path: PathBuf) -> Self {
        let watched = Watched::new([path.clone()]);
        Self { path, watched }
    }

    /// Reads it as it is now. The files that it names are known only then: what of them was not looked at before may
    /// have changed meanwhile, and all is read once more. They are followed of a faulty document too, so that mending
    /// one of them is seen.
    pub fn read(&mut self) -> anyhow::Result<Operations> {
        let (mut loaded, named) = load(&self.path);
        if self.watched.follow(named.into_iter().chain([self.path.clone()])) {
            loaded = load(&self.path).0;
        }
        Ok(warned(&self.path, loaded?))
    }

    pub async fn changed(&mut self) {
        self.watched.changed().await;
    }
}

/// Reads and checks the document; warnings go to the log, faults are one error that lists them all.
pub fn read(path: &Path) -> anyhow::Result<Operations> {
    Ok(warned(path, load(path).0?))
}

type Loaded = anyhow::Result<(Operations, Diagnostics)>;

fn warned(path: &Path, (operations, warnings): (Operations, Diagnostics)) -> Operations {
    for warning in warnings.iter() {
        tracing::warn!(event = "document_warning", file = %path.display(), problem = %warning);
    }
    operations
}

/// The document, and the files that it names, whether they could be read or not.
fn load(path: &Path) -> (Loaded, BTreeSet<PathBuf>) {
    let named = RefCell::new(BTreeSet::new());
    let beside = |name: &str| {
        let file = path.parent().unwrap_or(Path::new("")).join(name);
        let text = std::fs::read_to_string(&file).map_err(|error| format!("cannot be read: {error}"));
        named.borrow_mut().insert(file);
        text
    };
    let loaded = load_with(path, &beside);
    (loaded, named.into_inner())
}

fn load_with(path: &Path, beside: Schemas<'_>) -> Loaded {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let is_json = path.extension().is_some_and(|extension| extension == "json");
    let parse = if is_json { spangate_document::from_json } else { spangate_document::from_yaml };
    let node = parse(&text).map_err(|fault| anyhow::anyhow!("`{}`: {fault}", path.display()))?;
    spangate_operations::load_with(&node, beside)
        .map_err(|faults| anyhow::anyhow!("`{}` has faults:\n{faults}", path.display()))
}
