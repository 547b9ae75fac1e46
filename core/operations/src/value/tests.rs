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

fn json(r#type: &str, text: &str) -> Result<Value, &'static str> {
    Value::from_json(Type::parse(r#type).unwrap(), &spangate_document::from_json(text).unwrap())
}

#[test]
fn from_json() {
    assert_eq!(json("INT64", "7"), Ok(Value::Int64(7)));
    assert_eq!(json("INT64", "\"7\""), Ok(Value::Int64(7)));
    assert_eq!(json("INT64", "7.0"), Err("must be an integer"));
    assert_eq!(json("FLOAT64", "9007199254740993"), Err("must be a number"));
    assert_eq!(json("NUMERIC", "12"), Ok(Value::Numeric(Numeric::parse("12").unwrap())));
    assert_eq!(json("NUMERIC", "12.5"), Err("must be sent as a text, so that no digit is lost"));
    assert_eq!(json("STRING", "7"), Err("must be a text"));
    assert_eq!(json("BOOL", "\"true\""), Err("must be true or false"));
    assert_eq!(json("STRING", "null"), Err("must not be null"));
    assert_eq!(json("ARRAY<INT64>", "[1, 2]"), Ok(Value::Array(vec![Value::Int64(1), Value::Int64(2)])));
    assert_eq!(json("ARRAY<INT64>", "[1, null]"), Err("must not be null"));
    assert_eq!(json("ARRAY<INT64>", "1"), Err("must be a list"));
    assert_eq!(json("JSON", r#"{"b":1,"a":[2.5]}"#), Ok(Value::Text(r#"{"a":[2.5],"b":1}"#.to_owned())));
}

/// Every day of four centuries goes there and back.
#[test]
fn the_calendar_is_its_own_inverse() {
    let first = date("1999-12-31").unwrap();
    let mut last = (0, 0, 0);
    for day in first..first + 146_097 {
        let found = calendar(day);
        assert!(found > last);
        assert_eq!(date(&format!("{:04}-{:02}-{:02}", found.0, found.1, found.2)), Some(day));
        last = found;
    }
}
