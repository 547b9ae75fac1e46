//! A place in a database for each call that runs there: within the limits of the database, its region, the call's
//! class and its role. Who finds none waits for a while, if the author wants a queue, but never so long that its
//! answer would come too late: refused at once is better than late.

mod gate;
mod pace;

pub use gate::Lane;
pub use pace::Pace;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use spangate_operations::{self as operations, Class};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use crate::metrics::{LaneLabels, Metrics, TurnedAwayLabels};
use crate::refusal::{Reason, Refusal};
use gate::{Full, Gate, Ticket, Verdict};

pub struct Admission {
    database: String,
    state: Mutex<State>,
    metrics: Arc<Metrics>,
    points: Counted,
    scans: Counted,
    writes: Counted,
}

/// What is counted of a class, looked up once.
struct Counted {
    in_flight: Gauge,
    waiting: Gauge,
    wait_seconds: Histogram,
}

impl Counted {
    fn new(database: &str, class: Class, metrics: &Metrics) -> Self {
        let labels = LaneLabels { database: database.to_owned(), class: name(class) };
        Self {
            in_flight: metrics.in_flight.get_or_create_owned(&labels),
            waiting: metrics.waiting.get_or_create_owned(&labels),
            wait_seconds: metrics.wait_seconds.get_or_create_owned(&labels),
        }
    }
}

/// As labels have it.
fn name(class: Class) -> &'static str {
    match class {
        Class::Point => "point",
        Class::Scan => "scan",
        Class::Write => "write",
    }
}

struct State {
    gate: Gate,
    waiting: HashMap<Ticket, Waiting>,
}

struct Waiting {
    claim: Claim,
    came: Instant,
    place: oneshot::Sender<Admitted>,
}

/// What an operation asks for a place with: its lane, and how long it usually takes.
#[derive(Clone)]
pub struct Claim {
    pub lane: Lane,
    pub pace: Arc<Pace>,
}

impl Claim {
    pub fn new(operation: &operations::Operation) -> Self {
        let role = operation.database_role.as_deref().map(Arc::from);
        Self { lane: Lane { class: operation.class, role }, pace: Arc::default() }
    }
}

/// That there is a place for a call. Ends with the call.
pub struct Admitted {
    admission: Arc<Admission>,
    claim: Claim,
    since: Instant,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.claim.pace.note(self.since.elapsed());
        self.admission.counted(&self.claim.lane).in_flight.dec();
        self.admission.advance(|gate| gate.leave(&self.claim.lane, Instant::now().into_std()));
    }
}

/// One who waits, and who goes away when nobody waits with it any more.
struct Waiter<'w> {
    admission: &'w Arc<Admission>,
    lane: &'w Lane,
    ticket: Ticket,
    place: oneshot::Receiver<Admitted>,
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let Self { admission, lane, ticket, place: _ } = self;
        if admission.lock().waiting.remove(ticket).is_some() {
            admission.counted(lane).waiting.dec();
        }
        admission.advance(|gate| gate.give_up(lane, *ticket, Instant::now().into_std()));
    }
}

impl Admission {
    pub fn new(
        database_name: &str,
        database: &operations::Database,
        region: Option<&str>,
        metrics: Arc<Metrics>,
    ) -> Arc<Self> {
        let state = State { gate: Gate::new(database, region), waiting: HashMap::new() };
        let counted = |class| Counted::new(database_name, class, &metrics);
        Arc::new(Self {
            database: database_name.to_owned(),
            state: Mutex::new(state),
            points: counted(Class::Point),
            scans: counted(Class::Scan),
            writes: counted(Class::Write),
            metrics,
        })
    }

    pub async fn admit(self: &Arc<Self>, claim: &Claim, deadline: Instant) -> Result<Admitted, Refusal> {
        let came = Instant::now();
        let (mut waiter, full, until) = {
            let mut state = self.lock();
            match state.gate.come(&claim.lane, came.into_std(), deadline.into_std(), claim.pace.usual()) {
                Verdict::Admitted => {
                    drop(state);
                    return Ok(self.admitted(claim.clone(), came));
                }
                Verdict::TurnedAway(full) => return Err(self.turned_away(full, claim, &state.gate)),
                Verdict::Waits { ticket, until, full } => {
                    let (sender, place) = oneshot::channel();
                    state.waiting.insert(ticket, Waiting { claim: claim.clone(), came, place: sender });
                    self.counted(&claim.lane).waiting.inc();
                    (Waiter { admission: self, lane: &claim.lane, ticket, place }, full, until)
                }
            }
        };
        match timeout_at(Instant::from_std(until), &mut waiter.place).await {
            Ok(Ok(admitted)) => Ok(admitted),
            Ok(Err(_)) | Err(_) => Err(self.turned_away(full, claim, &self.lock().gate)),
        }
    }

    /// Does to the gate what gives others a place, and hands it to them. A place that nobody takes is given on by its
    /// own end, so the lock must be free by then.
    fn advance(self: &Arc<Self>, change: impl FnOnce(&mut Gate) -> Vec<Ticket>) {
        let admitted: Vec<_> = {
            let mut state = self.lock();
            let tickets = change(&mut state.gate);
            tickets.into_iter().map(|ticket| state.waiting.remove(&ticket)).collect()
        };
        for Waiting { claim, came, place } in admitted.into_iter().flatten() {
            self.counted(&claim.lane).waiting.dec();
            drop(place.send(self.admitted(claim, came)));
        }
    }

    fn admitted(self: &Arc<Self>, claim: Claim, came: Instant) -> Admitted {
        let Counted { in_flight, wait_seconds, waiting: _ } = self.counted(&claim.lane);
        in_flight.inc();
        wait_seconds.observe(came.elapsed().as_secs_f64());
        Admitted { admission: Arc::clone(self), claim, since: Instant::now() }
    }

    fn turned_away(&self, full: Full, claim: &Claim, gate: &Gate) -> Refusal {
        let (reason, detail) = match full {
            Full::Region => (Reason::RegionLimit, "the region's limit of calls in flight is reached"),
            Full::Database => (Reason::DatabaseOverloaded, "too many calls are in flight"),
        };
        let (database, class) = (self.database.clone(), name(claim.lane.class));
        let labels = TurnedAwayLabels { database, class, reason: reason.name().to_owned() };
        self.metrics.turned_away.get_or_create_owned(&labels).inc();
        Refusal::new(reason, detail).retry_after(gate.expected_wait(claim.pace.usual()))
    }

    fn counted(&self, lane: &Lane) -> &Counted {
        match lane.class {
            Class::Point => &self.points,
            Class::Scan => &self.scans,
            Class::Write => &self.writes,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
