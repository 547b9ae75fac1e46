use expect_test::expect;

use super::{batches_and_pages, columns, not_taken, odd_texts, of_bodies, shown, start, told};
use crate::stand::{call, query};
use spangate_proto::v1::Call;

#[tokio::test]
async fn scalars() {
    let stand = start("postgresql").await;
    let values = [
        ("bool", "true"),
        ("bool", "false"),
        ("int64", "9223372036854775807"),
        ("int64", "-9223372036854775808"),
        ("int64", "9007199254740993"),
        ("int64", "9223372036854775808"),
        ("float32", "1.1"),
        ("float32", "-0.0"),
        ("float32", "3.4028235e38"),
        ("float32", "1e-45"),
        ("float32", "NaN"),
        ("float32", "Infinity"),
        ("float32", "-Infinity"),
        ("float64", "0.1"),
        ("float64", "-0"),
        ("float64", "1.7976931348623157e308"),
        ("float64", "5e-324"),
        ("float64", "9007199254740993"),
        ("float64", "NaN"),
        ("float64", "Infinity"),
        ("float64", "-Infinity"),
        ("bytes", ""),
        ("bytes", "AAEC/f7/+/8="),
        ("date", "0001-01-01"),
        ("date", "9999-12-31"),
        ("date", "2024-02-29"),
        ("timestamp", "0001-01-01T00:00:00Z"),
        ("timestamp", "9999-12-31T23:59:59.999999999Z"),
        ("timestamp", "2026-11-23T00:30:00.000000001+01:00"),
        ("timestamp", "1969-12-31T23:59:59.9Z"),
        ("numeric", "NaN"),
        ("numeric", "-99999999999999999999999999999999999999.99999999999999999999"),
        ("numeric", "0.000000001"),
        ("numeric", "-0"),
        ("numeric", "1.500"),
        ("json", "null"),
        ("json", "true"),
        ("json", r#""a\u0000b""#),
        ("json", r#"{"b":[1,null,{"é":"\""}],"a":-0.5}"#),
        ("json", "1.50"),
        ("json", "-0"),
        ("json", "18446744073709551615"),
        ("json", "18446744073709551616"),
        ("json", "0.1000000000000000000000000001"),
        ("json", "1e400"),
        ("oid", "0"),
        ("oid", "4294967295"),
        ("oid", "4294967296"),
    ];
    expect![[r#"
        bool true: {"bool":true}
        bool false: {"bool":false}
        int64 9223372036854775807: {"int64":"9223372036854775807"}
        int64 -9223372036854775808: {"int64":"-9223372036854775808"}
        int64 9007199254740993: {"int64":"9007199254740993"}
        int64 9223372036854775808: 400 parameter_invalid `int64` must be an integer of 64 bits
        float32 1.1: {"float32":1.1}
        float32 -0.0: {"float32":-0.0}
        float32 3.4028235e38: 412 precondition_failed a constraint of the database does not hold
        float32 1e-45: {"float32":1e-45}
        float32 NaN: {"float32":"NaN"}
        float32 Infinity: {"float32":"Infinity"}
        float32 -Infinity: {"float32":"-Infinity"}
        float64 0.1: {"float64":0.1}
        float64 -0: {"float64":-0.0}
        float64 1.7976931348623157e308: {"float64":1.7976931348623157e+308}
        float64 5e-324: {"float64":5e-324}
        float64 9007199254740993: {"float64":9007199254740992.0}
        float64 NaN: {"float64":"NaN"}
        float64 Infinity: {"float64":"Infinity"}
        float64 -Infinity: {"float64":"-Infinity"}
        bytes : {"bytes":""}
        bytes AAEC/f7/+/8=: {"bytes":"AAEC/f7/+/8="}
        date 0001-01-01: {"date":"0001-01-01"}
        date 9999-12-31: {"date":"9999-12-31"}
        date 2024-02-29: {"date":"2024-02-29"}
        timestamp 0001-01-01T00:00:00Z: {"timestamp":"0001-01-01T00:00:00Z"}
        timestamp 9999-12-31T23:59:59.999999999Z: {"timestamp":"9999-12-31T23:59:59.999999999Z"}
        timestamp 2026-11-23T00:30:00.000000001+01:00: {"timestamp":"2026-11-22T23:30:00.000000001Z"}
        timestamp 1969-12-31T23:59:59.9Z: {"timestamp":"1969-12-31T23:59:59.9Z"}
        numeric NaN: {"numeric":"NaN"}
        numeric -99999999999999999999999999999999999999.99999999999999999999: {"numeric":"-99999999999999999999999999999999999999.99999999999999999999"}
        numeric 0.000000001: {"numeric":"0.000000001"}
        numeric -0: {"numeric":"0"}
        numeric 1.500: {"numeric":"1.500"}
        json null: {}
        json true: {"json":true}
        json "a\u0000b": 412 precondition_failed a constraint of the database does not hold
        json {"b":[1,null,{"é":"\""}],"a":-0.5}: {"json":{"a": -0.5, "b": [1, null, {"é": "\""}]}}
        json 1.50: {"json":1.50}
        json -0: {"json":0}
        json 18446744073709551615: {"json":18446744073709551615}
        json 18446744073709551616: {"json":18446744073709551616}
        json 0.1000000000000000000000000001: {"json":0.1000000000000000000000000001}
        json 1e400: 400 parameter_invalid `json` must be JSON | 400 parameter_invalid `json` must be JSON | 400 parameter_invalid the body is not valid JSON (line 1, column 14)
        oid 0: {"oid":"0"}
        oid 4294967295: {"oid":"4294967295"}
        oid 4294967296: 400 parameter_invalid `oid` must be an integer from 0 to 4294967295
    "#]]
    .assert_eq(&told(&stand, &values).await);
    odd_texts(&stand, &[]).await;
    not_taken(&stand).await;
}

/// As JSON has them, in place of texts.
#[tokio::test]
async fn bodies() {
    let stand = start("postgresql").await;
    let bodies = [
        ("Body", r#"{}"#),
        ("Body", r#"{"int64": -9223372036854775808, "numeric": 9223372036854775807}"#),
        ("Body", r#"{"int64": 9223372036854775808}"#),
        ("Body", r#"{"int64": 1.0}"#),
        ("Body", r#"{"float32": 1.1, "float64": 1e21}"#),
        ("Body", r#"{"float32": 1e39}"#),
        ("Body", r#"{"float64": 9223372036854775808}"#),
        ("Body", r#"{"json": {"n": 1.10, "s": "\ud834\udd1e"}}"#),
        ("Body", r#"{"json": [9223372036854775808, 18446744073709551615]}"#),
        ("Body", r#"{"bool": null, "int64": null, "json": null}"#),
        ("Arrays", r#"{}"#),
        (
            "Arrays",
            r#"{"bools": [], "int64s": [], "float32s": [], "float64s": [], "strings": [], "bytess": [], "dates": [], "timestamps": [], "numerics": [], "jsons": [], "oids": []}"#,
        ),
        ("Arrays", ARRAYS),
    ];
    expect![[r#"
        Body {}
        → {}
        Body {"int64": -9223372036854775808, "numeric": 9223372036854775807}
        → {"int64":"-9223372036854775808","numeric":"9223372036854775807"}
        Body {"int64": 9223372036854775808}
        → 400 parameter_invalid `int64` must be an integer
        Body {"int64": 1.0}
        → 400 parameter_invalid `int64` must be an integer
        Body {"float32": 1.1, "float64": 1e21}
        → {"float32":1.1,"float64":1e+21}
        Body {"float32": 1e39}
        → 400 parameter_invalid `float32` must be a number within FLOAT32
        Body {"float64": 9223372036854775808}
        → {"float64":9.223372036854776e+18}
        Body {"json": {"n": 1.10, "s": "\ud834\udd1e"}}
        → {"json":{"n": 1.10, "s": "𝄞"}}
        Body {"json": [9223372036854775808, 18446744073709551615]}
        → {"json":[9223372036854775808, 18446744073709551615]}
        Body {"bool": null, "int64": null, "json": null}
        → {}
        Arrays {}
        → {}
        Arrays {"bools": [], "int64s": [], "float32s": [], "float64s": [], "strings": [], "bytess": [], "dates": [], "timestamps": [], "numerics": [], "jsons": [], "oids": []}
        → {"bools":[],"int64s":[],"float32s":[],"float64s":[],"strings":[],"bytess":[],"dates":[],"timestamps":[],"numerics":[],"jsons":[],"oids":[]}
        Arrays {
            "bools": [true, null, false], "int64s": ["9007199254740993", null, -1], "float32s": [1.1, null, "-Infinity"],
            "float64s": ["NaN", null, 0.1], "strings": ["", null, "é"], "bytess": ["", null, "AQI="],
            "dates": ["0001-01-01", null], "timestamps": [null, "2026-11-23T12:00:00.123456789+01:00"],
            "numerics": [null, "0.000000001"], "jsons": [{"a": [1.50, null]}, null], "oids": [1, null]}
        → {"bools":[true,null,false],"int64s":["9007199254740993",null,"-1"],"float32s":[1.1,null,"-Infinity"],"float64s":["NaN",null,0.1],"strings":["",null,"é"],"bytess":["",null,"AQI="],"dates":["0001-01-01",null],"timestamps":[null,"2026-11-23T11:00:00.123456789Z"],"numerics":[null,"0.000000001"],"jsons":[{"a": [1.50, null]},null],"oids":["1",null]}
    "#]]
    .assert_eq(&of_bodies(&stand, &bodies).await);
    let repeated =
        [("int64s", "1"), ("int64s", "2"), ("float64s", "NaN"), ("strings", ""), ("jsons", "null")];
    let answer = stand.execute(Call { query: query(&repeated), ..call("Repeated") }, &[]).await;
    expect![[r#"{"int64s":["1","2"],"float64s":["NaN"],"strings":[""],"jsons":[null]}"#]]
        .assert_eq(&shown(&answer));
}

const ARRAYS: &str = r#"{
    "bools": [true, null, false], "int64s": ["9007199254740993", null, -1], "float32s": [1.1, null, "-Infinity"],
    "float64s": ["NaN", null, 0.1], "strings": ["", null, "é"], "bytess": ["", null, "AQI="],
    "dates": ["0001-01-01", null], "timestamps": [null, "2026-11-23T12:00:00.123456789+01:00"],
    "numerics": [null, "0.000000001"], "jsons": [{"a": [1.50, null]}, null], "oids": [1, null]}"#;

const ROWS: [(&str, &str); 3] = [
    (
        "1",
        r#"{"bool": true, "int64": "9223372036854775807", "float32": 1.1, "float64": "-Infinity", "string": "é\"\\\n", "bytes": "AQI=", "date": "9999-12-31", "timestamp": "2026-11-23T12:00:00.123456789Z", "numeric": "99999999999999999999999999999.999999999", "json": {"b": 1.50, "a": [null]}}"#,
    ),
    ("2", "{}"),
    (
        "3",
        r#"{"bools": [true, null], "int64s": [1, null], "float32s": [1.1, null, "NaN"], "float64s": [0.1, null], "strings": ["", null], "bytess": ["AQI=", null], "dates": ["0001-01-01", null], "timestamps": ["2026-11-23T12:00:00.000000001Z", null], "numerics": ["-0.5", null], "jsons": [{"a": 1}, null]}"#,
    ),
];

#[tokio::test]
async fn rows() {
    let stand = start("postgresql").await;
    expect![[r#"
        {"id":"1","bool":true,"int64":"9223372036854775807","float32":1.1,"float64":"-Infinity","string":"é\"\\\n","bytes":"AQI=","date":"9999-12-31","timestamp":"2026-11-23T12:00:00.123456789Z","numeric":"99999999999999999999999999999.999999999","json":{"a": [null], "b": 1.50}}
        204
        {"id":"1","bool":true,"int64":"9223372036854775807","float32":1.1,"float64":"-Infinity","string":"é\"\\\n","bytes":"AQI=","date":"9999-12-31","timestamp":"2026-11-23T12:00:00.123456789Z","numeric":"99999999999999999999999999999.999999999","json":{"a": [null], "b": 1.50}}
        {"id":"11","bool":true,"int64":"9223372036854775807","float32":1.1,"float64":"-Infinity","string":"é\"\\\n","bytes":"AQI=","date":"9999-12-31","timestamp":"2026-11-23T12:00:00.123456789Z","numeric":"99999999999999999999999999999.999999999","json":{"a": [null], "b": 1.50}}
        {"id":"2"}
        204
        {"id":"2"}
        {"id":"12"}
        {"id":"3","bools":[true,null],"int64s":["1",null],"float32s":[1.1,null,"NaN"],"float64s":[0.1,null],"strings":["",null],"bytess":["AQI=",null],"dates":["0001-01-01",null],"timestamps":["2026-11-23T12:00:00.000000001Z",null],"numerics":["-0.5",null],"jsons":[{"a": 1},null]}
        204
        {"id":"3","bools":[true,null],"int64s":["1",null],"float32s":[1.1,null,"NaN"],"float64s":[0.1,null],"strings":["",null],"bytess":["AQI=",null],"dates":["0001-01-01",null],"timestamps":["2026-11-23T12:00:00.000000001Z",null],"numerics":["-0.5",null],"jsons":[{"a": 1},null]}
        {"id":"13","bools":[true,null],"int64s":["1",null],"float32s":[1.1,null,"NaN"],"float64s":[0.1,null],"strings":["",null],"bytess":["AQI=",null],"dates":["0001-01-01",null],"timestamps":["2026-11-23T12:00:00.000000001Z",null],"numerics":["-0.5",null],"jsons":[{"a": 1},null]}
    "#]]
    .assert_eq(&columns(&stand, &ROWS).await);
}

#[tokio::test]
async fn batches() {
    let stand = start("postgresql").await;
    expect![[r#"
        first: 204
        again: 409 already_exists it exists already
        first: 204
        [{"id":"2","numeric":null,"timestamp":"2026-11-23T12:00:00.000000001Z"},{"id":"1","numeric":"1.5","timestamp":"2026-11-23T12:00:00.000000002Z"}]
        [{"id":"3","numeric":null,"timestamp":"2026-11-23T12:00:00.000000002Z"}]
    "#]]
    .assert_eq(&batches_and_pages(&stand).await);
}
