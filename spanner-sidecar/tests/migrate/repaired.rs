//! A history that a person put right, and what `up` makes of it.

use super::*;

#[tokio::test]
async fn after_a_baseline_only_the_rest_is_applied() {
    let ground = Ground::emulated();
    // There before its migrations: applied, it would be refused.
    ground.file("0001_counter.sql", "CREATE TABLE counter (id INT64, n INT64) PRIMARY KEY (id)");
    ground.file("0002_count.dml.sql", "UPDATE counter SET n = n + 1 WHERE id = 1");
    assert_eq!(ground.migrate(&["baseline", "1"]).fine().out, "0001_counter.sql: taken as applied\n");
    ground.migrate(&["up"]).fine();
    assert_eq!(ground.number("SELECT n FROM counter WHERE id = 1").await, 1);
    expect![[r#"
        baseline  ddl          0001_counter.sql  TIME tester@host
        applied   dml          0002_count.dml.sql  TIME tester@host
    "#]]
    .assert_eq(&ground.migrate(&["status"]).fine().table());
}

/// From its first statement on.
#[tokio::test]
async fn what_was_undone_is_applied_as_a_whole() {
    let ground = Ground::emulated();
    let count = "UPDATE counter SET n = n + 1 WHERE true;";
    ground.file("0001_twice.partitioned.sql", &format!("{count}\nUPDATE counter SET id = 2 WHERE true"));
    ground.migrate(&["up"]).refused("1 of 2 statements is applied");
    ground.migrate(&["repair", "--undone", "2"]).refused("version 2 was never begun");
    assert_eq!(
        ground.migrate(&["repair", "--undone", "1"]).fine().out,
        "0001_twice.partitioned.sql: taken as undone\n"
    );
    // Nothing of it is applied, so nothing of it must stay.
    ground.file("0001_twice.partitioned.sql", &format!("{count}\n{count}"));
    ground.migrate(&["up"]).fine();
    assert_eq!(ground.number("SELECT n FROM counter WHERE id = 1").await, 3);
    ground.migrate(&["repair", "--undone", "1"]).refused("is applied, not half applied");
}
