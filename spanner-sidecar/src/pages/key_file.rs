//! The file of the page keys, read again when it changes, so that keys rotate without a restart. A file that cannot be
//! used changes nothing.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::Mutex;

use super::Keys;
use crate::metrics::{Metrics, ResultLabel};
use crate::watched::Watched;

pub struct KeyFile {
    path: PathBuf,
    current: RwLock<Arc<Keys>>,
    /// Held by whoever follows the file.
    watched: Mutex<Watched>,
}

impl KeyFile {
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        // Before it is read: what is replaced meanwhile is read again.
        let watched = Mutex::new(Watched::new([path.to_owned()]));
        let keys = Keys::read(path)?;
        Ok(Self { path: path.to_owned(), current: RwLock::new(Arc::new(keys)), watched })
    }

    pub fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Does not end.
    pub async fn follow(&self, metrics: &Metrics) {
        let mut watched = self.watched.lock().await;
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

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;
    use std::time::Duration;

    use tokio::time::{sleep, timeout};

    use super::*;

    /// Between the first reading and the first look a start does much else.
    #[tokio::test(start_paused = true)]
    async fn a_file_that_is_replaced_at_the_start_is_read_again() {
        let path = std::env::temp_dir().join(format!("spangate-key-file-{}", std::process::id()));
        let put = |key: &str| {
            std::fs::write(&path, key).unwrap();
            std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        };
        put("AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=\n");
        let file = KeyFile::open(&path).unwrap();
        let first = file.keys();
        put("IB8eHRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgE=\n\n");
        let metrics = Metrics::new();
        let replaced = async {
            while Arc::ptr_eq(&first, &file.keys()) {
                sleep(Duration::from_secs(1)).await;
            }
        };
        tokio::select! {
            () = file.follow(&metrics) => {}
            replaced = timeout(Duration::from_secs(60), replaced) => replaced.unwrap(),
        }
        std::fs::remove_file(&path).unwrap();
    }
}
