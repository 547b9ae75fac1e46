use expect_test::expect;

use super::*;
use crate::Dialect;

#[test]
fn types_are_written_as_they_are_read() {
    for scalar in Scalar::ALL {
        assert_eq!(Type::parse(scalar.name()), Ok(Type::Scalar(scalar)));
    }
    for text in [
        "ARRAY<STRING>",
        "STRUCT<a INT64, b STRING>",
        "ARRAY<STRUCT<a INT64, b ARRAY<STRUCT<c BOOL, d PG.JSONB>>, ARRAY INTERVAL>>",
    ] {
        assert_eq!(Type::parse(text).unwrap().to_string(), text);
    }
    let spaced = Type::parse(" ARRAY < STRUCT<a  INT64\n,b STRING > >").unwrap();
    assert_eq!(spaced.to_string(), "ARRAY<STRUCT<a INT64, b STRING>>");
}

#[test]
fn what_is_no_type() {
    let deep = format!("{}INT64{}", "STRUCT<a ".repeat(16), ">".repeat(16));
    let wide = format!("STRUCT<{}>", (0..=1000).map(|n| format!("f{n} BOOL")).collect::<Vec<_>>().join(","));
    let faults = [
        "",
        "int64",
        "ARRAY",
        "ARRAY<>",
        "ARRAY<ARRAY<INT64>>",
        "ARRAY<INT64",
        "INT64>",
        "STRUCT<>",
        "STRUCT<INT64>",
        "STRUCT<a INT64,>",
        "STRUCT<a INT64, A BOOL>",
        "STRUCT<a-b INT64>",
        "STRUCT<ä INT64>",
        "STRUCT<a.b INT64",
        "STRUCT<aé INT64>",
        "ARRAY<STRUCT<sku STRNG>>",
        "STRING(36)",
        &deep,
        &wide,
    ]
    .map(|text| {
        let TypeFault { message, help } = Type::parse(text).unwrap_err();
        format!("{} ({help})", message.split(" of `").next().unwrap_or_default())
    });
    expect![[r#"
        a type is missing (write a scalar's name, `ARRAY<TYPE>` or `STRUCT<name TYPE, …>`)
        unknown type `int64` (did you mean `INT64`?)
        `<` is missing, at character 6 (write a scalar's name, `ARRAY<TYPE>` or `STRUCT<name TYPE, …>`)
        a type is missing, at character 7 (write a scalar's name, `ARRAY<TYPE>` or `STRUCT<name TYPE, …>`)
        Spanner has no array of arrays, at character 19 (put a struct between: `ARRAY<STRUCT<inner ARRAY<…>>>`)
        `>` is missing, at character 12 (write a scalar's name, `ARRAY<TYPE>` or `STRUCT<name TYPE, …>`)
        `>` follows the type, at character 6 (write a scalar's name, `ARRAY<TYPE>` or `STRUCT<name TYPE, …>`)
        `>` is no name of a field, at character 8 (write `STRUCT<name TYPE, …>`)
        a type is missing, at character 13 (write a scalar's name, `ARRAY<TYPE>` or `STRUCT<name TYPE, …>`)
        `>` is no name of a field, at character 16 (write `STRUCT<name TYPE, …>`)
        two fields are called `A`, at character 17 (give each its own name)
        a type is missing, at character 9 (write a scalar's name, `ARRAY<TYPE>` or `STRUCT<name TYPE, …>`)
        `ä` is no name of a field, at character 8 (write `STRUCT<name TYPE, …>`)
        `a.b` is no name of a field, at character 8 (write `STRUCT<name TYPE, …>`)
        `aé` is no name of a field, at character 8 (write `STRUCT<name TYPE, …>`)
        unknown type `STRNG`, at character 18 (did you mean `STRING`?)
        `(` follows the type, at character 7 (write a scalar's name, `ARRAY<TYPE>` or `STRUCT<name TYPE, …>`)
        types are nested deeper than 16, at character 144 (flatten it)
        a STRUCT has at most 1000 fields, at character 9908 (split it)"#]].assert_eq(&faults.join("\n"));
}

#[test]
fn dialects_have_types_of_their_own() {
    let of = |dialect, text| match Type::parse(text).unwrap().in_dialect(dialect) {
        Ok(found) => found.to_string(),
        Err(TypeFault { message, help }) => format!("{message} ({help})"),
    };
    let table = ["NUMERIC", "ARRAY<JSON>", "PG.NUMERIC", "ARRAY<PG.OID>", "INTERVAL", "STRUCT<a PG.JSONB>"]
        .map(|text| format!("{text}: {} | {}", of(Dialect::GoogleSql, text), of(Dialect::PostgreSql, text)));
    expect![[r#"
        NUMERIC: NUMERIC | PG.NUMERIC
        ARRAY<JSON>: ARRAY<JSON> | ARRAY<PG.JSONB>
        PG.NUMERIC: `PG.NUMERIC` is a type of PostgreSQL databases (write `NUMERIC`, or say `dialect: postgresql` of the database) | PG.NUMERIC
        ARRAY<PG.OID>: `PG.OID` is a type of PostgreSQL databases (write `INT64`, or say `dialect: postgresql` of the database) | ARRAY<PG.OID>
        INTERVAL: INTERVAL | INTERVAL
        STRUCT<a PG.JSONB>: `PG.JSONB` is a type of PostgreSQL databases (write `JSON`, or say `dialect: postgresql` of the database) | a PostgreSQL database has no STRUCT (take a JSON apart in the SQL, or one ARRAY for each field)"#]].assert_eq(&table.join("\n"));
}

#[test]
fn where_a_type_may_stand() {
    let table = [
        "INT64",
        "JSON",
        "INTERVAL",
        "PG.NUMERIC",
        "ARRAY<STRING>",
        "ARRAY<INTERVAL>",
        "STRUCT<a INT64, b DATE>",
        "ARRAY<STRUCT<a INT64, b DATE>>",
        "ARRAY<STRUCT<a JSON>>",
    ]
    .map(|text| {
        let r#type = Type::parse(text).unwrap();
        let (column, key) = (r#type.is_of_columns(), r#type.is_of_keys());
        format!("{text}: column {column}, key {key}, parts {:?}", r#type.key_parts())
    });
    expect![[r#"
        INT64: column true, key true, parts Some(1)
        JSON: column true, key false, parts None
        INTERVAL: column false, key false, parts None
        PG.NUMERIC: column true, key false, parts None
        ARRAY<STRING>: column true, key false, parts Some(1)
        ARRAY<INTERVAL>: column false, key false, parts None
        STRUCT<a INT64, b DATE>: column false, key false, parts Some(2)
        ARRAY<STRUCT<a INT64, b DATE>>: column false, key false, parts Some(2)
        ARRAY<STRUCT<a JSON>>: column false, key false, parts None"#]]
    .assert_eq(&table.join("\n"));
}

#[test]
fn types_are_documented() {
    let page = include_str!("../../../../docs/operations.md");
    let row = page.lines().find(|line| line.starts_with("| `type` |")).unwrap();
    let told: Vec<_> = row.split([' ', ',', ';']).collect();
    for name in Scalar::ALL.map(Scalar::name).into_iter().chain(["`ARRAY<…>`", "`STRUCT<name"]) {
        assert!(told.contains(&name), "{name}");
    }
}
