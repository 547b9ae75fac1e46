use super::*;
use spangate_operations::{Dialect, Limits, Queue};

const SECOND: Duration = Duration::from_secs(1);
const NOBODY: [usize; 0] = [];

fn database() -> Database {
    Database {
        name: "projects/p/instances/i/databases/d".to_owned(),
        dialect: Dialect::GoogleSql,
        max_in_flight: 4,
        max_channels: 4,
        classes: BTreeMap::new(),
        roles: BTreeMap::new(),
        regions: BTreeMap::new(),
        queue: Some(Queue { max_waiting: 3, max_wait: queue_time() }),
        directed_reads: None,
    }
}

fn queue_time() -> spangate_document::Duration {
    spangate_document::parse_duration("2s").unwrap()
}

fn limits(max_in_flight: u32) -> Limits {
    Limits { max_in_flight: Some(max_in_flight), max_channels: None }
}

fn lane(class: Class) -> Lane {
    Lane { class, role: None }
}

/// A story in words: who comes, leaves or gives up, and what came of it.
struct Story {
    gate: Gate,
    now: Instant,
    waiting: Vec<(Lane, Ticket)>,
}

impl Story {
    fn of(database: &Database, region: Option<&str>) -> Self {
        Self { gate: Gate::new(database, region), now: Instant::now(), waiting: Vec::new() }
    }

    fn comes(&mut self, lane: &Lane) -> String {
        self.comes_with(lane, 10 * SECOND, Duration::ZERO)
    }

    fn comes_with(&mut self, lane: &Lane, deadline: Duration, pace: Duration) -> String {
        match self.gate.come(lane, self.now, self.now + deadline, pace) {
            Verdict::Admitted => "admitted".to_owned(),
            Verdict::Waits { ticket, until, full: _ } => {
                self.waiting.push((lane.clone(), ticket));
                format!("waits {:?}", until - self.now)
            }
            Verdict::TurnedAway(full) => format!("{full:?} is full"),
        }
    }

    /// Who gets on, as numbers in the order in which they began to wait.
    fn leaves(&mut self, lane: &Lane) -> Vec<usize> {
        let admitted = self.gate.leave(lane, self.now);
        self.numbers(&admitted)
    }

    fn gives_up(&mut self, number: usize) -> Vec<usize> {
        let (lane, ticket) = self.waiting[number].clone();
        let admitted = self.gate.give_up(&lane, ticket, self.now);
        self.numbers(&admitted)
    }

    fn numbers(&self, tickets: &[Ticket]) -> Vec<usize> {
        let number = |ticket| self.waiting.iter().position(|(_, waiting)| waiting == ticket).unwrap();
        tickets.iter().map(number).collect()
    }
}

#[test]
fn whoever_finds_no_place_waits_in_order() {
    let mut story = Story::of(&database(), None);
    let point = lane(Class::Point);
    for _ in 0..4 {
        assert_eq!(story.comes(&point), "admitted");
    }
    for _ in 0..3 {
        assert_eq!(story.comes(&point), "waits 2s");
    }
    assert_eq!(story.comes(&point), "Database is full");
    assert_eq!(story.gives_up(0), NOBODY);
    assert_eq!(story.leaves(&point), [1]);
    // Whoever comes does not overtake who waits.
    assert_eq!(story.comes(&point), "waits 2s");
    assert_eq!(story.leaves(&point), [2]);
    assert_eq!(story.leaves(&point), [3]);
    assert_eq!(story.leaves(&point), NOBODY);
    assert_eq!(story.comes(&point), "admitted");
}

#[test]
fn scans_take_their_half_and_hold_nobody_up() {
    let mut story = Story::of(&database(), None);
    let (point, scan) = (lane(Class::Point), lane(Class::Scan));
    assert_eq!(story.comes(&scan), "admitted");
    assert_eq!(story.comes(&scan), "admitted");
    assert_eq!(story.comes(&scan), "waits 2s");
    assert_eq!(story.comes(&point), "admitted");
    assert_eq!(story.comes(&point), "admitted");
    assert_eq!(story.comes(&point), "waits 2s");
    // The scan came first, and there is no place for one.
    assert_eq!(story.leaves(&point), [1]);
    assert_eq!(story.leaves(&scan), [0]);
}

