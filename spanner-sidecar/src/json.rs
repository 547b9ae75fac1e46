//! Spanner's values as JSON. INT64 and NUMERIC are texts unless the operation says otherwise, since a reader in
//! JavaScript would round them; what has no JSON number (NaN, infinities) is a text too. No I/O.

use google_cloud_spanner::types::{Type, TypeCode};
use google_cloud_spanner::value::{Kind, Value};
use spangate_operations::Numbers;

/// Largest integer that every reader of JSON keeps.
const SAFE: u64 = 1 << 53;

/// The columns of a result, and how they are written.
pub struct Columns {
    /// Each name as a JSON text with its colon, made once for all rows.
    names: Vec<String>,
    types: Vec<Type>,
    numbers: Numbers,
}

impl Columns {
    pub fn new(names: &[String], types: &[Type], numbers: Numbers) -> Self {
        let names = names.iter().map(|name| format!("{}:", quoted(name))).collect();
        Self { names, types: types.to_vec(), numbers }
    }

    /// Appends `{"column":value,…}`.
    pub fn write_row(&self, values: &[Value], into: &mut String) {
        into.push('{');
        for (index, ((name, r#type), value)) in self.names.iter().zip(&self.types).zip(values).enumerate() {
            if index > 0 {
                into.push(',');
            }
            into.push_str(name);
            self.write(value, r#type, into);
        }
        into.push('}');
    }

    fn write(&self, value: &Value, r#type: &Type, into: &mut String) {
        match value.kind() {
            Kind::Null | Kind::Unknown => into.push_str("null"),
            Kind::Bool => into.push_str(if value.as_bool() == Some(true) { "true" } else { "false" }),
            Kind::Number => write_float(value.as_f64().unwrap_or(f64::NAN), r#type.code(), into),
            Kind::String => self.write_text(value.as_str().unwrap_or_default(), r#type.code(), into),
            Kind::List => self.write_list(value, r#type, into),
        }
    }

    fn write_text(&self, text: &str, code: TypeCode, into: &mut String) {
        let is_safe = || text.parse::<i64>().is_ok_and(|number| number.unsigned_abs() <= SAFE);
        match code {
            // Spanner writes JSON itself: it stands as it is.
            TypeCode::Json => into.push_str(text),
            TypeCode::Int64 if self.numbers == Numbers::Native && is_safe() => into.push_str(text),
            _ => into.push_str(&quoted(text)),
        }
    }

    fn write_list(&self, value: &Value, r#type: &Type, into: &mut String) {
        let items = value.as_list().into_iter().flat_map(|list| list.iter());
        if let Some(fields) = r#type.struct_type() {
            into.push('{');
            for (index, (field, item)) in fields.fields.iter().zip(items).enumerate() {
                if index > 0 {
                    into.push(',');
                }
                into.push_str(&quoted(&field.name));
                into.push(':');
                match &field.r#type {
                    Some(r#type) => self.write(item, &Type::from((**r#type).clone()), into),
                    None => into.push_str("null"),
                }
            }
            into.push('}');
            return;
        }
        into.push('[');
        for (index, item) in items.enumerate() {
            if index > 0 {
                into.push(',');
            }
            match r#type.array_element_type() {
                Some(element) => self.write(item, element, into),
                None => into.push_str("null"),
            }
        }
        into.push(']');
    }
}

/// A FLOAT32 arrives widened: its own shortest text is wanted, not that of the double.
fn write_float(value: f64, code: TypeCode, into: &mut String) {
    let text = match code {
        TypeCode::Float32 => {
            serde_json::Number::from_f64((value as f32).to_string().parse().unwrap_or(value))
        }
        _ => serde_json::Number::from_f64(value),
    };
    match text {
        Some(number) => into.push_str(&number.to_string()),
        None if value.is_nan() => into.push_str("\"NaN\""),
        None if value > 0.0 => into.push_str("\"Infinity\""),
        None => into.push_str("\"-Infinity\""),
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use google_cloud_spanner::types::{
        array, bool, bytes, date, float32, float64, int64, json, numeric, string, timestamp, uuid,
    };

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
}
