use expect_test::{Expect, expect};

use super::super::file::arrange;
use super::super::history::pending;
use super::*;

const OPERATIONS: &str = "
apiVersion: spangate/v1
databases:
  main: {name: projects/p/instances/i/databases/d}
operations:
  Everything:
    read: {sql: SELECT * FROM items}
    answer: rows
  ListOrders:
    read: {sql: 'SELECT id, note FROM orders@{FORCE_INDEX=by_note} WHERE status = @status'}
    parameters: {status: {type: STRING, from: query}}
    database_role: reader
    answer: rows
  PlaceOrder:
    write:
      - sql: INSERT INTO orders (id, status) VALUES (@id, 'open')
    parameters: {id: {type: INT64, from: path}}
    answer: none
";

fn check(ddl: &str, expected: Expect) {
    let node = spangate_document::from_yaml(OPERATIONS).unwrap();
    let (operations, _) = spangate_operations::load(&node).unwrap();
    let change = vec![("0001_change.sql".to_owned(), ddl.to_owned())];
    let files = arrange(change, Dialect::GoogleSql).unwrap();
    let steps = pending(&files, &[], None).unwrap();
    let schema =
        ["CREATE TABLE orders (id INT64 NOT NULL, note STRING(100), total NUMERIC) PRIMARY KEY (id)"
            .to_owned()];
    let breaches =
        of_text(&schema, Dialect::GoogleSql, &steps, &protected(&operations, "main", &[]).unwrap());
    let told: Vec<_> =
        breaches.iter().map(|breach| format!("{}: {}", breach.operation, breach.why)).collect();
    expected.assert_eq(&told.join("\n"));
}

#[test]
fn operations_that_would_break_are_named() {
    check(
        "DROP TABLE orders",
        expect![[r#"
        ListOrders: 0001_change.sql, line 1: `DROP TABLE orders`: it uses table `orders`
        PlaceOrder: 0001_change.sql, line 1: `DROP TABLE orders`: it uses table `orders`"#]],
    );
    check(
        "CREATE INDEX i ON orders (note);\nDROP INDEX by_note",
        expect!["ListOrders: 0001_change.sql, line 2: `DROP INDEX by_note`: it uses index `by_note`"],
    );
    check(
        "ALTER TABLE orders DROP COLUMN note",
        expect![
            "ListOrders: 0001_change.sql, line 1: `ALTER TABLE orders DROP COLUMN note`: it uses `orders.note`"
        ],
    );
    check(
        "ALTER TABLE items DROP COLUMN colour",
        expect![
            "Everything: 0001_change.sql, line 1: `ALTER TABLE items DROP COLUMN colour`: it uses `items.colour`"
        ],
    );
    check(
        "ALTER TABLE orders ALTER COLUMN note BYTES(100)",
        expect![
            "ListOrders: 0001_change.sql, line 1: `ALTER TABLE orders ALTER COLUMN note BYTES(100)`: it uses `orders.note`, which becomes of another type"
        ],
    );
    check(
        "ALTER TABLE orders ALTER COLUMN note STRING(100) NOT NULL",
        expect![
            "PlaceOrder: 0001_change.sql, line 1: `ALTER TABLE orders ALTER COLUMN note STRING(100) NOT NULL`: it inserts into `orders` without `note`, which must have a value"
        ],
    );
    check(
        "DROP ROLE reader",
        expect![
            "ListOrders: 0001_change.sql, line 1: `DROP ROLE reader`: its role `reader` loses privileges"
        ],
    );
    check(
        "REVOKE SELECT ON TABLE orders FROM ROLE reader",
        expect![
            "ListOrders: 0001_change.sql, line 1: `REVOKE SELECT ON TABLE orders FROM ROLE reader`: its role `reader` loses privileges on `orders`"
        ],
    );
}

#[test]
fn what_no_operation_uses_may_go() {
    check("ALTER TABLE orders DROP COLUMN total", expect![""]);
    check("DROP INDEX by_total; DROP TABLE customers; DROP ROLE writer", expect![""]);
    check("ALTER TABLE orders ALTER COLUMN note STRING(MAX)", expect![""]);
    // Before the column can be used it must be there.
    check("ALTER TABLE orders ADD COLUMN more INT64; ALTER TABLE orders DROP COLUMN more", expect![""]);
    check("REVOKE SELECT ON TABLE customers FROM ROLE reader", expect![""]);
}
