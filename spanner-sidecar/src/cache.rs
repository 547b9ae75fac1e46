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
    kept: moka::future::Cache<Key, Arc<Flown>>,
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

/// What a flight leaves behind.
enum Flown {
    Kept(Arc<Kept>),
    /// Longer than is kept: whoever asks reads for himself, and does not wait for another who begins to.
    TooLong {
        since: Instant,
        ttl: Duration,
    },
}

impl Flown {
    fn weight(&self) -> usize {
        OVERHEAD
            + match self {
                Self::Kept(kept) => kept.body.len(),
                Self::TooLong { .. } => 0,
            }
    }

    fn remaining(&self) -> Duration {
        match self {
            Self::Kept(kept) => kept.ttl.saturating_sub(kept.age()),
            Self::TooLong { since, ttl } => ttl.saturating_sub(since.elapsed()),
        }
    }
}

impl Cache {
    pub fn new(bytes: u64, metrics: Arc<Metrics>) -> Self {
        let kept = moka::future::Cache::builder()
            .max_capacity(bytes)
            .weigher(|_, flown: &Arc<Flown>| u32::try_from(flown.weight()).unwrap_or(u32::MAX))
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
                let mut reading = read().await?;
                if !reading.fill(LONGEST).await? {
                    rest = Some(reading);
                    return Ok(Arc::new(Flown::TooLong { since, ttl }));
                }
                let (body, read_timestamp) = (reading.take().into_boxed_str(), reading.read_timestamp());
                let etag = validator::etag(body.as_bytes());
                let kept = Kept { body, etag, read_timestamp, since, ttl };
                Ok::<_, Refusal>(Arc::new(Flown::Kept(Arc::new(kept))))
            });
            let flown = match timeout_at(deadline, flight).await {
                Ok(flown) => flown,
                Err(_) => return Err(late()),
            };
            return match flown {
                Ok(flown) => Ok(match (&*flown, rest) {
                    (Flown::TooLong { .. }, Some(reading)) => Found::TooLong(Box::new(reading)),
                    (Flown::Kept(kept), _) if kept.reaches(minimum) && led => Found::Read(Arc::clone(kept)),
                    (Flown::Kept(kept), _) if kept.reaches(minimum) && kept.is_current() => {
                        Found::Hit(Arc::clone(kept))
                    }
                    (Flown::Kept(_) | Flown::TooLong { .. }, _) => Found::Unusable,
                }),
                // Whoever read had less time than this call still has.
                Err(refusal) if !led && refusal.reason == Reason::DeadlineExceeded => continue,
                Err(refusal) => Err(Refusal::clone(&refusal)),
            };
        }
    }
}

fn late() -> Refusal {
    Refusal::new(Reason::DeadlineExceeded, "the database did not answer in time")
}

/// An entry goes when its time has run out, counted from before it was read.
struct Remaining;

impl Expiry<Key, Arc<Flown>> for Remaining {
    fn expire_after_create(&self, _: &Key, flown: &Arc<Flown>, _: Instant) -> Option<Duration> {
        Some(flown.remaining())
    }

    /// One that has run out may still be there when the next one takes its place, and would leave it its own end.
    fn expire_after_update(
        &self,
        key: &Key,
        flown: &Arc<Flown>,
        now: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        self.expire_after_create(key, flown, now)
    }
}
