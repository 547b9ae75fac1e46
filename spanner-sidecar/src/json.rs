//! Spanner's values as JSON. INT64 and NUMERIC are texts unless the operation says otherwise, since a reader in
//! JavaScript would round them; what has no JSON number (NaN, infinities) is a text too. No I/O.

mod form;

use google_cloud_spanner::types::Type;
use google_cloud_spanner::value::{Kind, Value};
use spangate_operations::Numbers;

use form::{Form, Member};

/// Largest integer that every reader of JSON keeps.
const SAFE: u64 = 1 << 53;

/// The columns of a result, and how they are written: found out once for all rows.
pub struct Columns {
    columns: Vec<Member>,
    numbers: Numbers,
}

impl Columns {
    pub fn new(names: &[String], types: &[Type], numbers: Numbers) -> Self {
        let columns = names.iter().zip(types).map(|(name, r#type)| Member::new(name, Form::of(r#type)));
        Self { columns: columns.collect(), numbers }
    }

    /// Appends `{"column":value,…}`.
    pub fn write_row(&self, values: &[Value], into: &mut String) {
        self.write_members(&self.columns, values.iter(), into);
    }

    fn write_members<'v>(
        &self,
        members: &[Member],
        values: impl Iterator<Item = &'v Value>,
        into: &mut String,
    ) {
        into.push('{');
        for (index, (member, value)) in members.iter().zip(values).enumerate() {
            if index > 0 {
                into.push(',');
            }
            into.push_str(&member.name);
            self.write(value, &member.form, into);
        }
        into.push('}');
    }

    fn write(&self, value: &Value, form: &Form, into: &mut String) {
        match value.kind() {
            Kind::Null | Kind::Unknown => into.push_str("null"),
            Kind::Bool => into.push_str(if value.as_bool() == Some(true) { "true" } else { "false" }),
            Kind::Number => write_float(value.as_f64().unwrap_or(f64::NAN), form, into),
            Kind::String => self.write_text(value.as_str().unwrap_or_default(), form, into),
            Kind::List => self.write_list(value, form, into),
        }
    }

    fn write_text(&self, text: &str, form: &Form, into: &mut String) {
        let is_safe = || text.parse::<i64>().is_ok_and(|number| number.unsigned_abs() <= SAFE);
        match form {
            // Spanner writes JSON itself: it stands as it is.
            Form::Json => into.push_str(text),
            Form::Integer if self.numbers == Numbers::Native && is_safe() => into.push_str(text),
            _ => quote(text, into),
        }
    }

    fn write_list(&self, value: &Value, form: &Form, into: &mut String) {
        let mut items = value.as_list().into_iter().flat_map(|list| list.iter());
        match form {
            Form::Struct(fields) => self.write_members(fields, items, into),
            Form::Array(element) => {
                into.push('[');
                if let Some(first) = items.next() {
                    self.write(first, element, into);
                }
                for item in items {
                    into.push(',');
                    self.write(item, element, into);
                }
                into.push(']');
            }
            // No other type is a list: nothing that could be read is made of it.
            Form::Json | Form::Integer | Form::Single | Form::Other => into.push_str("null"),
        }
    }
}

/// A FLOAT32 arrives widened: its own shortest text is wanted, not that of the double.
fn write_float(value: f64, form: &Form, into: &mut String) {
    let text = match form {
        Form::Single => serde_json::Number::from_f64((value as f32).to_string().parse().unwrap_or(value)),
        _ => serde_json::Number::from_f64(value),
    };
    match text {
        Some(number) => into.push_str(&number.to_string()),
        None if value.is_nan() => into.push_str("\"NaN\""),
        None if value > 0.0 => into.push_str("\"Infinity\""),
        None => into.push_str("\"-Infinity\""),
    }
}

/// Most texts have nothing that has to be escaped, and stand as they are.
fn quote(text: &str, into: &mut String) {
    if text.bytes().all(|byte| byte >= b' ' && !matches!(byte, b'"' | b'\\')) {
        into.reserve(text.len() + 2);
        into.push('"');
        into.push_str(text);
        into.push('"');
    } else {
        into.push_str(&serde_json::Value::from(text).to_string());
    }
}

#[cfg(test)]
mod tests {
    use google_cloud_spanner::types::{
        array, bool, bytes, date, float32, float64, int64, interval, json, numeric, pg_jsonb, pg_numeric,
        pg_oid, string, timestamp, uuid,
    };

