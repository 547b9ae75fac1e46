//! Roles: one that is not there, and ones that may not do what their operations do. Each is its operations' fault
//! alone.

use super::stand::call;
use super::*;

const ROLES: &str = "CREATE ROLE reader; CREATE ROLE clerk; CREATE ROLE intern;
    GRANT SELECT ON TABLE items TO ROLE reader;
    GRANT INSERT ON TABLE items TO ROLE clerk;
    GRANT SELECT, INSERT ON TABLE spangate_idempotency TO ROLE clerk, intern;
    GRANT INSERT ON TABLE spangate_audit TO ROLE clerk, intern;";

fn read(name: &str, role: &str) -> String {
    format!("  {name}: {{read: {{sql: SELECT id FROM items}}, database_role: {role}}}\n")
}

fn write(name: &str, role: &str, step: &str) -> String {
    let parameters = "{id: {type: INT64, from: query}, title: {type: STRING, from: query}}";
    format!("  {name}: {{write: [{step}], parameters: {parameters}, answer: none, database_role: {role}}}\n")
}

#[tokio::test]
async fn a_role_that_is_not_there_is_its_operations_fault_alone() {
    let file = Document::new(&document("", &[&read("Ghostly", "ghost"), SCAN, &read("Read", "reader")]));
    let mock = Mock::start(&[ITEMS, OWN_TABLES, ROLES].concat()).await.unwrap();
    let stand = serve(&mock, &file.path(), &[]).await;
    stand.until_healthy().await;
    stand.until_logged(&["operation_mismatch", "Ghostly", "role `ghost`"]).await;
    stand.execute(call("Ghostly"), &[]).await.assert_refused("503", "schema_mismatch");
    for operation in ["Scan", "Read"] {
        assert_eq!(stand.execute(call(operation), &[]).await.status(), "200", "{operation}");
    }
    stand.until_health_of("database/main", "Serving").await;
    // Once it is there it is served.
    mock.apply("CREATE ROLE ghost; GRANT SELECT ON TABLE items TO ROLE ghost;").unwrap();
    stand.until_served(call("Ghostly")).await;
}

#[tokio::test]
async fn what_a_role_may_not_do_is_not_served() {
    let insert = "{insert: {table: items, columns: {id: id, title: title}}}";
    let operations = [
        read("Read", "reader"),
        read("ReadAsIntern", "intern"),
        write("Insert", "clerk", insert),
        write("InsertAsIntern", "intern", insert),
        write("InsertAsReader", "reader", insert),
        write("Delete", "clerk", "{delete: {table: items, key: [id]}}"),
        write("Replace", "clerk", "{replace: {table: items, columns: {id: id, title: title}}}"),
        write("NoKey", "clerk", "{insert: {table: items, columns: {title: title}}}"),
    ];
    let operations: Vec<&str> = operations.iter().map(String::as_str).collect();
    let file = Document::new(&document("", &operations));
    let mock = Mock::start(&[ITEMS, OWN_TABLES, ROLES].concat()).await.unwrap();
    let stand = serve(&mock, &file.path(), &[]).await;
    for ready in ["Read", "Insert"] {
        stand.until_logged(&["operation_ready", &format!(r#""operation":"{ready}""#)]).await;
    }
    for (operation, problem) in [
        ("ReadAsIntern", "SELECT"),
        ("InsertAsIntern", "INSERT"),
        ("InsertAsReader", "the operation's role lacks INSERT on `spangate_idempotency`"),
        ("Delete", "DELETE"),
        ("Replace", "DELETE"),
        ("NoKey", "a row of `items` needs `id` as well"),
    ] {
        stand.until_logged(&["operation_mismatch", &format!(r#""operation":"{operation}""#), problem]).await;
    }
}
