//! The sidecar is killed before and after every message of a write, and started again; whoever called sends the same
//! once more. No write that was acknowledged is lost and none happens twice.
//!
//! Which messages there are is not written down here but seen: of a first call, and of a repeat of one that happened.
//! `SPANGATE_KILLS` sets how often each point is killed, 50 unless told.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod stand;

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use spangate_mock_spanner::{Fault, Mock, Step, Times, When};
use spangate_proto::google::api::HttpBody;
use spangate_proto::v1::Call;
use spangate_proto::v1::call::Idempotency;
use stand::{Answer, Stand, body, call, path};

const DDL: &str =
    concat!(include_str!("data/kills.sql"), include_str!("../src/migration/own_tables/googlesql.sql"),);

/// Sidecars at the same time: each waits for its processes most of the time.
const LINES: usize = 8;
const STEPS: [Step; 8] = [
    Step::CreateSession,
    Step::Begin,
    Step::Execute,
    Step::Batch,
    Step::Stream,
    Step::Read,
    Step::Commit,
    Step::Rollback,
];

/// When a sidecar is killed.
#[derive(Clone, Copy, Debug)]
struct Point {
    operation: &'static str,
    /// Of the first call, or of a repeat of one that happened.
    of_repeat: bool,
    moment: Moment,
}

#[derive(Clone, Copy, Debug)]
enum Moment {
    /// The n-th such message has arrived and nothing is done, or all is done and its answer not sent.
    Message(Step, usize, When),
    /// The commit has happened and its answer, or the write's, is on its way.
    Answer,
}

impl fmt::Display for Point {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, of_repeat, moment } = self;
        let call = if *of_repeat { "repeat" } else { "first call" };
        write!(formatter, "{operation}, {call}, {moment:?}")
    }
}

