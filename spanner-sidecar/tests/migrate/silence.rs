//! A Spanner that is away or says nothing: `migrate` ends, and says of what nothing came.

use super::slow::Trouble;
use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_in_vain_ends() {
    let ground = Ground::emulated();
    ground.file("0001_count.dml.sql", "UPDATE counter SET n = n + 1 WHERE id = 1");
    let ended = async |action: &str, method, trouble| {
        let door = ground.another_door().await;
        door.trouble(method, trouble);
        let said = ground.migrate_through(&door, &[action]).await;
        assert_eq!(said.code, Some(2), "{said:?}");
        format!("{action}, {method} {trouble:?}\n  {}", said.error.replace(&door.port.to_string(), "PORT"))
    };
    let cases = [
        ("status", "CreateSession"),
        ("status", "ExecuteStreamingSql"),
        ("up", "ExecuteStreamingSql"),
        ("up", "Commit"),
    ];
    let cases = cases.into_iter().flat_map(|(action, method)| {
        [Trouble::Unavailable, Trouble::Silence].map(|trouble| ended(action, method, trouble))
    });
    let table = futures::future::join_all(cases).await.concat();
    expect![[r#"
        status, CreateSession Unavailable
          error: cannot reach `projects/pp/instances/ii/databases/dd`: nobody is here
        status, CreateSession Silence
          error: cannot reach `projects/pp/instances/ii/databases/dd`: the database did not answer in time
        status, ExecuteStreamingSql Unavailable
          error: cannot read the history: nobody is here
        status, ExecuteStreamingSql Silence
          error: cannot read the history: the database did not answer in time
        up, ExecuteStreamingSql Unavailable
          error: the lock was not given: nobody is here
        up, ExecuteStreamingSql Silence
          error: the lock was not given: the database did not answer in time
        up, Commit Unavailable
          error: the lock was not given: nobody is here
        up, Commit Silence
          error: the lock was not given: the database did not answer in time
    "#]]
    .assert_eq(&table);
}
