use googleapis_tonic_google_spanner_v1::google::spanner::v1::{
    BeginTransactionRequest, CommitRequest, CreateSessionRequest, ExecuteSqlRequest, Mutation, Session,
    TransactionSelector, commit_request, mutation, transaction_selector::Selector,
};
use prost_types::ListValue;
use tonic::{Code, Status};

use super::*;
use crate::value::Value;

const DDL: &str = "
    CREATE TABLE t (k STRING(MAX) NOT NULL, n INT64, at TIMESTAMP OPTIONS (allow_commit_timestamp = true))
      PRIMARY KEY (k), ROW DELETION POLICY (OLDER_THAN(at, INTERVAL 2 DAY));
    CREATE ROLE reader; CREATE ROLE writer;
    GRANT SELECT ON TABLE t TO ROLE reader;
    GRANT SELECT, INSERT, UPDATE ON TABLE t TO ROLE writer;";

async fn session(mock: &Mock, role: &str) -> String {
    let session = Session { creator_role: role.to_owned(), ..Session::default() };
    let request = CreateSessionRequest { database: "d".to_owned(), session: Some(session) };
    mock.door.create_session(request).await.unwrap().name
}

async fn begin(mock: &Mock, session: &str) -> Vec<u8> {
    let request = BeginTransactionRequest { session: session.to_owned(), ..Default::default() };
    mock.door.begin(request).await.unwrap().id
}

async fn dml(mock: &Mock, session: &str, id: &[u8], sql: &str) -> Result<(), Status> {
    let transaction = Some(TransactionSelector { selector: Some(Selector::Id(id.to_vec())) });
    let request = ExecuteSqlRequest {
        session: session.to_owned(),
        sql: sql.to_owned(),
        transaction,
        ..ExecuteSqlRequest::default()
    };
    mock.door.execute(request).await.map(|_| ())
}

async fn commit(mock: &Mock, session: &str, id: &[u8], insert: Option<&str>) -> Result<(), Status> {
    let values = |key: &str| ListValue {
        values: vec![Value::Text(key.to_owned()).to_wire(), Value::Text(store::PENDING.to_owned()).to_wire()],
    };
    let write = |key| mutation::Write {
        table: "t".to_owned(),
        columns: vec!["k".to_owned(), "at".to_owned()],
        values: vec![values(key)],
    };
    let mutation = |key| Mutation { operation: Some(mutation::Operation::Insert(write(key))) };
    let request = CommitRequest {
        session: session.to_owned(),
        transaction: Some(commit_request::Transaction::TransactionId(id.to_vec())),
        mutations: insert.into_iter().map(mutation).collect(),
        ..CommitRequest::default()
    };
    mock.door.commit(request).await.map(|_| ())
}

#[tokio::test]
async fn statements() {
    let mock = Mock::start(DDL).await.unwrap();
    mock.execute(
        "INSERT INTO t (k, n) VALUES ('a', 1), ('b', 9), ('c', 10); UPDATE t SET n = n + 1 WHERE k = 'b'",
    )
    .unwrap();
    let check = |query: &str, expected: &[&str]| {
        let rows: Vec<String> = mock.query(query).unwrap().iter().map(|row| row.join(" ")).collect();
        assert_eq!(rows, expected, "{query}");
    };
    check("SELECT k, n FROM t WHERE n >= 2 ORDER BY n DESC, k LIMIT 2", &["b 10", "c 10"]);
    check("SELECT COUNT(*) AS n FROM t WHERE NOT n = 10 OR at IS NULL AND k > 'b'", &["2"]);
    check("SELECT * FROM t WHERE k = 'a'", &["a 1 NULL"]);
    mock.execute("DELETE FROM t WHERE k = 'a'").unwrap();
    check("SELECT k FROM t", &["b", "c"]);
    let refused = |sql: &str| mock.execute(sql).unwrap_err().code();
    assert_eq!(refused("INSERT INTO t (k) VALUES ('b')"), Code::AlreadyExists);
    assert_eq!(refused("INSERT INTO t (n) VALUES (1)"), Code::FailedPrecondition);
    assert_eq!(refused("INSERT INTO nowhere (n) VALUES (1)"), Code::NotFound);
    check(
        "SELECT column_name, spanner_type, is_nullable FROM information_schema.columns WHERE table_name = 't'",
        &["at TIMESTAMP YES", "k STRING(MAX) NO", "n INT64 YES"],
    );
    assert_eq!(refused("SELECT colour FROM t"), Code::InvalidArgument);
    assert_eq!(
        refused("INSERT INTO t (k) VALUES ('d'); INSERT INTO t (k) VALUES ('b')"),
        Code::AlreadyExists
    );
    check("SELECT k FROM t", &["b", "c"]);
}

