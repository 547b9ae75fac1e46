use expect_test::{Expect, expect};

use super::*;

const OPERATIONS: &str = r#"
apiVersion: spangate/v1
databases: {main: {name: projects/p/instances/i/databases/d}}
operations:
  Search:
    read: {sql: "SELECT @tenant, @roles, @level, @customer, @limit, @kinds, @after, @fixed"}
    parameters:
      tenant: {type: STRING, from: identity.tenant}
      roles: {type: ARRAY<STRING>, from: identity.roles}
      level: {type: INT64, from: claim.level, required: false}
      customer: {type: INT64, from: path}
      limit: {type: INT64, from: query, default: 50, minimum: 1, maximum: 1000}
      kinds: {type: ARRAY<STRING>, from: query kind, required: false, max_length: 2, enum: [a, b, c]}
      after: {type: TIMESTAMP, from: query, required: false}
      fixed: {type: BOOL, from: constant, value: true}
  Create:
    write: [{sql: "INSERT INTO t (a, b, c) VALUES (@a, @b, @c)"}]
    parameters:
      a: {type: STRING, from: body.a, min_length: 1, max_length: 3}
      b: {type: NUMERIC, from: body.deep.b, required: false, nullable: true}
      c: {type: ARRAY<INT64>, from: body.c, required: false}
  Items:
    write:
      - for_each: {list: body.items, max_items: 3}
        sql: INSERT INTO t (a, b, c, n) VALUES (@sku, @count, @note, @line)
    parameters:
      sku: {type: STRING, from: item.sku, max_length: 3}
      count: {type: INT64, from: item.deep.count, default: 1}
      note: {type: STRING, from: item.note, required: false, nullable: true}
      line: {type: INT64, from: position}
  List:
    write: [{for_each: body, sql: "INSERT INTO t (a) VALUES (@each)"}]
    parameters: {each: {type: INT64, from: item}}
  Header:
    read: {sql: "SELECT @tags, @region"}
    parameters:
      tags: {type: ARRAY<STRING>, from: header X-Tag, required: false}
      region: {type: STRING, from: header x-region}
  Checked:
    write: [{sql: "INSERT INTO t (a, b) VALUES (@a, @b)"}]
    parameters: {a: {type: JSON, from: body.order, schema: order.json}, b: {type: STRING, from: body.note, required: false}}
  Typed:
    write:
      - for_each: body.lines
        sql: INSERT INTO t (a) SELECT @line.sku FROM UNNEST(@tags) WHERE @at > @age
    parameters:
      line: {type: "STRUCT<sku STRING, sizes ARRAY<INT64>>", from: item.line}
      tags: {type: "ARRAY<STRUCT<key STRING, weight FLOAT64>>", from: body.tags, max_length: 2, nullable: true}
      age: {type: INTERVAL, from: query, maximum: P1M}
      at: {type: TIMESTAMP, from: constant, value: 2026-11-24T00:00:00Z}
  Exact:
    write:
      - for_each: body.lines
        sql: INSERT INTO t (a) VALUES (@before, @line, @deep, @claim)
    parameters:
      before: {type: FLOAT64, from: body.before}
      line: {type: JSON, from: item.line}
      deep: {type: "ARRAY<STRUCT<n INT64, j JSON>>", from: body.deep}
      claim: {type: JSON, from: claim.budget}
  Whole:
    write: [{sql: "INSERT INTO t (a) VALUES (@body)"}]
    parameters: {body: {type: JSON, from: body}}
"#;

const SCHEMA: &str = r##"{
    "type": "object",
    "required": ["lines"],
    "additionalProperties": false,
    "properties": {"lines": {"type": "array", "items": {"$ref": "#/$defs/line"}}},
    "$defs": {"line": {"type": "object", "properties": {"sku": {"type": "string", "maxLength": 3}}}}
}"##;