/// One write and its callers' view of it.
#[derive(Clone)]
struct Sent {
    call: Call,
    body: Vec<HttpBody>,
    expected: (&'static str, String),
}

impl Sent {
    /// Every other one has the caller's own key.
    fn new(operation: &'static str, number: usize) -> Self {
        let id = format!("w{number}");
        let idempotency = Some(match number % 2 {
            0 => Idempotency::CallerKey(format!("key-{number}")),
            _ => Idempotency::Nonce(format!("{number:016}").into_bytes()),
        });
        let call = Call { path: path(&[("id", &id)]), idempotency, ..call(operation) };
        if operation == "Place" {
            let body = body(&format!(r#"{{"total": {number}, "items": [{{"sku": "a"}}, {{"sku": "b"}}]}}"#));
            let expected = ("201", format!(r#"{{"placed":"{id}","total":"{number}"}}"#));
            return Self { call, body, expected };
        }
        Self { call, body: Vec::new(), expected: ("204", String::new()) }
    }

    /// The write has happened, and is told as it happened.
    fn check(&self, answer: &Answer, point: &Point) {
        let (status, json) = &self.expected;
        assert_eq!((answer.status(), answer.json()), (*status, json.as_str()), "{point}: {answer:?}");
    }
}

/// A door of the database and a sidecar before it, one after the other.
struct Line {
    door: Mock,
    stand: Stand,
}

impl Line {
    async fn new(mock: &Mock) -> Self {
        let door = mock.another_door().await.unwrap();
        let stand = Stand::in_production(door.port, "kills.yaml").await;
        stand.until_healthy().await;
        Self { door, stand }
    }

    /// Sends as often as it takes until the sidecar listens and has found its database: before, it says of a call with
    /// a key that the database is not there, and of one that may be a retry that it does not know.
    async fn answer(&self, sent: &Sent) -> Answer {
        for _ in 0..1000 {
            let answer = self.stand.execute(sent.call.clone(), &sent.body).await;
            let is_reached = !answer.failed() || !answer.status().is_empty();
            if is_reached && !["database_unavailable", "outcome_unknown"].contains(&answer.reason()) {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the sidecar does not serve\n{}", self.stand.log());
    }

    /// Kills at the point, starts again, repeats. Says whether the killed call had been acknowledged.
    async fn run(&mut self, point: Point, number: usize) -> bool {
        let sent = Sent::new(point.operation, number);
        if point.operation == "Count" {
            self.door.execute(&format!("INSERT INTO counters (id, n) VALUES ('w{number}', 0)")).unwrap();
        }
        if point.of_repeat {
            sent.check(&self.answer(&sent).await, &point);
        }
        let killed = self.killed(point, &sent, number).await;
        let is_acknowledged = !killed.failed();
        if is_acknowledged {
            sent.check(&killed, &point);
        }
        self.door.heal_all();
        self.stand = Stand::in_production(self.door.port, "kills.yaml").await;
        let repeat = self.answer(&sent).await;
        sent.check(&repeat, &point);
        let is_replay = repeat.metadata("spangate-header-idempotency-replayed") == "true";
        assert!(is_replay || !(is_acknowledged || point.of_repeat), "{point}: {repeat:?}");
        is_acknowledged
    }

    async fn killed(&self, point: Point, sent: &Sent, number: usize) -> Answer {
        let process = Pid::from_raw(i32::try_from(self.stand.process()).unwrap()).unwrap();
        let kill = move || kill_process(process, Signal::KILL).unwrap();
        let send = self.stand.execute(sent.call.clone(), &sent.body);
        match point.moment {
            Moment::Message(step, nth, when) => {
                let was_killed = Arc::new(AtomicBool::new(false));
                let run = {
                    let was_killed = Arc::clone(&was_killed);
                    move || {
                        was_killed.store(true, Ordering::Release);
                        kill();
                    }
                };
                self.door.fault(step, when, Times::Nth(nth), Fault::Run(Arc::new(run)));
                let answer = send.await;
                assert!(was_killed.load(Ordering::Acquire), "{point}: {answer:?}");
                assert!(answer.failed(), "{point}: {answer:?}");
                answer
            }
            Moment::Answer => {
                let commits = self.door.count(Step::Commit);
                let kill = async {
                    while self.door.count(Step::Commit) == commits {
                        tokio::time::sleep(Duration::from_micros(100)).await;
                    }
                    // Up to twice as long as the way back takes.
                    tokio::time::sleep(Duration::from_micros(number as u64 % 16 * 200)).await;
                    kill();
                };
                tokio::join!(send, kill).0
            }
        }
    }
}

/// Every message that a first call and a repeat have, each before and after.
async fn points(line: &Line) -> Vec<Point> {
    let mut points = Vec::new();
    for (number, operation) in ["Place", "Count"].into_iter().enumerate() {
        let sent = Sent::new(operation, number);
        line.door.execute(&format!("INSERT INTO counters (id, n) VALUES ('w{number}', 0)")).unwrap();
        for of_repeat in [false, true] {
            line.door.forget_counts();
            assert!(!line.answer(&sent).await.failed());
            for step in STEPS {
                for nth in 1..=line.door.count(step) {
                    for when in [When::Before, When::After] {
                        points.push(Point { operation, of_repeat, moment: Moment::Message(step, nth, when) });
                    }
                }
            }
        }
        points.push(Point { operation, of_repeat: false, moment: Moment::Answer });
    }
    points
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_write_is_lost_and_none_happens_twice() {
    let each: usize = std::env::var("SPANGATE_KILLS").map_or(50, |text| text.parse().unwrap());
    let mock = Mock::start(DDL).await.unwrap();
    let first = Line::new(&mock).await;
    let points = points(&first).await;
    let kinds = points.len();
    let cases: VecDeque<(usize, Point)> =
        points.into_iter().flat_map(|point| std::iter::repeat_n(point, each)).enumerate().collect();
    let kills = cases.len();
    let cases = Arc::new(Mutex::new(cases));
    let mut lines = vec![first];
    for _ in 1..LINES {
        lines.push(Line::new(&mock).await);
    }
    let work = lines.into_iter().map(|mut line| {
        let cases = Arc::clone(&cases);
        tokio::spawn(async move {
            let mut acknowledged = 0;
            loop {
                let next = cases.lock().unwrap().pop_front();
                let Some((number, point)) = next else { return acknowledged };
                // The first two numbers were spent on finding the points.
                acknowledged += usize::from(line.run(point, number + 2).await);
            }
        })
    });
    let mut acknowledged = 0;
    for line in futures::future::join_all(work).await {
        acknowledged += line.unwrap();
    }
    eprintln!("{kills} kills at {kinds} points, {acknowledged} of them after the write was acknowledged");

    // Each write that was sent is there once, with all that belongs to it, and so are its own rows.
    let count = |from: &str| -> usize {
        let rows = mock.query(&format!("SELECT COUNT(*) FROM {from}")).unwrap();
        rows[0][0].parse().unwrap()
    };
    let (orders, counted) = (count("orders"), count("counters WHERE n = 1"));
    assert_eq!(orders + counted, kills + 2);
    assert_eq!((count("items"), count("places")), (2 * orders, orders));
    assert_eq!(count("counters WHERE n > 1"), 0);
    assert_eq!((count("spangate_idempotency"), count("spangate_audit")), (kills + 2, kills + 2));
    let fields = mock.query("SELECT fields FROM spangate_audit WHERE operation = 'Place' LIMIT 1").unwrap();
    assert!(fields[0][0].contains("body.total") && fields[0][0].contains("path.id"), "{fields:?}");
}
