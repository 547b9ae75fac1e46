use expect_test::{Expect, expect};

use super::*;

const ORDERS: &str = "CREATE TABLE orders (
  id INT64 NOT NULL,
  status STRING(20) NOT NULL DEFAULT ('open'),
  note STRING(100),
  tags ARRAY<STRING(40)>,
  CONSTRAINT known CHECK (status IN ('open', 'paid')),
) PRIMARY KEY (id)";

fn check(statements: &[&str], expected: Expect) {
    let schema = [ORDERS, "ALTER TABLE orders ADD COLUMN total NUMERIC"];
    check_in(Dialect::GoogleSql, &schema, statements, expected);
}

fn check_in(dialect: Dialect, schema: &[&str], statements: &[&str], expected: Expect) {
    let told: Vec<String> = statements
        .iter()
        .map(|statement| format!("{statement}\n  {:?}", losses(statement, dialect, schema)))
        .collect();
    expected.assert_eq(&told.join("\n"));
}

/// As Spanner prints it.
const IN_POSTGRESQL: &str = "CREATE TABLE orders (
  id bigint NOT NULL,
  \"Note\" character varying(100) DEFAULT 'a;b'::character varying,
  tags character varying(40)[],
  at timestamp with time zone NOT NULL,
  PRIMARY KEY(id)
) TTL INTERVAL '3 days' ON at";

