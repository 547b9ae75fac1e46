//! How long an operation usually takes, as far as it is known. Whoever waits is dropped by this number, so it errs
//! downwards: it falls with the first quick call, and rises slowly.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Microseconds; nothing before the first call has ended.
#[derive(Debug, Default)]
pub struct Pace(AtomicU64);

impl Pace {
    pub fn usual(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Relaxed))
    }

    /// Two calls that end at once may lose one of the notes: it is an estimate.
    pub fn note(&self, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let usual = self.0.load(Ordering::Relaxed);
        let next = if took < usual { usual - (usual - took) / 2 } else { usual + (took - usual) / 16 };
        self.0.store(next, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_falls_fast_and_rises_slowly() {
        let pace = Pace::default();
        pace.note(Duration::from_millis(160));
        assert_eq!(pace.usual(), Duration::from_millis(10));
        for _ in 0..100 {
            pace.note(Duration::from_millis(160));
        }
        assert!(pace.usual() > Duration::from_millis(155));
        for _ in 0..6 {
            pace.note(Duration::from_millis(1));
        }
        assert!(pace.usual() < Duration::from_millis(4));
    }
}
