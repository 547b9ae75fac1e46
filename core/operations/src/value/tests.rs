use super::*;

/// Each text, and what becomes of it (`None`: refused).
fn check(scalar: Scalar, vectors: &[(&str, Option<&str>)]) {
    for (text, expected) in vectors {
        let actual = Value::from_text(scalar, text).ok().and_then(|value| value.to_text());
        assert_eq!(actual.as_deref(), *expected, "{} `{text}`", scalar.name());
    }
}

#[test]
fn integers() {
    check(
        Scalar::Int64,
        &[
            ("9223372036854775807", Some("9223372036854775807")),
            ("-9223372036854775808", Some("-9223372036854775808")),
            ("9223372036854775808", None),
            ("007", Some("7")),
            ("", None),
            ("-", None),
            ("+1", None),
            ("1.0", None),
            ("1e3", None),
            (" 1", None),
            ("0x10", None),
            ("１", None),
        ],
    );
}

#[test]
fn floats() {
    check(
        Scalar::Float64,
        &[
            ("1.5", Some("1.5")),
            ("-1e3", Some("-1000")),
            ("NaN", Some("NaN")),
            ("inf", None),
            ("nan", None),
            ("1e999", None),
            ("+1", None),
            ("", None),
        ],
    );
    check(Scalar::Float32, &[("1e39", None), ("1e38", Some(&1e38.to_string()))]);
}

#[test]
fn numerics() {
    let largest = "99999999999999999999999999999.999999999";
    check(
        Scalar::Numeric,
        &[
            (largest, Some(largest)),
            (&format!("-{largest}"), Some(&format!("-{largest}"))),
            ("100000000000000000000000000000", None),
            ("0.0000000001", None),
            ("0.5000000000000", Some("0.5")),
            ("007.10", Some("7.1")),
            ("-0.5", Some("-0.5")),
            ("-0", Some("0")),
            (".5", None),
            ("5.", None),
            ("1e3", None),
            ("+1", None),
            ("", None),
        ],
    );
}

#[test]
fn dates() {
    check(
        Scalar::Date,
        &[
            ("2026-11-23", Some("2026-11-23")),
            ("2024-02-29", Some("2024-02-29")),
            ("2026-02-29", None),
            ("1900-02-29", None),
            ("2000-02-29", Some("2000-02-29")),
            ("0000-01-01", None),
            ("2026-13-01", None),
            ("2026-1-1", None),
            ("10000-01-01", None),
            ("2026-11-31", None),
            ("é026-11-3", None),
        ],
    );
}

#[test]
fn timestamps() {
    check(
        Scalar::Timestamp,
        &[
            ("2026-11-23T12:00:00Z", Some("2026-11-23T12:00:00.000000000Z")),
            ("2026-11-23T12:00:00.123456789Z", Some("2026-11-23T12:00:00.123456789Z")),
            ("2026-11-23T00:30:00+01:00", Some("2026-11-22T23:30:00.000000000Z")),
            ("2024-02-28T23:30:00-01:00", Some("2024-02-29T00:30:00.000000000Z")),
            ("2026-12-31T23:59:59-00:01", Some("2027-01-01T00:00:59.000000000Z")),
            ("0001-01-01T00:00:00Z", Some("0001-01-01T00:00:00.000000000Z")),
            ("9999-12-31T23:59:59.999999999Z", Some("9999-12-31T23:59:59.999999999Z")),
            ("0001-01-01T00:00:00+00:01", None),
            ("9999-12-31T23:59:59-00:01", None),
            ("2026-11-23T23:59:60Z", None),
            ("2026-11-23T24:00:00Z", None),
            ("2026-11-23T12:00:00", None),
            ("2026-11-23 12:00:00Z", None),
            ("2026-11-23t12:00:00z", None),
            ("2026-11-23T12:00Z", None),
            ("2026-11-23T12:00:00.Z", None),
            ("2026-11-23T12:00:00.1234567890Z", None),
            ("2026-11-23T12:00:00+24:00", None),
            ("2026-11-23T12:00:00+0100", None),
            ("2026-11-23T12:00:00ZZ", None),
        ],
    );
}

