//! Answers that are kept for a while, as a policy's `cache` step allows. Bounded in bytes; one call reads and all who
//! ask for the same meanwhile wait for it; nothing is served that is older than the policy says or than the caller
//! demands, and no refusal is kept. Knows nothing of SQL: how an answer is read is handed in.

mod key;
pub mod validator;

use std::sync::Arc;
use std::time::{Duration, Instant};

use google_cloud_wkt::Timestamp;
use moka::Expiry;
use tokio::time::timeout_at;

pub use key::Key;

use crate::answer::Reading;
use crate::metrics::{FoundLabel, Metrics};
use crate::refusal::{Reason, Refusal};

/// Longer answers go through as they are read: a few of them would drive out all others.
const LONGEST: usize = 1024 * 1024;
/// What an entry takes besides its body, roughly.
const OVERHEAD: usize = 512;

pub struct Cache {
    kept: moka::future::Cache<Key, Arc<Kept>>,
    metrics: Arc<Metrics>,
}

/// A whole answer.
pub struct Kept {
    /// No longer than it is: this is what is weighed.
    pub body: Box<str>,
    pub etag: String,
    pub read_timestamp: Option<Timestamp>,
    /// Before it was read, so that a slow read makes it older and not younger.
    since: Instant,
    ttl: Duration,
}

impl Kept {
    pub fn age(&self) -> Duration {
        self.since.elapsed()
    }

    fn is_current(&self) -> bool {
        self.age() < self.ttl
    }

    fn reaches(&self, minimum: Option<Timestamp>) -> bool {
        minimum.is_none() || self.read_timestamp >= minimum
    }
}

/// What a call asks of the cache.
pub struct Wanted {
    pub key: Key,
    pub ttl: Duration,
    /// What the caller has seen already.
    pub minimum: Option<Timestamp>,
    pub deadline: tokio::time::Instant,
}

/// How a call that may be answered from the cache is answered.
pub enum Found {
    /// By this very call's reading.
    Read(Arc<Kept>),
    /// By another one's.
    Hit(Arc<Kept>),
    /// This call has read more than is kept: the rest is to be streamed.
    TooLong(Box<Reading>),
    /// What is kept does not do for this call, which has to read for itself.
    Unusable,
}

impl Found {
    /// As metrics tell it.
    fn name(&self) -> &'static str {
        match self {
            Self::Read(_) => "read",
            Self::Hit(_) => "hit",
            Self::TooLong(_) | Self::Unusable => "passed",
        }
    }
}

/// Why a flight left nothing behind.
enum Missed {
    TooLong,
    Refused(Refusal),
}

impl Cache {
    pub fn new(bytes: u64, metrics: Arc<Metrics>) -> Self {
        let kept = moka::future::Cache::builder()
            .max_capacity(bytes)
            .weigher(|_, kept: &Arc<Kept>| u32::try_from(kept.body.len() + OVERHEAD).unwrap_or(u32::MAX))
            .expire_after(Remaining)
            .build();
        Self { kept, metrics }
    }

    /// The answer of `key`, read by `read` if it is not there. Of several calls one reads; when its caller leaves,
    /// another one takes over.
    pub async fn answer<R>(&self, wanted: Wanted, read: impl Fn() -> R) -> Result<Found, Refusal>
    where
        R: Future<Output = Result<Reading, Refusal>>,
    {
        let found = self.find(wanted, read).await?;
        self.metrics.kept_answers.get_or_create_owned(&FoundLabel { found: found.name() }).inc();
        Ok(found)
    }

    async fn find<R>(&self, wanted: Wanted, read: impl Fn() -> R) -> Result<Found, Refusal>
    where
        R: Future<Output = Result<Reading, Refusal>>,
    {
        let Wanted { key, ttl, minimum, deadline } = wanted;
        loop {
            let (mut led, mut rest) = (false, None);
            let flight = self.kept.try_get_with(key, async {
                led = true;
                let since = Instant::now();
                let mut reading = read().await.map_err(Missed::Refused)?;
                if !reading.fill(LONGEST).await.map_err(Missed::Refused)? {
                    rest = Some(reading);
                    return Err(Missed::TooLong);
                }
                let (body, read_timestamp) = (reading.take().into_boxed_str(), reading.read_timestamp());
                let etag = validator::etag(body.as_bytes());
                Ok(Arc::new(Kept { body, etag, read_timestamp, since, ttl }))
            });
            let flown = match timeout_at(deadline, flight).await {
                Ok(flown) => flown,
                Err(_) => return Err(late()),
            };
            return match flown {
                Ok(kept) if kept.reaches(minimum) && led => Ok(Found::Read(kept)),
                Ok(kept) if kept.reaches(minimum) && kept.is_current() => Ok(Found::Hit(kept)),
                Ok(_) => Ok(Found::Unusable),
                Err(missed) => match (&*missed, rest) {
                    (Missed::TooLong, Some(reading)) => Ok(Found::TooLong(Box::new(reading))),
                    (Missed::TooLong, None) => Ok(Found::Unusable),
                    // Whoever read had less time than this call still has.
                    (Missed::Refused(refusal), _) if !led && refusal.reason == Reason::DeadlineExceeded => {
                        continue;
                    }
                    (Missed::Refused(refusal), _) => Err(refusal.clone()),
                },
            };
        }
    }
}

fn late() -> Refusal {
    Refusal::new(Reason::DeadlineExceeded, "the database did not answer in time")
}

/// An entry goes when its time has run out, counted from before it was read.
struct Remaining;

impl Expiry<Key, Arc<Kept>> for Remaining {
    fn expire_after_create(&self, _: &Key, kept: &Arc<Kept>, _: Instant) -> Option<Duration> {
        Some(kept.ttl.saturating_sub(kept.age()))
    }

    /// One that has run out may still be there when the next one takes its place, and would leave it its own end.
    fn expire_after_update(
        &self,
        key: &Key,
        kept: &Arc<Kept>,
        now: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        self.expire_after_create(key, kept, now)
    }
}