    use google_cloud_spanner::model::{self, StructType, struct_type::Field};

    use super::*;

    fn check(numbers: Numbers, r#type: Type, value: impl Into<Value>, expected: &str) {
        let mut row = String::new();
        Columns::new(&["c".to_owned()], &[r#type], numbers).write_row(&[value.into()], &mut row);
        assert_eq!(row, format!("{{\"c\":{expected}}}"));
        serde_json::from_str::<serde_json::Value>(&row).unwrap();
    }

    #[test]
    fn every_scalar() {
        let text = |r#type, value: &str, expected| check(Numbers::Text, r#type, value.to_owned(), expected);
        text(int64(), "9223372036854775807", "\"9223372036854775807\"");
        text(numeric(), "-12.50", "\"-12.50\"");
        text(string(), "a\"b\\\n\u{1}é", r#""a\"b\\\n\u0001é""#);
        text(bytes(), "AQI=", "\"AQI=\"");
        text(date(), "2026-11-23", "\"2026-11-23\"");
        text(timestamp(), "2026-11-23T12:00:00.123456789Z", "\"2026-11-23T12:00:00.123456789Z\"");
        text(json(), r#"{"a":[1,null]}"#, r#"{"a":[1,null]}"#);
        text(uuid(), "9b2f3c1e-0000-4000-8000-000000000001", "\"9b2f3c1e-0000-4000-8000-000000000001\"");
        text(float64(), "NaN", "\"NaN\"");
        text(interval(), "P1Y2M3DT4H5M6.5S", "\"P1Y2M3DT4H5M6.5S\"");
        text(pg_numeric(), "NaN", "\"NaN\"");
        text(
            pg_jsonb(),
            r#"{"a": 0.1000000000000000000000000001}"#,
            r#"{"a": 0.1000000000000000000000000001}"#,
        );
        text(pg_oid(), "4294967295", "\"4294967295\"");
        check(Numbers::Text, bool(), true, "true");
        check(Numbers::Text, float64(), 1.5, "1.5");
        check(Numbers::Text, float64(), 1e300, "1e+300");
        check(Numbers::Text, float32(), f64::from(1.1_f32), "1.1");
        check(Numbers::Text, string(), Value::null(), "null");
        check(Numbers::Text, json(), Value::null(), "null");
    }

    #[test]
    fn integers_are_numbers_only_where_that_is_safe() {
        for (value, expected) in [
            ("9007199254740992", "9007199254740992"),
            ("9007199254740993", "\"9007199254740993\""),
            ("-9007199254740993", "\"-9007199254740993\""),
            ("-5", "-5"),
        ] {
            check(Numbers::Native, int64(), value.to_owned(), expected);
        }
        check(Numbers::Native, numeric(), "1".to_owned(), "\"1\"");
    }

    #[test]
    fn arrays_keep_their_nulls() {
        let values = vec![Some("1".to_owned()), None];
        check(Numbers::Text, array(int64()), values.clone(), "[\"1\",null]");
        check(Numbers::Native, array(int64()), values, "[1,null]");
        check(Numbers::Text, array(string()), Vec::<String>::new(), "[]");
    }

    #[test]
    fn structs_are_objects_however_deep() {
        let of = |fields: [(&str, Type); 2]| {
            let fields = fields.map(|(name, of)| Field::new().set_name(name).set_type(model::Type::from(of)));
            let of = StructType::new().set_fields(fields);
            Type::from(model::Type::new().set_code(model::TypeCode::Struct).set_struct_type(of))
        };
        let list = |items: Vec<Value>| Value::from(items);
        let inner = list(vec!["2".to_owned().into(), Value::null()]);
        let outer = list(vec!["x".to_owned().into(), list(vec![inner, Value::null()])]);
        check(
            Numbers::Native,
            array(of([("a", string()), ("b", array(of([("c", int64()), ("d", json())])))])),
            list(vec![outer, Value::null()]),
            r#"[{"a":"x","b":[{"c":2,"d":null},null]},null]"#,
        );
    }
}
