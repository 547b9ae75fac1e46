//! Parameters of an operation, and the schema of each.

use expect_test::{Expect, expect};
use spangate_document::from_yaml;

use super::*;

const FILE: &str = r##"{
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "properties": {"default": {"$ref": "#/$defs/line"}, "$id": {"$ref": "#named"}, "whole": {"$ref": "#"}},
    "const": {"$ref": "#/data"},
    "$defs": {"line": {"$anchor": "named"}, "own": {"$id": "https://own.example", "items": {"$ref": "#/x"}}}
}"##;

fn operations(dialect: &str, parameters: &[&str]) -> spangate_operations::Operations {
    let lines = parameters.iter().enumerate().map(|(index, line)| format!("      p{index}: {line}\n"));
    let source = format!(
        "apiVersion: spangate/v1\ndatabases: {{main: {{name: projects/p/instances/i/databases/d, dialect: {dialect}}}}}\n\
         operations:\n  A:\n    write: [{{sql: DELETE FROM t WHERE true}}]\n    parameters:\n{}",
        lines.collect::<String>()
    );
    let document = from_yaml(&source).unwrap();
    let (operations, _) = spangate_operations::load_with(&document, &|_| Ok(FILE.to_owned())).unwrap();
    operations
}

fn check(dialect: &str, form: Form, parameters: &[&str], expected: Expect) {
    let operations = operations(dialect, parameters);
    let operation = operations.operation("A").unwrap();
    let schema = |parameter| format!("{}\n", of_parameter(operation, parameter, form));
    expected.assert_eq(&operation.parameters.iter().map(schema).collect::<String>());
}

#[test]
fn structs_and_what_may_be_null_within() {
    check(
        "googlesql",
        Form::Json,
        &[
            r#"{type: "STRUCT<sku STRING, at ARRAY<DATE>>", from: body.a}"#,
            r#"{type: "ARRAY<STRUCT<n INT64, j JSON>>", from: body.b, nullable: true, max_length: 3}"#,
            r#"{type: "STRUCT<n NUMERIC, j JSON>", from: body.c, default: {n: "1.50", j: [1]}}"#,
            "{type: ARRAY<INTERVAL>, from: body.d, enum: [P1D, P7D]}",
        ],
        expect![[r#"
            {"additionalProperties":false,"properties":{"at":{"items":{"format":"date","type":"string"},"type":"array"},"sku":{"type":"string"}},"required":["sku","at"],"type":"object"}
            {"anyOf":[{"items":{"anyOf":[{"additionalProperties":false,"properties":{"j":{},"n":{"anyOf":[{"format":"int64","maximum":9223372036854775807,"minimum":-9223372036854775808,"pattern":"^-?[0-9]{1,19}$","type":["integer","string"]},{"type":"null"}]}},"type":"object"},{"type":"null"}]},"maxItems":3,"type":"array"},{"type":"null"}]}
            {"additionalProperties":false,"default":{"j":[1],"n":"1.5"},"properties":{"j":{},"n":{"pattern":"^-?(0|[1-9][0-9]{0,28})(\\.[0-9]{1,9})?$","type":["string","integer"]}},"required":["n","j"],"type":"object"}
            {"items":{"enum":["P1D","P7D"],"pattern":"^P(?!$)(-?[0-9]+Y)?(-?[0-9]+M)?(-?[0-9]+W)?(-?[0-9]+D)?(T(?!$)(-?[0-9]+H)?(-?[0-9]+M)?(-?[0-9]+(\\.[0-9]{1,9})?S)?)?$","type":"string"},"type":"array"}
        "#]],
    );
}

#[test]
fn types_of_postgresql() {
    let from = |source| ["NUMERIC", "PG.OID", "JSON"].map(|of| format!("{{type: {of}, from: {source}}}"));
    let (body, query) = (from("body.a"), from("query"));
    check(
        "postgresql",
        Form::Json,
        &body.each_ref().map(String::as_str),
        expect![[r#"
        {"pattern":"^(NaN|-?[0-9]+(\\.[0-9]+)?)$","type":["string","integer"]}
        {"format":"uint32","maximum":4294967295,"minimum":0,"pattern":"^-?[0-9]{1,19}$","type":["integer","string"]}
        {}
    "#]],
    );
    check(
        "postgresql",
        Form::Text,
        &query.each_ref().map(String::as_str),
        expect![[r#"
        {"pattern":"^(NaN|-?[0-9]+(\\.[0-9]+)?)$","type":"string"}
        {"format":"uint32","maximum":4294967295,"minimum":0,"type":"integer"}
        {"contentMediaType":"application/json","type":"string"}
    "#]],
    );
}

#[test]
fn files_are_components() {
    let parameters = [
        "{type: JSON, from: body.a, schema: a.json}",
        r#"{type: "STRUCT<a INT64>", from: body.b, schema: a.json, nullable: true}"#,
    ];
    check(
        "googlesql",
        Form::Json,
        &parameters,
        expect![[r##"
        {"$ref":"#/components/schemas/A.p0"}
        {"anyOf":[{"allOf":[{"additionalProperties":false,"properties":{"a":{"anyOf":[{"format":"int64","maximum":9223372036854775807,"minimum":-9223372036854775808,"pattern":"^-?[0-9]{1,19}$","type":["integer","string"]},{"type":"null"}]}},"type":"object"},{"$ref":"#/components/schemas/A.p1"}]},{"type":"null"}]}
    "##]],
    );
    let components = components(operations("googlesql", &parameters).iter());
    let names: Vec<_> = components.keys().collect();
    assert_eq!(names, ["A.p0", "A.p1"]);
    expect![[r##"
        {
          "$defs": {
            "line": {
              "$anchor": "named"
            },
            "own": {
              "$id": "https://own.example",
              "items": {
                "$ref": "#/x"
              }
            }
          },
          "const": {
            "$ref": "#/data"
          },
          "properties": {
            "$id": {
              "$ref": "#named"
            },
            "default": {
              "$ref": "#/components/schemas/A.p0/$defs/line"
            },
            "whole": {
              "$ref": "#/components/schemas/A.p0"
            }
          }
        }"##]]
    .assert_eq(&format!("{:#}", components["A.p0"]));
}
