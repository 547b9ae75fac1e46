//! Answers that are lost, and a lease: what `migrate` does not know it says, writes nothing of, and finds out next time.

use std::process::Child;

use super::ground::Said;
use super::slow::Trouble;
use super::*;

const TABLE: &str = "CREATE TABLE one (id INT64) PRIMARY KEY (id)";

fn begun(ground: &Ground, arguments: &[&str]) -> Child {
    let mut command = ground.migration(&[arguments, SOON.as_slice()].concat());
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap()
}

fn ended(child: Child) -> Said {
    Said::of(child.wait_with_output().unwrap())
}

/// Spanner has the batch, and whoever sent it does not know.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_whose_answer_is_lost_is_found_again() {
    for also_lost in ["", "GetOperation"] {
        let mut ground = Ground::emulated();
        let slow = ground.slow_down().await;
        ground.file("0001_one.sql", TABLE);
        slow.trouble("UpdateDatabaseDdl", Trouble::AnswerLost);
        slow.trouble(also_lost, Trouble::Unavailable);
        ground.migrate(&["up"]).refused(
            "0001_one.sql: the answer was lost: the answer is lost; `migrate up` finds out how it ended",
        );
        assert!(ground.migrate(&["status"]).out.starts_with("running   ddl          0001_one.sql"));
        slow.heal(also_lost);
        // It would not be sent again.
        slow.trouble("UpdateDatabaseDdl", Trouble::Denied);
        let up = ground.migrate(&["up"]);
        assert_eq!(up.fine().out, "0001_one.sql: resumed\n0001_one.sql: applied (1 statement)\n");
        assert_eq!(slow.batches().len(), 1, "{:?}", slow.batches());
    }
}

/// Spanner never had the batch: nothing is applied, and the next try is one of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_was_not_taken_is_sent_again() {
    let mut ground = Ground::emulated();
    let slow = ground.slow_down().await;
    ground.file("0001_one.sql", TABLE);
    slow.trouble("UpdateDatabaseDdl", Trouble::Unavailable);
    ground.migrate(&["up"]).refused("nobody is here").refused("nothing of the file is applied");
    slow.heal("UpdateDatabaseDdl");
    ground.migrate(&["up"]).fine();
    assert_eq!(slow.batches().len(), 1, "{:?}", slow.batches());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_cannot_be_watched_goes_on() {
    let mut ground = Ground::emulated();
    let slow = ground.slow_down().await;
    ground.file("0001_one.sql", TABLE);
    slow.trouble("GetOperation", Trouble::Denied);
    ground.migrate(&["up"]).refused("cannot find out about `projects/pp").refused("you may not");
    assert!(ground.migrate(&["status"]).out.starts_with("running   ddl          0001_one.sql"));
    slow.heal("GetOperation");
    ground.migrate(&["up"]).fine();
    assert_eq!(slow.batches().len(), 1, "{:?}", slow.batches());

    // What passes is waited for.
    ground.file("0002_two.sql", &TABLE.replace("one", "two"));
    slow.trouble("GetOperation", Trouble::Unavailable);
    let before = slow.asked("GetOperation");
    let child = begun(&ground, &["up"]);
    slow.until_asked("GetOperation", before + 3).await;
    slow.heal("GetOperation");
    assert_eq!(ended(child).fine().out, "0002_two.sql: begun\n0002_two.sql: applied (1 statement)\n");
}

/// Its lease is another one's: nothing that it goes on with is written down any more.
#[tokio::test(flavor = "multi_thread")]
async fn who_lost_the_lease_writes_nothing() {
    let mut ground = Ground::emulated();
    let slow = ground.slow_down().await;
    ground.file("0001_one.sql", TABLE);
    ground.file("0002_count.dml.sql", "UPDATE counter SET n = n + 1 WHERE id = 1");
    slow.hold_after(0);
    let child = begun(&ground, &["up"]);
    slow.until_asked("GetOperation", 1).await;
    ground.lock("somebody@elsewhere", 600).await;
    slow.release();
    ended(child)
        .refused("0001_one.sql: the history was not written: the lease ran out and was taken over by `somebody@elsewhere`");
    let status = ground.migrate(&["status"]);
    assert!(status.out.starts_with("running   ddl          0001_one.sql"), "{status:?}");
    assert!(status.out.contains("`somebody@elsewhere` is migrating"), "the lock was given up: {status:?}");

    // DML reads the lock in its own transaction. The schema is read once before the lease is taken, and once after.
    ground.lock("somebody@elsewhere", 0).await;
    ground.migrate(&["to", "1"]).fine();
    slow.trouble_after(1, "GetDatabaseDdl", Trouble::Wait);
    let asked = slow.asked("GetDatabaseDdl");
    let child = begun(&ground, &["up"]);
    slow.until_asked("GetDatabaseDdl", asked + 2).await;
    ground.lock("somebody@elsewhere", 600).await;
    slow.heal("GetDatabaseDdl");
    ended(child).refused("0002_count.dml.sql: the lease ran out and was taken over by `somebody@elsewhere`");
    assert_eq!(ground.number("SELECT n FROM counter WHERE id = 1").await, 0);
    ground.lock("somebody@elsewhere", 0).await;
    ground.migrate(&["up"]).fine();
    assert_eq!(ground.number("SELECT n FROM counter WHERE id = 1").await, 1);
}
