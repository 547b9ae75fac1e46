//! `spanner-sidecar migrate` against the real emulator, and through a door before it that has what the emulator does
//! not: roles, and schema changes that take a while.

#![allow(clippy::unwrap_used, reason = "what a test did not expect fails it")]

#[path = "migrate/ground.rs"]
mod ground;
#[path = "migrate/lost.rs"]
mod lost;
#[path = "migrate/repaired.rs"]
mod repaired;
#[path = "migrate/silence.rs"]
mod silence;
#[path = "migrate/slow.rs"]
mod slow;
mod stand;

use expect_test::expect;
use ground::{Ground, PAUSE, SOON};

const ORDERS: &str = "CREATE TABLE orders (id INT64 NOT NULL, note STRING(10)) PRIMARY KEY (id);";

fn three_kinds(ground: &Ground) {
    ground.file("0001_orders.sql", &format!("-- Orders.\n{ORDERS}\nCREATE INDEX by_note ON orders (note);"));
    ground.file(
        "0002_first_orders.dml.sql",
        "INSERT INTO orders (id, note) VALUES (1, 'a');\nINSERT INTO orders (id, note) VALUES (2, 'a');",
    );
    ground.file(
        "0003_tidy.partitioned.sql",
        "UPDATE orders SET note = 'b' WHERE true; DELETE FROM orders WHERE id > 9",
    );
}