#[tokio::test]
async fn the_first_to_commit_wins() {
    let mock = Mock::start(DDL).await.unwrap();
    mock.execute("INSERT INTO t (k, n) VALUES ('a', 1)").unwrap();
    let session = session(&mock, "writer").await;
    let (one, other) = (begin(&mock, &session).await, begin(&mock, &session).await);
    for id in [&one, &other] {
        dml(&mock, &session, id, "UPDATE t SET n = n + 1 WHERE k = 'a'").await.unwrap();
    }
    assert_eq!(mock.query("SELECT n FROM t").unwrap(), [["1"]]);
    commit(&mock, &session, &one, None).await.unwrap();
    // Sent again, a commit is answered as it was.
    commit(&mock, &session, &one, None).await.unwrap();
    assert_eq!(commit(&mock, &session, &other, None).await.unwrap_err().code(), Code::Aborted);
    assert_eq!(mock.query("SELECT n FROM t").unwrap(), [["2"]]);
}

#[tokio::test]
async fn mutations_guard_their_keys_and_learn_the_commit_timestamp() {
    let mock = Mock::start(DDL).await.unwrap();
    let session = session(&mock, "writer").await;
    let mut times = Vec::new();
    for key in ["a", "b"] {
        let id = begin(&mock, &session).await;
        commit(&mock, &session, &id, Some(key)).await.unwrap();
        times.extend(mock.query(&format!("SELECT at FROM t WHERE k = '{key}'")).unwrap());
    }
    assert!(times.is_sorted() && times[0] != times[1] && times[0][0].ends_with('Z'), "{times:?}");
    let id = begin(&mock, &session).await;
    dml(&mock, &session, &id, "UPDATE t SET n = 7 WHERE k = 'b'").await.unwrap();
    let refused = commit(&mock, &session, &id, Some("a")).await.unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists);
    assert_eq!(mock.query("SELECT n FROM t WHERE k = 'b'").unwrap(), [["NULL"]]);
}

#[tokio::test]
async fn roles_may_do_what_they_were_granted() {
    let mock = Mock::start(DDL).await.unwrap();
    let reader = session(&mock, "reader").await;
    let id = begin(&mock, &reader).await;
    let refused = dml(&mock, &reader, &id, "INSERT INTO t (k) VALUES ('x')").await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    let refused = commit(&mock, &reader, &id, Some("x")).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    dml(&mock, &reader, &begin(&mock, &reader).await, "SELECT k FROM t").await.unwrap();
    mock.apply("REVOKE SELECT ON TABLE t FROM ROLE reader").unwrap();
    let refused = dml(&mock, &reader, &begin(&mock, &reader).await, "SELECT k FROM t").await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
}

#[tokio::test]
async fn a_table_that_is_dropped_takes_its_rows_along() {
    let mock = Mock::start(DDL).await.unwrap();
    mock.execute("INSERT INTO t (k) VALUES ('x')").unwrap();
    mock.apply("DROP TABLE t").unwrap();
    assert_eq!(mock.query("SELECT k FROM t").unwrap_err().code(), Code::NotFound);
    let known = "SELECT column_name FROM information_schema.columns WHERE table_name = 't'";
    assert!(mock.query(known).unwrap().is_empty());
    mock.apply(DDL).unwrap();
    assert!(mock.query("SELECT k FROM t").unwrap().is_empty());
}

#[tokio::test]
async fn faults_come_before_or_after_what_is_done() {
    let mock = Mock::start(DDL).await.unwrap();
    let other = mock.another_door().await.unwrap();
    let session = session(&mock, "writer").await;
    let fault = || Fault::Status(Status::unavailable("gone"));
    mock.fault(Step::Commit, When::Before, Times::Nth(1), fault());
    mock.fault(Step::Commit, When::After, Times::Nth(2), fault());
    for (key, is_answered, is_there) in [("a", false, false), ("b", true, true), ("c", false, true)] {
        let id = begin(&mock, &session).await;
        let done = commit(&mock, &session, &id, Some(key)).await;
        assert_eq!(done.is_ok(), is_answered, "{key}");
        let rows = mock.query(&format!("SELECT k FROM t WHERE k = '{key}'")).unwrap();
        assert_eq!(rows.len(), usize::from(is_there), "{key}");
    }
    assert_eq!((mock.count(Step::Commit), other.count(Step::Commit)), (3, 0));
}
