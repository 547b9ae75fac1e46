//! The right to migrate: one at a time, for as long as it is renewed.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::bail;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::store::{Failure, Holder, Store};

const PAUSE: Duration = Duration::from_millis(500);

pub struct Lease {
    pub holder: Holder,
    store: Arc<Store>,
    renewing: JoinHandle<()>,
}

impl Lease {
    /// Waits for whoever has it, up to `patience`: who has died no longer renews it.
    pub async fn take(store: Arc<Store>, length: Duration, patience: Duration) -> anyhow::Result<Self> {
        let holder = Holder { owner: owner(), lease: length };
        let until = Instant::now() + patience;
        let mut told = false;
        loop {
            match store.take(&holder).await {
                Ok(()) => break,
                Err(Failure::Held(locked)) if Instant::now() < until => {
                    if !told {
                        eprintln!("waiting: {}", Failure::Held(locked));
                        told = true;
                    }
                    sleep(PAUSE).await;
                }
                Err(failure) => bail!("the lock was not given: {failure}"),
            }
        }
        let renewing = tokio::spawn(renew(Arc::clone(&store), holder.clone()));
        Ok(Self { holder, store, renewing })
    }

    pub async fn release(self) {
        self.renewing.abort();
        if let Err(failure) = self.store.release(&self.holder).await {
            eprintln!("the lock was not given up and runs out by itself: {failure}");
        }
    }
}

/// Until it is aborted or another one has the lease: what would be written then is refused by the store itself.
async fn renew(store: Arc<Store>, holder: Holder) {
    loop {
        sleep(holder.lease / 3).await;
        if let Err(failure) = store.renew(&holder).await {
            tracing::warn!(event = "lease_not_renewed", problem = %failure);
            if matches!(failure, Failure::Lost(_)) {
                return;
            }
        }
    }
}

/// Who is at work, for people: `user@host`.
pub fn person() -> String {
    let of = |names: [&str; 2]| names.iter().find_map(|name| std::env::var(name).ok());
    let host = || std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let user = of(["USER", "LOGNAME"]).unwrap_or_else(|| "unknown".to_owned());
    let host = of(["HOSTNAME", "HOST"]).or_else(host).unwrap_or_else(|| "unknown".to_owned());
    format!("{user}@{}", host.trim())
}

/// Unlike that of any other process, in other containers too, where process ids repeat.
fn owner() -> String {
    let begun = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    format!("{} {}-{begun}", person(), std::process::id())
}
