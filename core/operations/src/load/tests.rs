use expect_test::{Expect, expect};
use spangate_document::from_yaml;

use super::*;

/// Loads operations given beneath a usual head; the findings, or a summary of what was read.
fn check(operations: &str, expected: Expect) {
    check_in("", operations, expected);
}

/// The same with more said of the database.
fn check_in(database: &str, operations: &str, expected: Expect) {
    let source = format!(
        "apiVersion: spangate/v1\ndatabases: {{main: {{name: projects/p/instances/i/databases/d{database}}}}}\noperations:\n{operations}"
    );
    let actual = match load(&from_yaml(&source).unwrap()) {
        Ok((operations, warnings)) => {
            let mut summary: Vec<String> = operations.iter().map(summary).collect();
            summary.extend(warnings.iter().map(ToString::to_string));
            summary.join("\n")
        }
        Err(diagnostics) => diagnostics.to_string(),
    };
    expected.assert_eq(&actual);
}

fn summary(operation: &crate::Operation) -> String {
    let parameters: Vec<_> = operation
        .parameters
        .iter()
        .map(|parameter| format!("{}: {} from {:?}", parameter.name, parameter.r#type, parameter.source))
        .collect();
    format!(
        "{} on {} {:?} {} {:?} [{}]",
        operation.name,
        operation.database,
        operation.answer.body,
        operation.answer.status,
        operation.deadline,
        parameters.join(", ")
    )
}

#[test]
fn the_first_example_of_the_reference() {
    let source = r#"
apiVersion: spangate/v1
databases:
  main: {name: projects/p/instances/i/databases/storefront, max_in_flight: 400, max_channels: 4}
defaults: {database: main, deadline: 5s, priority: medium}
operations:
  ListOrders:
    read:
      sql: |
        SELECT order_id, status, total FROM orders
        WHERE tenant = @tenant AND customer_id = @customer_id ORDER BY order_id LIMIT @limit
      staleness: {exact: 10s}            # strong (default) | exact | max | min_read_timestamp
    parameters:
      tenant: {type: STRING, from: identity.tenant}      # never from the caller
      customer_id: {type: INT64, from: path}
      limit: {type: INT64, from: query, default: 50, minimum: 1, maximum: 1000}
    database_role: storefront_reader
    answer: rows                         # rows | one (404 when none) | none
  PlaceOrder:
    write:
      - sql: INSERT INTO orders (customer_id, total) VALUES (@customer_id, @total) THEN RETURN order_id, created_at
      - expect: {rows: 1, otherwise: {status: 409, reason: out_of_stock}}
    parameters:
      customer_id: {type: INT64, from: path}
      total: {type: NUMERIC, from: body.total, max_size: 8KiB}
    idempotency: required
    answer: {status: 201, location: "/customers/{customer_id}/orders/{order_id}"}
"#;
    let (operations, warnings) = load(&from_yaml(source).unwrap()).unwrap();
    assert!(warnings.is_empty(), "{warnings}");
    let list = operations.operation("ListOrders").unwrap();
    assert_eq!(list.path_names().collect::<Vec<_>>(), ["customer_id"]);
    assert_eq!(list.query_names().collect::<Vec<_>>(), ["limit"]);
    assert!(list.needs_identity() && !list.takes_body() && !list.is_write());
    assert_eq!(list.database_role.as_deref(), Some("storefront_reader"));
    let place = operations.operation("PlaceOrder").unwrap();
    assert_eq!((place.answer.status, place.answer.body, place.max_body), (201, crate::Body::One, 8192));
    let crate::Kind::Write(write) = &place.kind else { panic!() };
    assert_eq!(write.idempotency, crate::Idempotency::Required);
    assert_eq!(write.steps[0].expect.as_ref().unwrap().reason, "out_of_stock");
}

#[test]
fn defaults_of_what_is_not_said() {
    check(
        "  A: {read: {sql: SELECT 1}}\n  B: {write: [{sql: DELETE FROM t WHERE a = @a}], parameters: {a: {type: INT64, from: query id}}}\n",
        expect![[r#"
            A on main Rows 200 Duration { milliseconds: 5000 } []
            B on main None 204 Duration { milliseconds: 5000 } [a: INT64 from Query("id")]"#]],
    );
}

/// A write with every kind of step, and the other things that an operation may say.
#[test]
fn everything_that_an_operation_may_say() {
    let source = r#"
apiVersion: spangate/v1
databases:
  main:
    name: projects/p/instances/i/databases/d
    queue: {max_waiting: 100, max_wait: 500ms}
    classes: {scan: {max_in_flight: 20}}
    roles: {reader: {max_in_flight: 50}}
    regions: {europe-west1: {max_in_flight: 200, max_channels: 8}}
    directed_reads: {include: [{location: europe-west1, type: read_only}]}
  pg: {name: projects/p/instances/i/databases/pg, dialect: postgresql}
defaults: {database: main}
operations:
  Place:
    write:
      - sql: INSERT INTO orders (total) VALUES (@total) THEN RETURN order_id, created_at
      - for_each: body.items
        sql: INSERT INTO items (order_id, line, sku) VALUES (@order_id, @line, @sku)
      - expect: {rows: 1, otherwise: {status: 409, reason: out_of_stock}}
      - for_each: body.items
        insert_or_update: {table: stock, columns: {sku: sku, changed: commit_timestamp(), by_order: order_id}}
      - delete: {table: carts, key: [cart]}
    parameters:
      total: {type: NUMERIC, from: body.total}
      sku: {type: STRING, from: item.sku}
      line: {type: INT64, from: position}
      cart: {type: STRING, from: header X-Cart}
    audit: {fields: [body.total, identity.subject]}
    answer: {status: 201, location: "/orders/{order_id}"}
  Orders:
    read: {keys: {table: orders, index: by_customer, columns: [order_id, total], key: [customer], prefix: true, limit: limit}}
    parameters:
      customer: {type: INT64, from: path}
      limit: {type: INT64, from: constant, value: 10}
    freshness: caller
    class: point
  Pages:
    read:
      sql: SELECT id FROM t WHERE id > COALESCE(@after, '') ORDER BY id LIMIT @limit
    parameters:
      after: {type: STRING, from: page.id}
      limit: {type: INT64, from: query, default: 10, maximum: 100}
    pages: {size: limit}
  Pg:
    database: pg
    write: [{sql: "UPDATE t SET a = $2 WHERE b = $1 RETURNING a"}]
    parameters:
      p1: {type: INT64, from: path b}
      p2: {type: STRING, from: body.a}
"#;
    let (operations, warnings) =
        load(&from_yaml(source).unwrap()).unwrap_or_else(|faults| panic!("{faults}"));
    assert!(warnings.is_empty(), "{warnings}");
    let told: Vec<String> = operations
        .iter()
        .map(|operation| match &operation.kind {
            crate::Kind::Read(read) => {
                format!("{} {:?} {:?} {:?}", operation.name, operation.class, operation.pages, read.source)
            }
            crate::Kind::Write(write) => {
                let steps = write.steps.iter().map(|step| format!("\n  {step:?}"));
                format!(
                    "{} {:?} {:?}{}",
                    operation.name,
                    operation.answer.step,
                    operation.audit,
                    steps.collect::<String>()
                )
            }
        })
        .collect();
    expect![[r#"
        Orders Point None Keys(KeyRead { table: "orders", index: Some("by_customer"), columns: ["order_id", "total"], key: [Parameter(0)], prefix: true, limit: Some(Parameter(1)) })
        Pages Scan Some(Pages { size: "limit", token: "page" }) Sql(Statement { sql: "SELECT id FROM t WHERE id > COALESCE(@after, '') ORDER BY id LIMIT @limit", arguments: [("after", Parameter(0)), ("limit", Parameter(1))], returns_rows: true })
        Pg Some(0) []
          WriteStep { action: Sql(Statement { sql: "UPDATE t SET a = $2 WHERE b = $1 RETURNING a", arguments: [("p2", Parameter(1)), ("p1", Parameter(0))], returns_rows: true }), for_each: None, expect: None }
        Place Some(0) [Body(["total"]), Identity(Subject)]
          WriteStep { action: Sql(Statement { sql: "INSERT INTO orders (total) VALUES (@total) THEN RETURN order_id, created_at", arguments: [("total", Parameter(0))], returns_rows: true }), for_each: None, expect: None }
          WriteStep { action: Sql(Statement { sql: "INSERT INTO items (order_id, line, sku) VALUES (@order_id, @line, @sku)", arguments: [("order_id", Returned { step: 0, column: "order_id" }), ("line", Parameter(2)), ("sku", Parameter(1))], returns_rows: false }), for_each: Some(ForEach { list: ["items"], min_items: 1, max_items: 1000 }), expect: Some(Expectation { rows: 1, status: 409, reason: "out_of_stock" }) }
          WriteStep { action: Mutate(Mutation { kind: InsertOrUpdate([("sku", Parameter(1)), ("changed", CommitTimestamp), ("by_order", Returned { step: 0, column: "order_id" })]), table: "stock" }), for_each: Some(ForEach { list: ["items"], min_items: 1, max_items: 1000 }), expect: None }
          WriteStep { action: Mutate(Mutation { kind: Delete([Parameter(3)]), table: "carts" }), for_each: None, expect: None }"#]].assert_eq(&told.join("\n"));
    let main = &operations.databases["main"];
    assert_eq!(main.queue.unwrap().max_waiting, 100);
    assert_eq!(operations.operation("Orders").unwrap().directed_reads, main.directed_reads);
    assert_eq!(operations.operation("Place").unwrap().directed_reads, None);
}

#[test]
fn faults_of_steps() {
    check(
        r#"
  A:
    write:
      - for_each: items
        sql: INSERT INTO u (a) VALUES (@a)
      - for_each: body.items
        sql: INSERT INTO u (a) VALUES (@a) THEN RETURN a
      - {sql: DELETE FROM t WHERE a = @lost, insert: {table: t, columns: {a: gone}}}
      - insert: {table: t, columns: {a: gone}}
      - sql: UPDATE t SET a = @sku WHERE TRUE
      - for_each: {list: body.others, min_items: 3, max_items: 2}
        delete: {table: t, key: [sku]}
      - expect: {rows: 1, otherwise: {status: 409, reason: none}}
    parameters:
      a: {type: STRING, from: body.a}
      sku: {type: STRING, from: item.sku}
    audit: {fields: [body, header.authorization]}
    pages: {size: a}
    class: scan
  B: {read: {keys: {table: t, columns: [a], key: [many, more], limit: many}}, parameters: {many: {type: ARRAY<INT64>, from: query}, more: {type: ARRAY<INT64>, from: query}}, audit: {fields: []}}
"#,
        expect![[r#"
            7:7: error[invalid_value]: operations.A.write: every `for_each` of an operation goes through the same list, with the same bounds
            7:9: error[invalid_value]: operations.A.write[0]: the step runs for each item and uses none of its members: declare parameters `from: item.MEMBER`
            7:19: error[invalid_value]: operations.A.write[0].for_each: `items` is no list of the body (help: write `body`, or `body.MEMBER`)
            9:9: error[invalid_value]: operations.A.write[1]: the step runs for each item and uses none of its members: declare parameters `from: item.MEMBER`
            11:9: error[invalid_value]: operations.A.write[2]: exactly one of `sql`, `insert`, `update`, `insert_or_update`, `replace`, `delete` and `expect` is needed
            11:74: error[undeclared_parameter]: operations.A.write[2].insert.columns: `gone` is neither a parameter nor a column that an earlier step returned
            12:37: error[undeclared_parameter]: operations.A.write[3].insert.columns: `gone` is neither a parameter nor a column that an earlier step returned
            13:9: error[invalid_value]: operations.A.write[4]: the step uses a member of an item, and runs once: say `for_each: body.LIST`
            14:50: error[invalid_value]: operations.A.write[5].for_each.min_items: `3` is more than `max_items`, 2
            16:9: error[invalid_value]: operations.A.write[6]: `expect` follows the statement that it concerns, once
            20:22: error[invalid_value]: operations.A.audit.fields: `body` cannot be audited (help: write `path.NAME`, `query.NAME`, `body.MEMBER` or `identity.FIELD`)
            20:28: error[invalid_value]: operations.A.audit.fields: `header.authorization` cannot be audited (help: write `path.NAME`, `query.NAME`, `body.MEMBER` or `identity.FIELD`)
            21:12: error[invalid_value]: operations.A.pages: a write has no `pages`
            21:12: error[invalid_value]: operations.A.pages: no parameter is `from: page.COLUMN`: every page would be the first
            21:19: error[invalid_value]: operations.A.pages.size: `a` is no parameter of type INT64 with a `maximum` (help: name the parameter that is the `LIMIT` of the query)
            22:12: error[invalid_value]: operations.A.class: a write is of the class `write`, and nothing else is
            23:50: error[invalid_value]: operations.B.read.keys.key: at most one part of a key is an array
            23:71: error[invalid_value]: operations.B.read.keys.limit: `limit` is a parameter of type INT64
            23:182: error[invalid_value]: operations.B.audit: a read has no `audit`"#]],
    );
}

#[test]
fn every_fault_at_once() {
    check(
        r#"
  A:
    read: {sql: "DELETE FROM t WHERE a = @a; SELECT @b", staleness: {exact: 1s, max: 2s}}
    parameters:
      a: {type: int64, from: querry}
      c: {type: STRING, from: identity.tenant, default: x, minimum: 1}
      d: {type: INT64, from: query, default: 0, minimum: 1}
      e: {type: STRING, from: path, pattern: "("}
      D: {type: BOOL, from: body, nullable: perhaps}
    answer: many
    deadline: soon
    colour: red
  "1B": {read: {sql: SELECT 1}, write: []}
  C: {write: [{sql: "INSERT INTO t (a) VALUES (1)"}], answer: one, database: other}
  D: {write: [{expect: {rows: -1, otherwise: {status: 200, reason: No}}}]}
"#,
        expect![[r#"
            6:17: error[invalid_value]: operations.A.read.sql: only one statement may stand here
            6:17: error[invalid_value]: operations.A.read.sql: a read begins with `SELECT`, `WITH`, `FROM`, `GRAPH`, not with `DELETE`
            6:17: error[undeclared_parameter]: operations.A.read.sql: the SQL uses `@b`, which `parameters` does not declare (help: did you mean `@c`?)
            6:69: error[invalid_value]: operations.A.read.staleness: exactly one of `exact`, `max` and `min_read_timestamp` is needed
            8:17: error[invalid_value]: operations.A.parameters.a.type: unknown type `int64` (help: did you mean `INT64`?)
            9:57: error[invalid_value]: operations.A.parameters.c.default: only what callers may leave out has a default: `query` and `body`
            9:69: error[invalid_value]: operations.A.parameters.c.minimum: a STRING has no `minimum`
            10:46: error[invalid_value]: operations.A.parameters.d.default: the default must be at least 1
            11:46: error[invalid_value]: operations.A.parameters.e.pattern: `(` is no pattern: found open group without closing ')'
            12:7: error[duplicate_key]: operations.A.parameters.D: `d` and `D` are one parameter to Spanner
            12:17: error[invalid_value]: operations.A.parameters.D.type: a whole body is JSON, a STRUCT or an ARRAY
            12:45: error[wrong_type]: operations.A.parameters.D.nullable: expected true or false, found a text
            13:13: error[invalid_value]: operations.A.answer: `many` is no value of `answer` (help: known are `rows`, `one`, `none`)
            14:15: error[invalid_value]: operations.A.deadline: `soon` is no duration (such as `30s`, `5m`, `1h`, `1d`)
            16:3: error[invalid_name]: operations.1B: `1B` is no name of an operation (help: use letters, digits and `_`, a letter first, such as `ListOrders`)
            16:9: error[invalid_value]: operations.1B: exactly one of `read` and `write` is needed
            17:63: error[invalid_value]: operations.C.answer: the statement returns nothing: it has no `THEN RETURN`
            17:78: error[invalid_value]: operations.C.database: `databases` has no `other`
            18:15: error[invalid_value]: operations.D.write[0]: `expect` follows the statement that it concerns, once
            18:31: error[invalid_value]: operations.D.write[0].expect.rows: `-1` is no number of rows
            18:55: error[invalid_value]: operations.D.write[0].expect.otherwise.status: `200` is not between 400 and 499
            18:68: error[invalid_value]: operations.D.write[0].expect.otherwise.reason: `No` is not snake_case"#]],
    );
}

/// None is a fault whatever else is; one with a fault of its own is told once.
#[test]
fn staleness_is_one_of_three() {
    check(
        r#"
  A: {read: {sql: SELECT 1, staleness: {exact: soon}}}
  B: {read: {sql: SELECT 1, staleness: {max: soon, min_read_timestamp: never}}}
  C: {read: {sql: SELECT 1, staleness: {max: null, exact: 1s}}}
  D: {read: {sql: SELECT 1, staleness: {}}}
"#,
        expect![[r#"
            5:48: error[invalid_value]: operations.A.read.staleness.exact: `soon` is no duration (such as `30s`, `5m`, `1h`, `1d`)
            6:40: error[invalid_value]: operations.B.read.staleness: exactly one of `exact`, `max` and `min_read_timestamp` is needed
            6:46: error[invalid_value]: operations.B.read.staleness.max: `soon` is no duration (such as `30s`, `5m`, `1h`, `1d`)
            6:72: error[invalid_value]: operations.B.read.staleness.min_read_timestamp: `never` must be an RFC 3339 timestamp such as `2026-11-23T12:00:00Z`
            8:40: error[invalid_value]: operations.D.read.staleness: exactly one of `exact`, `max` and `min_read_timestamp` is needed"#]],
    );
}

/// What Spanner takes nowhere, or not there.
#[test]
fn faults_of_types() {
    check(
        r#"
  A:
    read: {sql: "SELECT @a, @b, @c, @d, @e, @f, @g"}
    parameters:
      a: {type: "STRUCT<n INT64>", from: query}
      b: {type: "ARRAY<STRUCT<n INT65>>", from: body.b}
      c: {type: PG.JSONB, from: query}
      d: {type: "ARRAY<STRUCT<n INT64>>", from: body.d, enum: [{n: 1}], minimum: 1, min_length: 1}
      e: {type: "STRUCT<n ARRAY<DATE>>", from: constant, value: {n: [2026-11-24, x]}}
      f: {type: "ARRAY<INTERVAL>", from: path}
      g: {type: INTERVAL, from: query, default: P8D, maximum: P1W}
  B:
    write:
      - insert: {table: t, columns: {a: a, b: b, c: c}}
      - delete: {table: t, key: [b, d, e]}
    parameters:
      a: {type: "ARRAY<STRUCT<n INT64>>", from: body.a}
      b: {type: INTERVAL, from: body.b}
      c: {type: "ARRAY<JSON>", from: body.c}
      d: {type: "ARRAY<INT64>", from: body.d}
      e: {type: NUMERIC, from: body.e}
  C:
    read: {keys: {table: t, columns: [a], key: [many, one, json]}}
    parameters:
      many: {type: "ARRAY<STRUCT<a INT64, b STRING>>", from: body.many}
      one: {type: "STRUCT<a INT64>", from: body.one}
      json: {type: "ARRAY<STRUCT<a JSON>>", from: body.json}
"#,
        expect![[r#"
            8:17: error[invalid_value]: operations.A.parameters.a.type: a STRUCT comes from the body, an item, a claim or a constant
            9:17: error[invalid_value]: operations.A.parameters.b.type: unknown type `INT65`, at character 16 of `ARRAY<STRUCT<n INT65>>` (help: did you mean `INT64`?)
            10:17: error[invalid_value]: operations.A.parameters.c.type: `PG.JSONB` is a type of PostgreSQL databases (help: write `JSON`, or say `dialect: postgresql` of the database)
            11:63: error[invalid_value]: operations.A.parameters.d.enum: a STRUCT<n INT64> has no `enum`
            11:82: error[invalid_value]: operations.A.parameters.d.minimum: a STRUCT<n INT64> has no `minimum`
            12:65: error[invalid_value]: operations.A.parameters.e.value: `.n[1]` must be a date such as `2026-11-23`, as a value of STRUCT<n ARRAY<DATE>>
            13:17: error[invalid_value]: operations.A.parameters.f.type: a parameter of the path or of a page is a single value
            14:49: error[invalid_value]: operations.A.parameters.g.default: the default must be at most P7D
            17:37: error[invalid_value]: operations.B.write[0].insert.columns: `a` is ARRAY<STRUCT<n INT64>>, and no column of Spanner's is
            17:37: error[invalid_value]: operations.B.write[0].insert.columns: `b` is INTERVAL, and no column of Spanner's is
            18:33: error[invalid_value]: operations.B.write[1].delete.key: `b` is INTERVAL, and no part of a key of Spanner's is
            18:33: error[invalid_value]: operations.B.write[1].delete.key: `d` is ARRAY<INT64>, and no part of a key of Spanner's is
            26:48: error[invalid_value]: operations.C.read.keys.key: `one` is STRUCT<a INT64>, and no part of a key of Spanner's is
            26:48: error[invalid_value]: operations.C.read.keys.key: `json` is ARRAY<STRUCT<a JSON>>, and no part of a key of Spanner's is
            26:48: error[invalid_value]: operations.C.read.keys.key: at most one part of a key is an array"#]],
    );
}

#[test]
fn faults_of_types_in_postgresql() {
    check_in(
        ", dialect: postgresql",
        r#"
  A:
    write: [{delete: {table: t, key: [a]}}, {insert: {table: t, columns: {b: b, c: c}}}]
    parameters:
      a: {type: NUMERIC, from: body.a}
      b: {type: JSON, from: body.b, minimum: 1}
      c: {type: "STRUCT<a INT64>", from: body.c}
"#,
        expect![[r#"
            6:38: error[invalid_value]: operations.A.write[0].delete.key: `a` is PG.NUMERIC, and no part of a key of Spanner's is
            9:46: error[invalid_value]: operations.A.parameters.b.minimum: a PG.JSONB has no `minimum`
            10:17: error[invalid_value]: operations.A.parameters.c.type: a PostgreSQL database has no STRUCT (help: take a JSON apart in the SQL, or one ARRAY for each field)"#]],
    );
}

/// What a hint says is no part of the statement's kind: DML without rows answers none, and a read that writes is one.
#[test]
fn statements_with_hints() {
    check(
        "  A: {write: [{sql: '@{LOCK_SCANNED_RANGES=exclusive} UPDATE t SET a = 1 WHERE b = 2'}]}\n  B: {read: {sql: '@{USE_ADDITIONAL_PARALLELISM=TRUE} SELECT 1'}}\n",
        expect![[r#"
            A on main None 204 Duration { milliseconds: 5000 } []
            B on main Rows 200 Duration { milliseconds: 5000 } []"#]],
    );
    check(
        "  A: {write: [{sql: '@{LOCK_SCANNED_RANGES=exclusive} SELECT 1'}]}\n  B: {read: {sql: '@{FORCE_INDEX=select} DELETE FROM t WHERE TRUE'}}\n",
        expect![[r#"
            4:21: error[invalid_value]: operations.A.write[0].sql: a write begins with `INSERT`, `UPDATE`, `DELETE`, not with `SELECT`
            5:19: error[invalid_value]: operations.B.read.sql: a read begins with `SELECT`, `WITH`, `FROM`, `GRAPH`, not with `DELETE`"#]],
    );
}

/// A name that nothing of the call has, in the audit or in a location: it would be empty, and nobody would know.
#[test]
fn names_that_nothing_has() {
    check(
        r#"
  A:
    write:
      - sql: INSERT INTO t (a, b) VALUES (@a, @b) THEN RETURN id, f(a) AS made
      - for_each: body.order.items
        sql: INSERT INTO u (s) VALUES (@sku)
    parameters:
      a: {type: INT64, from: path}
      b: {type: "STRUCT<x INT64, y STRUCT<z DATE>>", from: body.b}
      c: {type: NUMERIC, from: body.c.d}
      sku: {type: STRING, from: item.sku}
      many: {type: ARRAY<INT64>, from: query}
      any: {type: JSON, from: body.any}
    audit:
      fields:
        - path.a
        - query.many
        - body.b
        - body.b.y.z
        - body.c
        - body.order
        - body.order.items
        - body.any.thing
        - identity.roles
        - path.customer
        - path.b
        - query.mnay
        - body.bb
        - body.b.q
        - body.c.d.e
        - body.order.items.sku
        - body.nothing
    answer: {status: 201, location: "/a/{a}/{id}/{made}/{idd}/{many}/{sku}/{nothing}"}
  B:
    write: [{sql: INSERT INTO t (a) VALUES (1) THEN RETURN *}]
    answer: {status: 201, location: "/a/{whatever}"}
  C:
    write: [{sql: DELETE FROM t WHERE a = @a}]
    parameters: {a: {type: INT65, from: path}}
    audit: {fields: body.whatever}
    answer: {status: 200, location: "/a/{a}"}
"#,
        expect![[r#"
            13:10: warning[unused_parameter]: operations.A.parameters.c: the SQL does not use `@c`
            16:12: warning[unused_parameter]: operations.A.parameters.any: the SQL does not use `@any`
            28:11: error[invalid_value]: operations.A.audit.fields: the operation takes no `path.customer`: it would audit nothing (help: name what `parameters` or `for_each` take of the call)
            29:11: error[invalid_value]: operations.A.audit.fields: the operation takes no `path.b`: it would audit nothing (help: did you mean `path.a`?)
            30:11: error[invalid_value]: operations.A.audit.fields: the operation takes no `query.mnay`: it would audit nothing (help: did you mean `query.many`?)
            31:11: error[invalid_value]: operations.A.audit.fields: the operation takes no `body.bb`: it would audit nothing (help: did you mean `body.b`?)
            32:11: error[invalid_value]: operations.A.audit.fields: the operation takes no `body.b.q`: it would audit nothing (help: did you mean `body.b.x`?)
            33:11: error[invalid_value]: operations.A.audit.fields: the operation takes no `body.c.d.e`: it would audit nothing (help: did you mean `body.c.d`?)
            34:11: error[invalid_value]: operations.A.audit.fields: the operation takes no `body.order.items.sku`: it would audit nothing (help: did you mean `body.order.items`?)
            35:11: error[invalid_value]: operations.A.audit.fields: the operation takes no `body.nothing`: it would audit nothing (help: name what `parameters` or `for_each` take of the call)
            36:37: error[invalid_value]: operations.A.answer.location: the location's `{idd}` is neither a parameter nor a column that the answering step returns (help: did you mean `{id}`?)
            36:37: error[invalid_value]: operations.A.answer.location: the location's `{many}` is no single value
            36:37: error[invalid_value]: operations.A.answer.location: the location's `{sku}` is no single value
            36:37: error[invalid_value]: operations.A.answer.location: the location's `{nothing}` is neither a parameter nor a column that the answering step returns (help: return it by `THEN RETURN` (`RETURNING`), or declare a parameter)
            42:28: error[invalid_value]: operations.C.parameters.a.type: unknown type `INT65` (help: did you mean `INT64`?)"#]],
    );
}

#[test]
fn an_unused_identity_is_warned_of() {
    check(
        "  A: {read: {sql: SELECT 1}, parameters: {tenant: {type: STRING, from: identity.tenant}}}\n",
        expect![[r#"
            A on main Rows 200 Duration { milliseconds: 5000 } [tenant: STRING from Identity(Tenant)]
            4:51: warning[unused_parameter]: operations.A.parameters.tenant: the identity's `tenant` is never used: the SQL does not name it"#]],
    );
}

#[test]
fn schemas_that_cannot_be_used() {
    let with = |text: &'static str, expected: Expect| {
        let source = "{apiVersion: spangate/v1, databases: {main: {name: projects/p/instances/i/databases/d}}, operations: \
                      {A: {write: [{sql: INSERT INTO t (a) VALUES (@a)}], parameters: {a: {type: JSON, from: body, schema: a.json}}, audit: {fields: [body.customer]}}}}";
        let found = load_with(&from_yaml(source).unwrap(), &|_| {
            if text.is_empty() { Err("cannot be read".to_owned()) } else { Ok(text.to_owned()) }
        });
        expected.assert_eq(&found.map_or_else(|faults| faults.to_string(), |_| "fine".to_owned()));
    };
    with(r#"{"type": "object"}"#, expect!["fine"]);
    with(r#"{"properties": {"customer": {}}}"#, expect!["fine"]);
    with(
        r#"{"properties": {"custmer": {}}}"#,
        expect![
            "1:230: error[invalid_value]: operations.A.audit.fields: the operation takes no `body.customer`: it would audit nothing (help: did you mean `body.custmer`?)"
        ],
    );
    with(
        "",
        expect!["1:203: error[invalid_value]: operations.A.parameters.a.schema: `a.json` cannot be read"],
    );
    with(
        "type: object",
        expect![
            "1:203: error[invalid_value]: operations.A.parameters.a.schema: `a.json` is no JSON: expected ident at line 1 column 2"
        ],
    );
    with(
        r#"{"type": "objects"}"#,
        expect![[
            r#"1:203: error[invalid_value]: operations.A.parameters.a.schema: `a.json` is no JSON Schema: "objects" is not valid under any of the schemas listed in the 'anyOf' keyword"#
        ]],
    );
    with(
        r#"{"$ref": "https://schemas.example/order.json"}"#,
        expect![
            "1:203: error[invalid_value]: operations.A.parameters.a.schema: `a.json` is no JSON Schema: Resource 'https://schemas.example/order.json' is not present in a registry and retrieving it failed: `resolve-http` feature or a custom resolver is required to resolve external schemas via HTTP"
        ],
    );
    with(
        r#"{"pattern": "(a)\\1"}"#,
        expect![[
            r#"1:203: error[invalid_value]: operations.A.parameters.a.schema: `a.json` is no JSON Schema: "(a)\\1" is not a "regex""#
        ]],
    );
}