#[tokio::test]
async fn from_nothing_to_the_last_version() {
    let ground = Ground::emulated();
    three_kinds(&ground);
    ground.migrate(&["init"]).fine();
    expect![[r#"
        pending   ddl          0001_orders.sql
        pending   dml          0002_first_orders.dml.sql
        pending   partitioned  0003_tidy.partitioned.sql
    "#]]
    .assert_eq(&ground.migrate(&["status"]).fine().table());

    let planned = ground.migrate(&["up", "--dry-run"]);
    expect![[r#"
        0001_orders.sql (ddl)
          0001_orders.sql, line 2: `CREATE TABLE orders (id INT64 NOT NULL, note STRING(10)) PRIMARY KEY (id)`
          0001_orders.sql, line 3: `CREATE INDEX by_note ON orders (note)`
        0002_first_orders.dml.sql (dml)
          0002_first_orders.dml.sql, line 1: `INSERT INTO orders (id, note) VALUES (1, 'a')`
          0002_first_orders.dml.sql, line 2: `INSERT INTO orders (id, note) VALUES (2, 'a')`
        0003_tidy.partitioned.sql (partitioned)
          0003_tidy.partitioned.sql, line 1: `UPDATE orders SET note = 'b' WHERE true`
          0003_tidy.partitioned.sql, line 1: `DELETE FROM orders WHERE id > 9`
    "#]]
    .assert_eq(&planned.fine().out);
    assert_eq!(ground.migrate(&["plan"]).out, planned.out);

    ground.migrate(&["to", "1"]).fine();
    assert_eq!(ground.number("SELECT COUNT(*) FROM orders").await, 0);
    ground.migrate(&["up"]).fine();
    assert_eq!(ground.number("SELECT COUNT(*) FROM orders WHERE note = 'b'").await, 2);
    expect![[r#"
        applied   ddl          0001_orders.sql  TIME tester@host
        applied   dml          0002_first_orders.dml.sql  TIME tester@host
        applied   partitioned  0003_tidy.partitioned.sql  TIME tester@host
    "#]]
    .assert_eq(&ground.migrate(&["status"]).fine().table());
    assert_eq!(ground.migrate(&["up"]).fine().out, "everything is applied\n");
    ground.migrate(&["to", "1"]).refused("what is applied is undone by a new migration");
}

#[tokio::test]
async fn a_changed_file_is_refused_until_it_is_accepted() {
    let ground = Ground::emulated();
    three_kinds(&ground);
    ground.migrate(&["up"]).fine();
    ground.file("0002_first_orders.dml.sql", "INSERT INTO orders (id, note) VALUES (1, 'other')");
    ground.file("0004_more.sql", "CREATE TABLE more (id INT64) PRIMARY KEY (id)");
    ground.migrate(&["up"]).refused("0002_first_orders.dml.sql has changed since it was applied");
    assert_eq!(ground.migrate(&["status"]).code, Some(1));
    assert_eq!(ground.migrate(&["repair"]).fine().out, "0002_first_orders.dml.sql: accepted as it is\n");
    ground.migrate(&["up"]).fine();
    assert_eq!(ground.number("SELECT COUNT(*) FROM orders WHERE note = 'b'").await, 2);
}

#[tokio::test]
async fn a_database_that_was_there_before() {
    let ground = Ground::emulated();
    three_kinds(&ground);
    ground.migrate(&["baseline", "4"]).refused("there is no version 4");
    ground.migrate(&["baseline", "3"]).fine();
    ground.migrate(&["baseline", "3"]).refused("a baseline is for a database without a history");
    expect![[r#"
        baseline  ddl          0001_orders.sql  TIME tester@host
        baseline  dml          0002_first_orders.dml.sql  TIME tester@host
        baseline  partitioned  0003_tidy.partitioned.sql  TIME tester@host
    "#]]
    .assert_eq(&ground.migrate(&["status"]).fine().table());
}

#[tokio::test]
async fn what_stops_half_way_goes_on_from_there() {
    let ground = Ground::emulated();
    three_kinds(&ground);
    let one = "CREATE TABLE one (id INT64) PRIMARY KEY (id);";
    let three = "CREATE TABLE three (id INT64) PRIMARY KEY (id);";
    ground.file("0004_half.sql", &format!("{one}\nCREATE UNIQUE INDEX u ON orders (note);\n{three}"));
    let stopped = ground.migrate(&["up"]);
    stopped.refused("0004_half.sql, line 2: `CREATE UNIQUE INDEX u ON orders (note)`: ");
    stopped.refused("1 of 3 statements is applied and must stay as it is: mend those after it");
    let status = ground.migrate(&["status"]);
    assert!(
        status.code == Some(1) && status.out.contains("0004_half.sql stopped after 1 of its statements"),
        "{status:?}"
    );

    ground.file("0004_half.sql", "CREATE TABLE another (id INT64) PRIMARY KEY (id)");
    ground.migrate(&["up"]).refused("its first 1 statements, which are, have changed");
    ground.file("0004_half.sql", &format!("{one}\nCREATE INDEX u ON orders (note);\n{three}"));
    ground.migrate(&["up"]).fine();
    assert_eq!(
        ground.number("SELECT COUNT(*) FROM one").await + ground.number("SELECT COUNT(*) FROM three").await,
        0
    );

    // DML is all or nothing.
    let twice = "INSERT INTO orders (id, note) VALUES (7, 'x');";
    ground.file("0005_twice.dml.sql", &format!("{twice}\n{twice}"));
    ground
        .migrate(&["up"])
        .refused("0005_twice.dml.sql, line 2")
        .refused("nothing of 0005_twice.dml.sql is applied");
    assert_eq!(ground.number("SELECT COUNT(*) FROM orders WHERE id = 7").await, 0);

    // Partitioned DML stops between statements.
    ground.file("0005_twice.dml.sql", twice);
    ground.file(
        "0006_half.partitioned.sql",
        "UPDATE orders SET note = 'c' WHERE true; UPDATE orders SET id = 1 WHERE true",
    );
    ground.migrate(&["up"]).refused("1 of 2 statements is applied");
    ground.migrate(&["repair", "--applied", "6"]).fine();
    assert_eq!(ground.migrate(&["up"]).fine().out, "everything is applied\n");
}

/// `up` is killed as soon as one more row of the history is there, and run again: each file must have been applied,
/// and once.
#[tokio::test]
async fn whoever_comes_after_a_kill_goes_on() {
    const PAIRS: u32 = 8;
    let ground = Ground::emulated();
    for pair in 0..PAIRS {
        let (table, count) = (2 * pair + 1, 2 * pair + 2);
        let ddl = format!("CREATE TABLE t{pair} (id INT64) PRIMARY KEY (id)");
        ground.file(&format!("{table:04}_table.sql"), &ddl);
        ground.file(&format!("{count:04}_count.dml.sql"), "UPDATE counter SET n = n + 1 WHERE id = 1");
    }
    let mut kills = 0;
    loop {
        let before = ground.number("SELECT COUNT(*) FROM spangate_migrations").await;
        let mut child = ground.migration(&[&["up"], SOON.as_slice()].concat()).spawn().unwrap();
        let ended = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break Some(status);
            }
            if ground.number("SELECT COUNT(*) FROM spangate_migrations").await > before {
                break None;
            }
            tokio::time::sleep(PAUSE).await;
        };
        if let Some(status) = ended {
            assert!(status.success());
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
    }
    assert!(kills >= 2, "{kills} kills");
    assert_eq!(ground.number("SELECT n FROM counter WHERE id = 1").await, i64::from(PAIRS));
    let status = ground.migrate(&["status"]);
    let applied = status.fine().out.lines().filter(|line| line.starts_with("applied"));
    assert_eq!(applied.count(), 2 * PAIRS as usize);
}

#[tokio::test]
async fn one_at_a_time() {
    let ground = Ground::emulated();
    for version in 1..=6 {
        ground.file(&format!("{version:04}_count.dml.sql"), "UPDATE counter SET n = n + 1 WHERE id = 1");
    }
    let both: Vec<_> = (0..3).map(|_| ground.migration(&["up"]).spawn().unwrap()).collect();
    for mut child in both {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(ground.number("SELECT n FROM counter WHERE id = 1").await, 6);
}

#[tokio::test]
async fn who_has_the_lock_is_told() {
    let ground = Ground::emulated();
    ground.file("0001_wait.dml.sql", "UPDATE counter SET n = 1 WHERE id = 1");
    ground.lock("somebody@elsewhere", 600).await;
    ground
        .migrate(&["up", "--lock-wait", "1s"])
        .refused("`somebody@elsewhere` is migrating; its lease runs out in");
    let status = ground.migrate(&["status"]);
    assert!(status.out.contains("`somebody@elsewhere` is migrating"), "{status:?}");
    ground.lock("somebody@elsewhere", 0).await;
    ground.migrate(&["up"]).fine();
}

#[tokio::test]
async fn operations_that_are_served_must_not_break() {
    let ground = Ground::emulated();
    three_kinds(&ground);
    ground.migrate(&["up"]).fine();
    ground.file("0004_contract.sql", "DROP INDEX by_note;\nALTER TABLE orders DROP COLUMN note");
    let planned = ground.migrate(&["plan"]);
    assert_eq!(planned.code, Some(1), "{planned:?}");
    expect![[r#"
        breaks `PlaceOrder`: 0004_contract.sql, line 2: `ALTER TABLE orders DROP COLUMN note`: it uses `orders.note`
        breaks `ReadNote`: 0004_contract.sql, line 2: `ALTER TABLE orders DROP COLUMN note`: it uses `orders.note`
    "#]]
    .assert_eq(&planned.out.lines().filter(|line| line.starts_with("breaks")).map(|line| format!("{line}\n")).collect::<String>());
    ground.migrate(&["up"]).refused("nothing was applied");

    // A policy of which no served version calls them.
    let policy = |sunset: &str| {
        format!(
            "apiVersion: spangate/v1
name: p
apis:
  a:
    path: /a
    versioning: {{scheme: path, default: v1}}
    versions: {{v1: {{sunset: {sunset}, after_sunset: refuse}}}}
    operations:
      read: {{route: 'GET /notes/{{id}}', public: true, call: ReadNote}}
"
        )
    };
    let served = ground.write("served.yaml", &policy("2999-01-01"));
    let retired = ground.write("retired.yaml", &policy("2020-01-01"));
    let scratch = "projects/pp/instances/ii/databases/scratch";
    let planned = ground.migrate(&["plan", "--policy", &served]);
    assert!(planned.out.contains("breaks `ReadNote`") && !planned.out.contains("PlaceOrder"), "{planned:?}");
    // Planned against the schema to come; the scratch database is gone afterwards, so that it can be made again.
    for _ in 0..2 {
        let tried = ground.migrate(&["plan", "--policy", &served, "--scratch", scratch]);
        assert!(tried.code == Some(1) && tried.out.contains("breaks `ReadNote`: "), "{tried:?}");
    }
    ground
        .migrate(&["plan", "--policy", &served, "--scratch", scratch, "--allow-breaking", "ReadNote"])
        .fine();
    ground.migrate(&["up", "--policy", &retired]).fine();
}

/// Spanner goes on with a batch whose sender was killed, and whoever comes next waits for that one.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_outlives_its_sender() {
    let mut ground = Ground::emulated();
    let slow = ground.slow_down().await;
    let one = "CREATE TABLE one (id INT64) PRIMARY KEY (id);";
    ground.file("0001_slow.sql", &format!("{one}\nCREATE TABLE two (id INT64) PRIMARY KEY (id);"));
    slow.hold_after(1);
    let mut child = ground.migration(&[&["up"], SOON.as_slice()].concat()).spawn().unwrap();
    while slow.batches().is_empty() {
        tokio::time::sleep(PAUSE).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let status = ground.migrate(&["status"]);
    assert!(status.out.starts_with("running   ddl          0001_slow.sql"), "{status:?}");
    // Nobody may say that it was ended by hand while Spanner is at work.
    let repair = [&["repair", "--undone", "1"], SOON.as_slice()].concat();
    ground.migrate(&repair).refused("Spanner is still at work on 0001_slow.sql");

    slow.release();
    let up = ground.migrate(&[&["up"], SOON.as_slice()].concat());
    assert_eq!(up.fine().out, "0001_slow.sql: resumed\n0001_slow.sql: applied (2 statements)\n");
    assert_eq!(slow.batches().len(), 1, "{:?}", slow.batches());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_of_a_batch_is_sent_alone() {
    let mut ground = Ground::emulated();
    let slow = ground.slow_down().await;
    let table = |name: &str| format!("CREATE TABLE {name} (id INT64) PRIMARY KEY (id);\n");
    ground.file("0001_three.sql", &[table("one"), table("two"), table("three")].concat());
    slow.refuse(Some("two"));
    let stopped = ground.migrate(&["up"]);
    stopped.refused(
        "0001_three.sql, line 2: `CREATE TABLE two (id INT64) PRIMARY KEY (id)`: it is refused here",
    );
    stopped.refused("1 of 3 statements is applied");
    // Nothing was mended: the same again, and not taken for the same batch.
    ground.migrate(&["up"]).refused("1 of 3 statements is applied");
    slow.refuse(None);
    ground.migrate(&["up"]).fine();
    let sent: Vec<usize> = slow.batches().iter().map(Vec::len).collect();
    assert_eq!(sent, [3, 2, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writing_role_gets_what_it_needs_and_no_more() {
    let mut ground = Ground::emulated();
    let slow = ground.slow_down().await;
    ground.show_key();
    let init = ground.migrate(&["init"]);
    assert_eq!(init.code, Some(1), "{init:?}");
    expect![[r#"
        warning: there is no role `writer`: create it by a migration, then run `spanner-sidecar migrate init`
    "#]]
    .assert_eq(&init.out);

    let much = "GRANT DELETE ON TABLE spangate_audit TO ROLE reader";
    ground.file("0001_roles.sql", &format!("CREATE ROLE reader; CREATE ROLE writer; {much}"));
    ground.migrate(&["up"]).fine();
    let planned = ground.migrate(&["init", "--dry-run"]);
    assert_eq!(slow.roles().len(), 3, "{planned:?}");
    expect![[r#"
        granted: GRANT SELECT, INSERT ON TABLE spangate_idempotency TO ROLE `writer`
        granted: GRANT INSERT ON TABLE spangate_audit TO ROLE `writer`
        warning: role `reader` has DELETE on spangate_audit, which no operation needs: revoke it
    "#]]
    .assert_eq(&ground.migrate(&["init"]).out);
    expect![[r#"
        CREATE ROLE reader
        CREATE ROLE writer
        GRANT DELETE ON TABLE spangate_audit TO ROLE reader
        GRANT SELECT, INSERT ON TABLE spangate_idempotency TO ROLE `writer`
        GRANT INSERT ON TABLE spangate_audit TO ROLE `writer`"#]]
    .assert_eq(&slow.roles().join("\n"));
    expect![[r#"
        applied   ddl          0001_roles.sql  TIME tester@host
        warning: role `reader` has DELETE on spangate_audit, which no operation needs: revoke it
    "#]]
    .assert_eq(&ground.migrate(&["status"]).table());
}

#[tokio::test]
async fn postgresql() {
    let ground = Ground::of_postgresql();
    assert_eq!(
        ground.migrate(&["init"]).fine().out,
        "the emulator has no roles: nothing is granted to writer\neverything is there already\n"
    );
    ground.file("0001_orders.sql", "CREATE TABLE orders (id bigint PRIMARY KEY, note varchar(10))");
    ground.file("0002_first.dml.sql", "INSERT INTO orders (id, note) VALUES (1, 'a')");
    ground.file("0003_tidy.partitioned.sql", "UPDATE orders SET note = 'b' WHERE note = 'a'");
    ground.migrate(&["up"]).fine();
    assert_eq!(ground.number("SELECT COUNT(*) FROM orders WHERE note = 'b'").await, 1);
    expect![[r#"
        applied   ddl          0001_orders.sql  TIME tester@host
        applied   dml          0002_first.dml.sql  TIME tester@host
        applied   partitioned  0003_tidy.partitioned.sql  TIME tester@host
    "#]]
    .assert_eq(&ground.migrate(&["status"]).fine().table());
}

#[tokio::test]
async fn the_example() {
    let example = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/storefront");
    let ground = Ground::of_example(&std::fs::read_to_string(example.join("operations.yaml")).unwrap());
    for entry in std::fs::read_dir(example.join("migrations")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        ground.file(name, &std::fs::read_to_string(&path).unwrap());
    }
    let policy = example.join("policy.yaml");
    ground.migrate(&["up", "--policy", policy.to_str().unwrap()]).fine();
    expect![[r#"
        applied   ddl          0001_storefront.sql  TIME tester@host
        applied   dml          0002_first_tenants.dml.sql  TIME tester@host
        applied   ddl          0003_expand_channel.sql  TIME tester@host
        applied   partitioned  0004_fill_channel.partitioned.sql  TIME tester@host
    "#]]
    .assert_eq(&ground.migrate(&["status"]).fine().table());
}
