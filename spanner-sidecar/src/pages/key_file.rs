//! The file of the page keys, read again when it changes, so that keys rotate without a restart. A file that cannot be
//! used changes nothing.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use super::Keys;
use crate::metrics::{Metrics, ResultLabel};
use crate::watched::Watched;

pub struct KeyFile {
    path: PathBuf,
    current: RwLock<Arc<Keys>>,
}

impl KeyFile {
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let keys = Keys::read(path)?;
        Ok(Self { path: path.to_owned(), current: RwLock::new(Arc::new(keys)) })
    }

    pub fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Does not end.
    pub async fn follow(&self, metrics: &Metrics) {
        let mut watched = Watched::new([self.path.clone()]);
        loop {
            watched.changed().await;
            let result = match Keys::read(&self.path) {
                Ok(keys) => {
                    *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
                    tracing::info!(event = "page_keys_changed");
                    ResultLabel::ACCEPTED
                }
                Err(problem) => {
                    tracing::error!(event = "page_keys_refused", problem = format!("{problem:#}"));
                    ResultLabel::REFUSED
                }
            };
            metrics.page_key_reloads.get_or_create_owned(&result).inc();
        }
    }
}
