//! Faults by plan: before or after the n-th message of a kind. Before, the message has arrived and nothing has been
//! done; after, all has been done, or refused, and the answer is not sent yet.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use tokio::sync::watch;
use tonic::Status;

/// A kind of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    CreateSession,
    Begin,
    /// One DML statement.
    Execute,
    /// Several.
    Batch,
    /// A query, or DML that returns rows; planning is not counted.
    Stream,
    /// By keys.
    Read,
    Commit,
    Rollback,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum When {
    Before,
    After,
}

#[derive(Clone)]
pub enum Fault {
    Status(Status),
    /// No answer, ever.
    Silence,
    /// The connections of this door are cut.
    Disconnect,
    Delay(Duration),
    /// Runs it, and gives no answer: whoever asked is meant to be gone.
    Run(Arc<dyn Fn() + Send + Sync>),
}

/// How often a fault happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// At the n-th message from now, which counts from 1.
    Nth(usize),
    Always,
}

#[derive(Default)]
struct Plan {
    counts: HashMap<Step, usize>,
    faults: Vec<Planned>,
}

struct Planned {
    step: Step,
    when: When,
    times: Times,
    fault: Fault,
}

/// Whether whoever sends this `authorization` header is let in.
pub type Guard = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// The plan of one door, and the signal that cuts its connections.
pub struct Hooks {
    plan: Mutex<Plan>,
    cut: watch::Sender<u64>,
    guard: Mutex<Option<Guard>>,
}

impl Default for Hooks {
    fn default() -> Self {
        Self { plan: Mutex::default(), cut: watch::Sender::new(0), guard: Mutex::default() }
    }
}

impl Hooks {
    pub fn add(&self, step: Step, when: When, times: Times, fault: Fault) {
        self.plan().faults.push(Planned { step, when, times, fault });
    }

    /// Forgets what was planned for the step.
    pub fn clear(&self, step: Step) {
        self.plan().faults.retain(|planned| planned.step != step);
    }

    pub fn clear_all(&self) {
        self.plan().faults.clear();
    }

    pub fn count(&self, step: Step) -> usize {
        self.plan().counts.get(&step).copied().unwrap_or(0)
    }

    pub fn forget_counts(&self) {
        self.plan().counts.clear();
    }

    /// Changes when the connections are to be cut.
    pub fn cuts(&self) -> watch::Receiver<u64> {
        self.cut.subscribe()
    }

    pub fn post(&self, guard: Guard) {
        *self.guard.lock().unwrap_or_else(PoisonError::into_inner) = Some(guard);
    }

    /// Whether the door's guard, if there is one, lets this in.
    pub fn admits(&self, headers: &HeaderMap) -> bool {
        let guard = self.guard.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let authorization = headers.get("authorization").and_then(|value| value.to_str().ok());
        guard.is_none_or(|accepts| accepts(authorization.unwrap_or_default()))
    }

    pub async fn meet(&self, step: Step, when: When) -> Result<(), Status> {
        let fault = self.due(step, when);
        match fault {
            None => Ok(()),
            Some(Fault::Status(status)) => Err(status),
            Some(Fault::Delay(delay)) => {
                tokio::time::sleep(delay).await;
                Ok(())
            }
            Some(Fault::Silence) => std::future::pending().await,
            Some(Fault::Disconnect) => {
                self.cut.send_modify(|cuts| *cuts += 1);
                std::future::pending().await
            }
            Some(Fault::Run(run)) => {
                run();
                std::future::pending().await
            }
        }
    }

    /// Counts the message, and takes the fault that is due.
    fn due(&self, step: Step, when: When) -> Option<Fault> {
        let mut plan = self.plan();
        if when == When::Before {
            *plan.counts.entry(step).or_default() += 1;
        }
        let mut due = None;
        plan.faults.retain_mut(|planned| {
            if due.is_some() || (planned.step, planned.when) != (step, when) {
                return true;
            }
            match &mut planned.times {
                Times::Always => due = Some(planned.fault.clone()),
                Times::Nth(1) => {
                    due = Some(planned.fault.clone());
                    return false;
                }
                Times::Nth(left) => *left -= 1,
            }
            true
        });
        due
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