#[test]
fn postgresql() {
    check_in(
        Dialect::PostgreSql,
        &[IN_POSTGRESQL],
        &[
            "ALTER TABLE orders ALTER COLUMN \"Note\" TYPE varchar(200)",
            "ALTER TABLE orders ALTER \"Note\" TYPE text",
            "ALTER TABLE orders ALTER COLUMN tags TYPE varchar[]",
            "ALTER TABLE orders ALTER COLUMN \"Note\" TYPE varchar(50)",
            "ALTER TABLE orders ALTER COLUMN \"Note\" TYPE bytea",
            "ALTER TABLE orders ALTER COLUMN at SET NOT NULL",
            "ALTER TABLE orders ALTER TTL INTERVAL '4 days' ON at",
            "ALTER TABLE orders DROP TTL",
            "ALTER TABLE public.orders DROP COLUMN IF EXISTS tags",
            "DROP TABLE IF EXISTS ORDERS CASCADE",
            "REVOKE SELECT, INSERT(id) ON TABLE orders FROM reader",
            "REVOKE SELECT ON ALL TABLES IN SCHEMA shop, public FROM reader, writer",
            "REVOKE USAGE ON SCHEMA shop FROM reader",
        ],
        expect![[r#"
            ALTER TABLE orders ALTER COLUMN "Note" TYPE varchar(200)
              []
            ALTER TABLE orders ALTER "Note" TYPE text
              []
            ALTER TABLE orders ALTER COLUMN tags TYPE varchar[]
              []
            ALTER TABLE orders ALTER COLUMN "Note" TYPE varchar(50)
              [Retyped { table: "orders", column: "note" }]
            ALTER TABLE orders ALTER COLUMN "Note" TYPE bytea
              [Retyped { table: "orders", column: "note" }]
            ALTER TABLE orders ALTER COLUMN at SET NOT NULL
              [Required { table: "orders", column: "at" }]
            ALTER TABLE orders ALTER TTL INTERVAL '4 days' ON at
              []
            ALTER TABLE orders DROP TTL
              []
            ALTER TABLE public.orders DROP COLUMN IF EXISTS tags
              [ColumnGone { table: "orders", column: "tags" }]
            DROP TABLE IF EXISTS ORDERS CASCADE
              [Gone { what: "table", name: "orders" }]
            REVOKE SELECT, INSERT(id) ON TABLE orders FROM reader
              [RoleLess { role: "reader", object: Some("orders") }]
            REVOKE SELECT ON ALL TABLES IN SCHEMA shop, public FROM reader, writer
              [RoleLess { role: "reader", object: None }, RoleLess { role: "writer", object: None }]
            REVOKE USAGE ON SCHEMA shop FROM reader
              [RoleLess { role: "reader", object: None }]"#]],
    );
}

#[test]
fn what_is_added_takes_nothing_away() {
    check(
        &[
            "CREATE TABLE t (a INT64) PRIMARY KEY (a)",
            "CREATE INDEX i ON orders (note)",
            "CREATE OR REPLACE CHANGE STREAM s",
            "ALTER TABLE orders ADD COLUMN more STRING(MAX) NOT NULL DEFAULT ('')",
            "ALTER TABLE orders DROP CONSTRAINT known",
            "ALTER TABLE orders DROP ROW DELETION POLICY",
            "ALTER TABLE orders ALTER COLUMN note STRING(200)",
            "ALTER TABLE orders ALTER COLUMN note STRING(MAX)",
            "ALTER TABLE orders ALTER COLUMN status STRING(20) NOT NULL",
            "ALTER TABLE orders ALTER COLUMN status SET DEFAULT ('new')",
            "ALTER TABLE orders ALTER COLUMN note DROP DEFAULT",
            "ALTER TABLE orders ALTER COLUMN tags ARRAY<STRING(80)>",
            "ALTER TABLE orders RENAME TO purchases, ADD SYNONYM orders",
            "GRANT SELECT ON TABLE orders TO ROLE reader",
        ],
        expect![[r#"
            CREATE TABLE t (a INT64) PRIMARY KEY (a)
              []
            CREATE INDEX i ON orders (note)
              []
            CREATE OR REPLACE CHANGE STREAM s
              []
            ALTER TABLE orders ADD COLUMN more STRING(MAX) NOT NULL DEFAULT ('')
              []
            ALTER TABLE orders DROP CONSTRAINT known
              []
            ALTER TABLE orders DROP ROW DELETION POLICY
              []
            ALTER TABLE orders ALTER COLUMN note STRING(200)
              []
            ALTER TABLE orders ALTER COLUMN note STRING(MAX)
              []
            ALTER TABLE orders ALTER COLUMN status STRING(20) NOT NULL
              []
            ALTER TABLE orders ALTER COLUMN status SET DEFAULT ('new')
              []
            ALTER TABLE orders ALTER COLUMN note DROP DEFAULT
              []
            ALTER TABLE orders ALTER COLUMN tags ARRAY<STRING(80)>
              []
            ALTER TABLE orders RENAME TO purchases, ADD SYNONYM orders
              []
            GRANT SELECT ON TABLE orders TO ROLE reader
              []"#]],
    );
}

#[test]
fn what_is_taken_away() {
    check(
        &[
            "DROP TABLE IF EXISTS `Orders`",
            "DROP SEARCH INDEX shop.by_note",
            "drop view v",
            "DROP ROLE reader",
            "RENAME TABLE orders TO purchases, items TO lines",
            "ALTER TABLE shop.orders RENAME TO purchases",
            "ALTER TABLE orders DROP SYNONYM purchases",
            "ALTER TABLE orders DROP COLUMN note",
            "ALTER TABLE `orders` DROP COLUMN IF EXISTS note",
            "ALTER INDEX by_note DROP STORED COLUMN total",
            "CREATE OR REPLACE VIEW v SQL SECURITY INVOKER AS SELECT 1 AS one",
            "REVOKE SELECT, UPDATE(note) ON TABLE orders, items FROM ROLE reader, writer",
            "REVOKE ROLE writer FROM ROLE clerk",
            "REVOKE SELECT ON ALL TABLES IN SCHEMA shop FROM ROLE reader",
            "REVOKE EXECUTE ON TABLE FUNCTION read_s FROM ROLE reader",
        ],
        expect![[r#"
            DROP TABLE IF EXISTS `Orders`
              [Gone { what: "table", name: "orders" }]
            DROP SEARCH INDEX shop.by_note
              [Gone { what: "search index", name: "by_note" }]
            drop view v
              [Gone { what: "view", name: "v" }]
            DROP ROLE reader
              [RoleLess { role: "reader", object: None }]
            RENAME TABLE orders TO purchases, items TO lines
              [Gone { what: "table", name: "orders" }, Gone { what: "table", name: "items" }]
            ALTER TABLE shop.orders RENAME TO purchases
              [Gone { what: "table", name: "orders" }]
            ALTER TABLE orders DROP SYNONYM purchases
              [Gone { what: "synonym", name: "purchases" }]
            ALTER TABLE orders DROP COLUMN note
              [ColumnGone { table: "orders", column: "note" }]
            ALTER TABLE `orders` DROP COLUMN IF EXISTS note
              [ColumnGone { table: "orders", column: "note" }]
            ALTER INDEX by_note DROP STORED COLUMN total
              [ColumnGone { table: "by_note", column: "total" }]
            CREATE OR REPLACE VIEW v SQL SECURITY INVOKER AS SELECT 1 AS one
              [Replaced { view: "v" }]
            REVOKE SELECT, UPDATE(note) ON TABLE orders, items FROM ROLE reader, writer
              [RoleLess { role: "reader", object: Some("orders") }, RoleLess { role: "reader", object: Some("items") }, RoleLess { role: "writer", object: Some("orders") }, RoleLess { role: "writer", object: Some("items") }]
            REVOKE ROLE writer FROM ROLE clerk
              [RoleLess { role: "clerk", object: None }]
            REVOKE SELECT ON ALL TABLES IN SCHEMA shop FROM ROLE reader
              [RoleLess { role: "reader", object: None }]
            REVOKE EXECUTE ON TABLE FUNCTION read_s FROM ROLE reader
              [RoleLess { role: "reader", object: Some("read_s") }]"#]],
    );
}

#[test]
fn columns_that_change() {
    check(
        &[
            "ALTER TABLE orders ALTER COLUMN note STRING(50)",
            "ALTER TABLE orders ALTER COLUMN note BYTES(100)",
            "ALTER TABLE orders ALTER COLUMN note STRING(100) NOT NULL",
            "ALTER TABLE orders ALTER COLUMN total FLOAT64 NOT NULL",
            "ALTER TABLE orders ALTER COLUMN tags ARRAY<BYTES(40)>",
            "ALTER TABLE orders ALTER COLUMN unknown STRING(10)",
            "ALTER TABLE orders ALTER COLUMN note SET NOT NULL",
            "ALTER TABLE orders ALTER COLUMN note SET DATA TYPE bytea",
            "ALTER TABLE orders ALTER COLUMN status DROP DEFAULT",
        ],
        expect![[r#"
            ALTER TABLE orders ALTER COLUMN note STRING(50)
              [Retyped { table: "orders", column: "note" }]
            ALTER TABLE orders ALTER COLUMN note BYTES(100)
              [Retyped { table: "orders", column: "note" }]
            ALTER TABLE orders ALTER COLUMN note STRING(100) NOT NULL
              [Required { table: "orders", column: "note" }]
            ALTER TABLE orders ALTER COLUMN total FLOAT64 NOT NULL
              [Retyped { table: "orders", column: "total" }, Required { table: "orders", column: "total" }]
            ALTER TABLE orders ALTER COLUMN tags ARRAY<BYTES(40)>
              [Retyped { table: "orders", column: "tags" }]
            ALTER TABLE orders ALTER COLUMN unknown STRING(10)
              [Retyped { table: "orders", column: "unknown" }]
            ALTER TABLE orders ALTER COLUMN note SET NOT NULL
              [Required { table: "orders", column: "note" }]
            ALTER TABLE orders ALTER COLUMN note SET DATA TYPE bytea
              [Retyped { table: "orders", column: "note" }]
            ALTER TABLE orders ALTER COLUMN status DROP DEFAULT
              [Required { table: "orders", column: "status" }]"#]],
    );
}