#[test]
fn scans_that_wait_leave_room_in_the_queue() {
    let mut story = Story::of(&database(), None);
    let (point, scan) = (lane(Class::Point), lane(Class::Scan));
    let came = [(); 5].map(|()| story.comes(&scan));
    assert_eq!(came, ["admitted", "admitted", "waits 2s", "waits 2s", "Database is full"]);
    let came = [(); 4].map(|()| story.comes(&point));
    assert_eq!(came, ["admitted", "admitted", "waits 2s", "Database is full"]);
}

#[test]
fn who_would_be_answered_too_late_does_not_wait() {
    let mut story = Story::of(&database(), None);
    let point = lane(Class::Point);
    for _ in 0..4 {
        story.comes(&point);
    }
    assert_eq!(story.comes_with(&point, SECOND, SECOND / 4), "waits 750ms");
    assert_eq!(story.comes_with(&point, SECOND, SECOND), "Database is full");
    // With a place free the estimate decides nothing: it is one.
    story.gives_up(0);
    story.leaves(&point);
    assert_eq!(story.comes_with(&point, SECOND, 2 * SECOND), "admitted");

    // Whose time passed while all were busy gets no place any more.
    assert_eq!(story.comes(&point), "waits 2s");
    story.now += 3 * SECOND;
    assert_eq!(story.comes(&point), "waits 2s");
    assert_eq!(story.leaves(&point), [2]);
}

#[test]
fn regions_and_roles_have_limits_of_their_own() {
    let mut database = database();
    database.regions.insert("europe-west1".to_owned(), limits(2));
    database.roles.insert("reporter".to_owned(), limits(1));
    database.queue = None;
    let point = lane(Class::Point);
    let reporter = Lane { class: Class::Point, role: Some("reporter".into()) };

    let mut here = Story::of(&database, Some("europe-west1"));
    assert_eq!(here.comes(&reporter), "admitted");
    assert_eq!(here.comes(&reporter), "Database is full");
    assert_eq!(here.comes(&point), "admitted");
    assert_eq!(here.comes(&point), "Region is full");

    let mut elsewhere = Story::of(&database, Some("us-east1"));
    for _ in 0..4 {
        assert_eq!(elsewhere.comes(&point), "admitted");
    }
    assert_eq!(elsewhere.comes(&point), "Database is full");
}

/// Whatever happens, no limit is passed, nobody is lost, and a free place with somebody who could take it is never
/// left free.
#[test]
fn no_story_breaks_a_limit() {
    let mut database = database();
    database.classes.insert(Class::Write, limits(2));
    database.roles.insert("a".to_owned(), limits(1));
    let lanes: Vec<_> = [Class::Point, Class::Scan, Class::Write]
        .into_iter()
        .flat_map(|class| [None, Some("a".into())].map(|role| Lane { class, role }))
        .collect();
    for seed in 0..200_u64 {
        let mut story = Story::of(&database, None);
        let mut inside: Vec<Lane> = Vec::new();
        let mut random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        for _ in 0..200 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let pick = usize::try_from(random % 1000).unwrap();
            let mut admitted = Vec::new();
            match random % 3 {
                0 if !inside.is_empty() => {
                    let lane = inside.remove(pick % inside.len());
                    admitted = story.leaves(&lane);
                }
                1 if !story.waiting.is_empty() => admitted = story.gives_up(pick % story.waiting.len()),
                _ => {
                    let lane = lanes[pick % lanes.len()].clone();
                    if story.comes(&lane) == "admitted" {
                        inside.push(lane);
                    }
                }
            }
            inside.extend(admitted.into_iter().map(|number| story.waiting[number].0.clone()));
            let count = |is: &dyn Fn(&Lane) -> bool| inside.iter().filter(|lane| is(lane)).count();
            assert!(inside.len() <= 4);
            assert!(count(&|lane| lane.class == Class::Scan) <= 2);
            assert!(count(&|lane| lane.class == Class::Write) <= 2);
            assert!(count(&|lane| lane.role.is_some()) <= 1);
            assert_eq!(story.gate.whole.taken, inside.len());
            for lane in story.gate.waiting.keys() {
                assert!(story.gate.full(lane).is_some(), "{lane:?} waits before a free place");
            }
        }
    }
}