#[test]
fn other_scalars() {
    check(Scalar::Bool, &[("true", Some("true")), ("True", None), ("1", None), ("", None)]);
    check(
        Scalar::Bytes,
        &[("AQI=", Some("AQI=")), ("AQI", None), ("AQJ=", None), ("-_8=", None), ("", Some(""))],
    );
    check(
        Scalar::Uuid,
        &[
            ("9B2f3c1e-0000-4000-8000-000000000001", Some("9b2f3c1e-0000-4000-8000-000000000001")),
            ("9b2f3c1e000040008000000000000001", None),
            ("{9b2f3c1e-0000-4000-8000-00000000001}", None),
        ],
    );
    check(Scalar::Json, &[(r#"{"a":1}"#, Some(r#"{"a":1}"#)), ("{", None), (r#"{"a":1,"a":2}"#, None)]);
    check(Scalar::String, &[("' OR 1=1 --", Some("' OR 1=1 --")), ("", Some(""))]);
}

#[test]
fn numerics_of_postgresql() {
    let (long, scale) = ("9".repeat(131_072), "1".repeat(16_383));
    let largest = format!("-{long}.{scale}");
    check(
        Scalar::PgNumeric,
        &[
            (&largest, Some(&largest)),
            (&format!("{long}9"), None),
            (&format!("0.{scale}1"), None),
            ("007.10", Some("7.10")),
            ("-0.0", Some("0.0")),
            ("NaN", Some("NaN")),
            ("Infinity", None),
            ("nan", None),
            ("1e3", None),
            ("5.", None),
            ("", None),
        ],
    );
}

#[test]
fn object_identifiers() {
    check(
        Scalar::PgOid,
        &[("0", Some("0")), ("4294967295", Some("4294967295")), ("4294967296", None), ("-1", None)],
    );
}

#[test]
fn intervals() {
    check(
        Scalar::Interval,
        &[
            ("P1Y2M3DT4H5M6.5S", Some("P1Y2M3DT4H5M6.5S")),
            ("P14M", Some("P1Y2M")),
            ("P2W1D", Some("P15D")),
            ("PT90M", Some("PT1H30M")),
            ("P-1Y11M", Some("P-1M")),
            ("PT-0.000000001S", Some("PT-0.000000001S")),
            ("PT1M-0.5S", Some("PT59.5S")),
            ("P0D", Some("P0Y")),
            ("PT0S", Some("P0Y")),
            ("P10000Y", Some("P10000Y")),
            ("P10000Y1M", None),
            ("P3660000D", Some("P3660000D")),
            ("P-3660001D", None),
            ("PT87840000H", Some("PT87840000H")),
            ("PT87840000H0.000000001S", None),
            ("PT9999999999999999999H", None),
            ("P", None),
            ("PT", None),
            ("P1", None),
            ("P1M1Y", None),
            ("P1YT", None),
            ("P1H", None),
            ("PY", None),
            ("P1.5D", None),
            ("PT1.S", None),
            ("PT.5S", None),
            ("PT0.0000000001S", None),
            ("P+1D", None),
            ("-P1D", None),
            ("p1d", None),
            ("1 day", None),
        ],
    );
}

/// What becomes of JSON; with `?` behind the type, nulls are taken.
fn json(r#type: &str, text: &str) -> String {
    let (r#type, nulls) = match r#type.strip_suffix('?') {
        Some(bare) => (bare, Nulls::Taken),
        None => (r#type, Nulls::Refused),
    };
    let node = spangate_document::from_json(text).unwrap();
    match Value::from_json(&Type::parse(r#type).unwrap(), &node, nulls) {
        Ok(value) => format!("{value:?}"),
        Err(Misfit { path, message }) => format!("{path} {message}"),
    }
}

#[test]
fn from_json() {
    let table = [
        ("INT64", "7"),
        ("INT64", "\"7\""),
        ("INT64", "7.0"),
        ("PG.OID", "4294967296"),
        ("FLOAT64", "9007199254740993"),
        ("FLOAT64", "\"-Infinity\""),
        ("NUMERIC", "12"),
        ("NUMERIC", "12.5"),
        ("PG.NUMERIC", "\"NaN\""),
        ("PG.NUMERIC", "0.5"),
        ("INTERVAL", "\"P1D\""),
        ("INTERVAL", "1"),
        ("STRING", "7"),
        ("BOOL", "\"true\""),
        ("STRING", "null"),
        ("STRING?", "null"),
        ("ARRAY<INT64>", "[1, 2]"),
        ("ARRAY<INT64>", "[1, null]"),
        ("ARRAY<INT64>?", "[1, null]"),
        ("ARRAY<INT64>", "1"),
        ("ARRAY<INT64>", "null"),
        ("JSON", r#"{"b":1,"a":[2.5]}"#),
        ("JSON", "null"),
        ("ARRAY<JSON>", "[null]"),
        ("ARRAY<JSON>?", "[null]"),
    ]
    .map(|(r#type, text)| format!("{type} {text}: {}", json(r#type, text)));
    expect_test::expect![[r#"
        INT64 7: Int64(7)
        INT64 "7": Int64(7)
        INT64 7.0:  must be an integer
        PG.OID 4294967296:  must be an integer from 0 to 4294967295
        FLOAT64 9007199254740993:  must be a number
        FLOAT64 "-Infinity": Float(-inf)
        NUMERIC 12: Numeric(Decimal { negative: false, whole: "12", fraction: "" })
        NUMERIC 12.5:  must be sent as a text, so that no digit is lost
        PG.NUMERIC "NaN": Text("NaN")
        PG.NUMERIC 0.5:  must be sent as a text, so that no digit is lost
        INTERVAL "P1D": Interval(Interval { months: 0, days: 1, nanos: 0 })
        INTERVAL 1:  must be a text
        STRING 7:  must be a text
        BOOL "true":  must be true or false
        STRING null:  must not be null
        STRING? null: Null
        ARRAY<INT64> [1, 2]: Array([Int64(1), Int64(2)])
        ARRAY<INT64> [1, null]: [1] must not be null
        ARRAY<INT64>? [1, null]: Array([Int64(1), Null])
        ARRAY<INT64> 1:  must be a list
        ARRAY<INT64> null:  must not be null
        JSON {"b":1,"a":[2.5]}: Text("{\"a\":[2.5],\"b\":1}")
        JSON null: Text("null")
        ARRAY<JSON> [null]: Array([Text("null")])
        ARRAY<JSON>? [null]: Array([Null])"#]]
    .assert_eq(&table.join("\n"));
}

#[test]
fn structs_from_json() {
    let lines = "ARRAY<STRUCT<sku STRING, n INT64, at ARRAY<DATE>>>";
    let table = [
        (lines, r#"[{"n": 1, "at": ["2026-11-24"], "sku": "a"}]"#),
        (lines, "[]"),
        (lines, r#"[{"sku": "a", "n": 1, "at": []}, {"sku": "a", "n": "x", "at": []}]"#),
        (lines, r#"[{"sku": "a", "n": 1, "at": ["2026-11-24", "2026-11-31"]}]"#),
        (lines, r#"[{"sku": "a", "at": []}]"#),
        (lines, r#"[{"sku": null, "n": 1, "at": []}]"#),
        (lines, r#"[{"sku": "a", "n": 1, "at": [], "N": 1}]"#),
        (lines, r#"[["a", 1, []]]"#),
        (lines, "[null]"),
        ("ARRAY<STRUCT<sku STRING, n INT64>>?", r#"[{"sku": null}, null]"#),
        ("STRUCT<a STRUCT<b BOOL>>", r#"{"a": {"b": 1}}"#),
    ]
    .map(|(r#type, text)| format!("{text}: {}", json(r#type, text)));
    expect_test::expect![[r#"
        [{"n": 1, "at": ["2026-11-24"], "sku": "a"}]: Array([Struct([Text("a"), Int64(1), Array([Text("2026-11-24")])])])
        []: Array([])
        [{"sku": "a", "n": 1, "at": []}, {"sku": "a", "n": "x", "at": []}]: [1].n must be an integer of 64 bits
        [{"sku": "a", "n": 1, "at": ["2026-11-24", "2026-11-31"]}]: [0].at[1] must be a date such as `2026-11-23`
        [{"sku": "a", "at": []}]: [0].n is missing
        [{"sku": null, "n": 1, "at": []}]: [0].sku must not be null
        [{"sku": "a", "n": 1, "at": [], "N": 1}]: [0].N is no field
        [["a", 1, []]]: [0] must be a JSON object
        [null]: [0] must not be null
        [{"sku": null}, null]: Array([Struct([Null, Null]), Null])
        {"a": {"b": 1}}: .a.b must be true or false"#]].assert_eq(&table.join("\n"));
}
