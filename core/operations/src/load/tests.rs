use expect_test::{Expect, expect};
use spangate_document::from_yaml;

use super::*;

/// Loads operations given beneath a usual head; the findings, or a summary of what was read.
fn check(operations: &str, expected: Expect) {
    let head = "apiVersion: spangate/v1\ndatabases: {main: {name: projects/p/instances/i/databases/d}}\noperations:\n";
    let source = format!("{head}{operations}");
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

#[test]
fn what_is_not_supported_yet_is_refused() {
    check(
        r#"
  A:
    write:
      - sql: INSERT INTO t (a) VALUES (@a)
      - for_each: body.items
        sql: INSERT INTO u (a) VALUES (@a)
    parameters:
      a: {type: JSON, from: body, schema: a.json}
      b: {type: STRING, from: header X-B}
    audit: {fields: [body.a]}
  B: {read: {keys: [a]}}
"#,
        expect![[r#"
            8:9: error[not_supported_yet]: operations.A.write[1]: a second statement is not supported yet
            8:19: error[not_supported_yet]: operations.A.write[1].for_each: `for_each` is not supported yet
            11:43: error[not_supported_yet]: operations.A.parameters.a.schema: `schema` is not supported yet
            12:10: error[not_supported_yet]: operations.A.parameters.b.from: `from: header` is not supported yet
            13:12: error[not_supported_yet]: operations.A.audit: `audit` is not supported yet
            14:13: error[missing_key]: operations.B.read: `sql` is missing
            14:20: error[not_supported_yet]: operations.B.read.keys: `keys` is not supported yet"#]],
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
            6:69: error[invalid_value]: operations.A.read.staleness: exactly one of `exact`, `max` and `min_read_timestamp` is needed
            8:17: error[invalid_value]: operations.A.parameters.a.type: unknown type `int64` (help: did you mean `INT64`?)
            9:57: error[invalid_value]: operations.A.parameters.c.default: only what callers may leave out has a default: `query` and `body`
            9:69: error[invalid_value]: operations.A.parameters.c.minimum: a STRING has no `minimum`
            10:46: error[invalid_value]: operations.A.parameters.d.default: the default must be at least 1
            11:46: error[invalid_value]: operations.A.parameters.e.pattern: `(` is no pattern: found open group without closing ')'
            12:7: error[duplicate_key]: operations.A.parameters.D: `d` and `D` are one parameter to Spanner
            12:17: error[invalid_value]: operations.A.parameters.D.type: this source is always JSON
            12:45: error[wrong_type]: operations.A.parameters.D.nullable: expected true or false, found a text
            13:13: error[invalid_value]: operations.A.answer: unknown `many` (help: choose one of `rows`, `one`, `none`)
            14:15: error[invalid_value]: operations.A.deadline: `soon` is no duration (such as `30s`, `5m`, `1h`, `1d`)
            16:3: error[invalid_name]: operations.1B: `1B` is no name of an operation (help: use letters, digits and `_`, a letter first, such as `ListOrders`)
            16:9: error[invalid_value]: operations.1B: exactly one of `read` and `write` is needed
            17:63: error[invalid_value]: operations.C.answer: the statement returns nothing: it has no `THEN RETURN`
            17:78: error[invalid_value]: operations.C.database: `databases` has no `other`
            18:15: error[invalid_value]: operations.D.write[0]: `expect` follows the statement that it concerns, once"#]],
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