fn check(operation: &str, inputs: &Inputs<'_>, expected: Expect) {
    let (operations, _) = crate::load_with(&spangate_document::from_yaml(OPERATIONS).unwrap(), &|name| {
        assert_eq!(name, "order.json");
        Ok(SCHEMA.to_owned())
    })
    .unwrap();
    let actual = match bind(operations.operation(operation).unwrap(), inputs) {
        Ok(bound) => bound
            .iter()
            .map(|bound| format!("{}: {} = {:?}", bound.parameter.name, bound.parameter.r#type, bound.value))
            .collect::<Vec<_>>()
            .join("\n"),
        Err(refusal) => format!("{:?}: {}", refusal.wrong, refusal.detail),
    };
    expected.assert_eq(&actual);
}

fn alice() -> Option<Caller<'static>> {
    Some(Caller {
        issuer: "entra",
        subject: "alice",
        tenant: Some("t1"),
        roles: vec!["reader"],
        claims: vec![("level", "3")],
        ..Caller::default()
    })
}

fn search<'c>(query: &[(&'c str, &'c str)]) -> Inputs<'c> {
    Inputs { path: vec![("customer", "7")], query: query.to_vec(), caller: alice(), ..Inputs::default() }
}

#[test]
fn values_come_from_their_declared_source() {
    check(
        "Search",
        &search(&[("limit", "5"), ("kind", "a"), ("kind", "b")]),
        expect![[r#"
        tenant: STRING = Text("t1")
        roles: ARRAY<STRING> = Array([Text("reader")])
        level: INT64 = Int64(3)
        customer: INT64 = Int64(7)
        limit: INT64 = Int64(5)
        kinds: ARRAY<STRING> = Array([Text("a"), Text("b")])
        after: TIMESTAMP = Null
        fixed: BOOL = Bool(true)"#]],
    );
    check(
        "Search",
        &search(&[]),
        expect![[r#"
        tenant: STRING = Text("t1")
        roles: ARRAY<STRING> = Array([Text("reader")])
        level: INT64 = Int64(3)
        customer: INT64 = Int64(7)
        limit: INT64 = Int64(50)
        kinds: ARRAY<STRING> = Null
        after: TIMESTAMP = Null
        fixed: BOOL = Bool(true)"#]],
    );
}

#[test]
fn callers_cannot_choose_their_tenant() {
    check(
        "Search",
        &search(&[("tenant", "t2")]),
        expect!["Parameter: the operation takes no query parameter `tenant`"],
    );
    check(
        "Search",
        &Inputs { path: vec![("customer", "7"), ("tenant", "t2")], ..search(&[]) },
        expect!["Parameter: the operation takes no path parameter `tenant`"],
    );
    check(
        "Search",
        &Inputs { caller: None, ..search(&[]) },
        expect!["Identity: the identity has no usable `tenant`"],
    );
    let nobody = Caller { tenant: Some(""), ..alice().unwrap() };
    check(
        "Search",
        &Inputs { caller: Some(nobody), ..search(&[]) },
        expect!["Identity: the identity has no usable `tenant`"],
    );
}

#[test]
fn what_does_not_fit_is_refused() {
    check("Search", &search(&[("limit", "1001")]), expect!["Parameter: `limit` must be at most 1000"]);
    check(
        "Search",
        &search(&[("limit", "5"), ("limit", "6")]),
        expect!["Parameter: the query parameter `limit` is repeated"],
    );
    check("Search", &search(&[("limit", "")]), expect!["Parameter: `limit` must be an integer of 64 bits"]);
    check(
        "Search",
        &search(&[("kind", "a"), ("kind", "z")]),
        expect!["Parameter: `kind` must be one of `a`, `b`, `c`"],
    );
    check(
        "Search",
        &search(&[("kind", "a"), ("kind", "b"), ("kind", "c")]),
        expect!["Parameter: `kind` must have at most 2 elements"],
    );
    check(
        "Search",
        &search(&[("l\nimit", "5")]),
        expect!["Parameter: the operation takes no query parameter `l?imit`"],
    );
    check("Search", &Inputs { path: vec![], ..search(&[]) }, expect!["Parameter: `customer` is missing"]);
    check(
        "Search",
        &Inputs { body: b"{}", ..search(&[]) },
        expect!["Parameter: the operation takes no body"],
    );
    let odd = Caller { claims: vec![("level", "\"x\"")], ..alice().unwrap() };
    check(
        "Search",
        &Inputs { caller: Some(odd), ..search(&[]) },
        expect!["Identity: the identity has no usable `level`"],
    );
}

#[test]
fn bodies() {
    let body = |body| Inputs { body, ..Inputs::default() };
    check(
        "Create",
        &body(br#"{"a": "x'); --", "c": []}"#),
        expect!["Parameter: `a` must have at most 3 characters"],
    );
    check(
        "Create",
        &body(br#"{"a": "x", "deep": {"b": "1.50"}, "c": [1, "2"]}"#),
        expect![[r#"
        a: STRING = Text("x")
        b: NUMERIC = Numeric(Decimal { negative: false, whole: "1", fraction: "5" })
        c: ARRAY<INT64> = Array([Int64(1), Int64(2)])"#]],
    );
    check(
        "Create",
        &body(br#"{"a": "x", "deep": {"b": null}}"#),
        expect![[r#"
        a: STRING = Text("x")
        b: NUMERIC = Null
        c: ARRAY<INT64> = Null"#]],
    );
    check("Create", &body(br#"{"a": null}"#), expect!["Parameter: `a` must not be null"]);
    check(
        "Create",
        &body(br#"{"a": "x", "extra": 1}"#),
        expect!["Parameter: the operation takes no member `extra` of the body"],
    );
    check(
        "Create",
        &body(br#"{"a": "x", "deep": {"z": 1}}"#),
        expect!["Parameter: the operation takes no member `deep.z` of the body"],
    );
    check(
        "Create",
        &body(br#"{"a": "x", "a": "y"}"#),
        expect!["Parameter: the body is not valid JSON (line 1, column 14)"],
    );
    check("Create", &body(b"[1]"), expect!["Parameter: the body must be a JSON object"]);
    check("Create", &body(b""), expect!["Parameter: `a` is missing"]);
    check(
        "Whole",
        &body(br#"{"any": [{"thing": 1.5}]}"#),
        expect![[r#"body: JSON = Text("{\"any\":[{\"thing\":1.5}]}")"#]],
    );
}

/// More digits than a binary number has, wherever JSON comes from; what else is in the body does not shift them.
#[test]
fn json_keeps_its_numbers() {
    let body = br#"{"deep": [{"n": 1, "j": {"b": 0.10000000000000000001, "a": [1e2, -0]}}, {"j": 12345678901234567890123, "n": 2}],
        "before": 1.0000000000000000001, "lines": [{"line": "3.0"}, {"line": [3.141592653589793238462643]}, {"line": 4.50}]}"#;
    let caller =
        Caller { claims: vec![("budget", r#"{"most": 99999999999999999.99}"#)], ..Caller::default() };
    check(
        "Exact",
        &Inputs { body, caller: Some(caller), ..Inputs::default() },
        expect![[r#"
        before: FLOAT64 = Float(1.0)
        line: JSON = Array([Text("\"3.0\""), Text("[3.141592653589793238462643]"), Text("4.50")])
        deep: ARRAY<STRUCT<n INT64, j JSON>> = Array([Struct([Int64(1), Text("{\"a\":[1e2,-0],\"b\":0.10000000000000000001}")]), Struct([Int64(2), Text("12345678901234567890123")])])
        claim: JSON = Text("{\"most\":99999999999999999.99}")"#]],
    );
}

#[test]
fn structs_and_intervals() {
    let typed = |body: &'static str, expected| {
        let inputs = Inputs { query: vec![("age", "P30D")], body: body.as_bytes(), ..Inputs::default() };
        check("Typed", &inputs, expected);
    };
    typed(
        r#"{"lines": [{"line": {"sku": "a", "sizes": [1]}}, {"line": {"sku": "b", "sizes": []}}], "tags": [{"key": "k", "weight": "NaN"}, {"weight": 1}]}"#,
        expect![[r#"
            line: STRUCT<sku STRING, sizes ARRAY<INT64>> = Array([Struct([Text("a"), Array([Int64(1)])]), Struct([Text("b"), Array([])])])
            tags: ARRAY<STRUCT<key STRING, weight FLOAT64>> = Array([Struct([Text("k"), Float(NaN)]), Struct([Null, Float(1.0)])])
            age: INTERVAL = Interval(Interval { months: 0, days: 30, nanos: 0 })
            at: TIMESTAMP = Text("2026-11-24T00:00:00.000000000Z")"#]],
    );
    typed(
        r#"{"lines": [{"line": {"sku": "a", "sizes": []}}, {"line": {"sku": "b", "sizes": ["x"]}}], "tags": []}"#,
        expect!["Parameter: `lines[1].line.sizes[0]` must be an integer of 64 bits"],
    );
    typed(
        r#"{"lines": [{"line": {"sku": "a", "sizes": [null]}}], "tags": []}"#,
        expect!["Parameter: `lines[0].line.sizes[0]` must not be null"],
    );
    typed(
        r#"{"lines": [{"line": {"sku": "a", "sizes": [], "`\n": 1}}], "tags": []}"#,
        expect!["Parameter: `lines[0].line.??` is no field"],
    );
    typed(
        r#"{"lines": [{"line": null}], "tags": []}"#,
        expect!["Parameter: `lines[0].line` must not be null"],
    );
    typed(
        r#"{"lines": [{"line": {"sku": "a", "sizes": []}}], "tags": [null, null, null]}"#,
        expect!["Parameter: `tags` must have at most 2 elements"],
    );
    let lines = br#"{"lines": [{"line": {"sku": "a", "sizes": []}}], "tags": null}"#;
    let after = |age| Inputs { query: vec![("age", age)], body: lines, ..Inputs::default() };
    check("Typed", &after("P1M1D"), expect!["Parameter: `age` must be at most P1M"]);
    check(
        "Typed",
        &after("1 month"),
        expect![
            "Parameter: `age` must be an ISO 8601 duration within 10000 years, such as `P1Y2M3DT4H5M6.5S`"
        ],
    );
}

#[test]
fn a_value_of_each_item() {
    let items = |body: &'static str, expected| {
        check("Items", &Inputs { body: body.as_bytes(), ..Inputs::default() }, expected)
    };
    items(
        r#"{"items": [{"sku": "a", "deep": {"count": "2"}, "note": null}, {"sku": "b"}]}"#,
        expect![[r#"
        sku: STRING = Array([Text("a"), Text("b")])
        count: INT64 = Array([Int64(2), Int64(1)])
        note: STRING = Array([Null, Null])
        line: INT64 = Array([Int64(1), Int64(2)])"#]],
    );
    items(
        r#"{"items": [{"sku": "a"}, {"sku": "long"}]}"#,
        expect!["Parameter: `items[1].sku` must have at most 3 characters"],
    );
    items(
        r#"{"items": [{"sku": "a", "skew": 1}]}"#,
        expect!["Parameter: the operation takes no member `skew` of `items[0]`"],
    );
    items(
        r#"{"items": [{"sku": "a", "deep": {"counts": 1}}]}"#,
        expect!["Parameter: the operation takes no member `deep.counts` of `items[0]`"],
    );
    items(r#"{"items": [{}]}"#, expect!["Parameter: `items[0].sku` is missing"]);
    items(r#"{"items": ["a"]}"#, expect!["Parameter: `items[0]` must be a JSON object"]);
    items(r#"{"items": {"sku": "a"}}"#, expect!["Parameter: `items` must be a list"]);
    items(r#"{"items": []}"#, expect!["Parameter: `items` must have at least 1 items"]);
    items(r#"{"items": [1, 2, 3, 4]}"#, expect!["Parameter: `items` must have at most 3 items"]);
    items(r#"{}"#, expect!["Parameter: `items` is missing"]);
    items(
        r#"{"items": [{"sku": "a"}], "more": 1}"#,
        expect!["Parameter: the operation takes no member `more` of the body"],
    );
    check(
        "List",
        &Inputs { body: b"[1, 2]", ..Inputs::default() },
        expect!["each: INT64 = Array([Int64(1), Int64(2)])"],
    );
    check("List", &Inputs { body: b"{}", ..Inputs::default() }, expect!["Parameter: `body` must be a list"]);
}

#[test]
fn headers() {
    let headers = |headers: &[(&'static str, &'static str)], expected| {
        check("Header", &Inputs { headers: headers.to_vec(), ..Inputs::default() }, expected)
    };
    headers(
        &[("x-region", "eu"), ("x-tag", "a"), ("x-tag", "b"), ("x-other", "c")],
        expect![[r#"
        tags: ARRAY<STRING> = Array([Text("a"), Text("b")])
        region: STRING = Text("eu")"#]],
    );
    headers(
        &[("x-region", "eu"), ("x-region", "us")],
        expect!["Parameter: the header `x-region` is repeated"],
    );
    headers(&[], expect!["Parameter: `x-region` is missing"]);
}

#[test]
fn bodies_keep_their_schema() {
    let order = |body: &'static str, expected| {
        check("Checked", &Inputs { body: body.as_bytes(), ..Inputs::default() }, expected)
    };
    order(
        r#"{"order": {"lines": [{"sku": "a"}]}}"#,
        expect![[r#"
        a: JSON = Text("{\"lines\":[{\"sku\":\"a\"}]}")
        b: STRING = Null"#]],
    );
    order(
        r#"{"order": {"lines": [{"sku": "a"}, {"sku": "secret"}]}}"#,
        expect!["Parameter: `order/lines/1/sku` breaks `maxLength` of its schema"],
    );
    order(
        r#"{"order": {"lines": [], "more": "secret"}}"#,
        expect!["Parameter: `order` breaks `additionalProperties` of its schema"],
    );
    order(r#"{"order": {}}"#, expect!["Parameter: `order` breaks `required` of its schema"]);
    order(r#"{"order": null}"#, expect!["Parameter: `order` must not be null"]);
}
