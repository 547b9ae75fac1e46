//! The task that keeps what is served fitting: planned at start, when the file changes, and every few minutes, since a
//! schema changes without asking. What does not fit is tried again sooner.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep_until};

use crate::document::Document;
use crate::health::Health;
use crate::metrics::{DatabaseLabel, ResultLabel};
use crate::served::{Due, Served, Summary};

/// Between tries to plan what does not fit yet.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Between plannings that calls have asked for by meeting a schema that has changed.
const SUSPICION: Duration = Duration::from_secs(2);
/// Between probes of the databases, and how long an answer may take.
const PROBE: Duration = Duration::from_secs(5);
const PROBE_ANSWER: Duration = Duration::from_secs(4);
/// Probes without an answer after which a database is taken for unreachable: one that is lost is no news.
const MISSES: u32 = 2;

pub struct Planning {
    pub served: Arc<Served>,
    pub health: Arc<Health>,
    pub document: Document,
    pub strict: bool,
    pub every: Duration,
}

/// That an operation does not fit, and `--strict` wants none of that.
#[derive(Debug, PartialEq, Eq)]
pub struct Mismatch;

impl Planning {
    /// Ends only by a mismatch that `--strict` does not forgive.
    pub async fn run(mut self) -> std::io::Result<Mismatch> {
        let mut hangup = signal(SignalKind::hangup())?;
        let mut summary = self.served.plan(Due::All).await;
        self.health.tried().await;
        let mut full = self.next();
        let mut looked = Instant::now();
        let mut pause = FIRST_PAUSE;
        let mut planned = false;
        loop {
            if self.strict && !planned && summary.mismatched > 0 {
                return Ok(Mismatch);
            }
            if summary.unreachable == 0 && !planned {
                planned = true;
                self.health.planned().await;
                let Summary { fit, mismatched, unreachable: _ } = summary;
                tracing::info!(event = "ready", operations = fit, mismatched);
            }
            let soon = Instant::now() + pause;
            let next = if summary.everything_fits() { full } else { soon.min(full) };
            tokio::select! {
                () = sleep_until(next) => {}
                () = changed(&mut hangup, &mut self.document) => {
                    summary = self.reload().await.unwrap_or(summary);
                    (full, pause) = (self.next(), FIRST_PAUSE);
                    continue;
                }
                () = suspected(&self.served, looked + SUSPICION) => {
                    summary = self.served.plan(Due::Suspected).await;
                    (looked, pause) = (Instant::now(), FIRST_PAUSE);
                    continue;
                }
            }
            if next == full {
                summary = self.served.plan(Due::All).await;
                full = self.next();
            } else {
                summary = self.served.plan(Due::Unfit).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }

    /// What the file says now is served from now on; a faulty one changes nothing.
    async fn reload(&mut self) -> Option<Summary> {
        let replaced = match self.document.read() {
            Ok(operations) => self.served.replace(operations, self.strict).await.map_err(|refused| {
                format!("{} operations do not fit the schema (--strict)", refused.mismatched)
            }),
            Err(faults) => Err(format!("{faults:#}")),
        };
        let reloads = &self.served.metrics().reloads;
        match replaced {
            Ok(summary) => {
                reloads.get_or_create_owned(&ResultLabel::ACCEPTED).inc();
                let Summary { fit, mismatched, unreachable } = summary;
                tracing::info!(event = "operations_reloaded", operations = fit, mismatched, unreachable);
                Some(summary)
            }
            Err(problem) => {
                reloads.get_or_create_owned(&ResultLabel::REFUSED).inc();
                tracing::error!(event = "operations_refused", problem, "what was served before still is");
                None
            }
        }
    }

    /// Sidecars that start together do not plan together for ever.
    fn next(&self) -> Instant {
        Instant::now() + self.every.mul_f64(rand::random_range(0.9..1.1))
    }
}

/// A call has met a changed schema: looked at once, and not all the time.
async fn suspected(served: &Served, earliest: Instant) {
    sleep_until(earliest).await;
    served.suspected().await;
}

async fn changed(hangup: &mut Signal, document: &mut Document) {
    tokio::select! {
        _ = hangup.recv() => {}
        () = document.changed() => {}
    }
}

/// Asks the databases now and then whether they answer, for their health.
pub async fn probe(served: Arc<Served>, health: Arc<Health>) {
    let mut misses = std::collections::BTreeMap::<String, u32>::new();
    loop {
        let answers = served.probe(Instant::now() + PROBE_ANSWER).await;
        misses.retain(|name, _| answers.contains_key(name));
        let mut reachable = std::collections::BTreeMap::new();
        for (name, answered) in answers {
            // Before its first answer a database is not taken for reachable.
            let missed = misses.entry(name.clone()).or_insert(MISSES);
            let was = *missed < MISSES;
            *missed = if answered { 0 } else { missed.saturating_add(1) };
            let is = *missed < MISSES;
            if was != is {
                match is {
                    true => tracing::info!(event = "database_answers", database = name),
                    false => tracing::warn!(event = "database_lost", database = name),
                }
            }
            let label = DatabaseLabel::new(&name);
            served.metrics().database_reachable.get_or_create_owned(&label).set(i64::from(is));
            reachable.insert(name, is);
        }
        let everyone = reachable.values().all(|is| *is);
        health.databases(reachable).await;
        // What is not reached is asked for sooner, so that it is served as soon as it is back.
        tokio::time::sleep(if everyone { PROBE } else { PROBE / 10 }).await;
    }
}
