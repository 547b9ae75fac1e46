//! Whether a value keeps to its parameter's constraints, in JSON Schema's words.

use std::cmp::Ordering;

use crate::{Constraints, Scalar, Type, Value};

impl Constraints {
    /// What is wrong with `value`, in words that are safe to show: they name the constraint, never the value.
    pub fn violation(&self, r#type: &Type, value: &Value) -> Option<String> {
        self.length(r#type, value).or_else(|| match value {
            Value::Array(items) => items.iter().find_map(|item| self.element(item)),
            _ => self.element(value),
        })
    }

    fn length(&self, r#type: &Type, value: &Value) -> Option<String> {
        let (length, unit) = match (value, r#type) {
            (Value::Array(items), _) => (items.len(), "elements"),
            (Value::Text(text), Type::Scalar(Scalar::Bytes)) => (decoded_length(text), "bytes"),
            (Value::Text(text), _) => (text.chars().count(), "characters"),
            _ => return None,
        };
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        match (self.min_length, self.max_length) {
            (Some(least), _) if length < least => Some(format!("must have at least {least} {unit}")),
            (_, Some(most)) if length > most => Some(format!("must have at most {most} {unit}")),
            _ => None,
        }
    }

    /// NULL keeps to everything: whether it is allowed is another matter.
    fn element(&self, value: &Value) -> Option<String> {
        if let Value::Null = value {
            return None;
        }
        if let Some(least) = &self.minimum
            && !matches!(compare(value, least), Some(Ordering::Greater | Ordering::Equal))
        {
            return Some(format!("must be at least {}", least.to_text().unwrap_or_default()));
        }
        if let Some(most) = &self.maximum
            && !matches!(compare(value, most), Some(Ordering::Less | Ordering::Equal))
        {
            return Some(format!("must be at most {}", most.to_text().unwrap_or_default()));
        }
        if let (Some(pattern), Value::Text(text)) = (&self.pattern, value)
            && !pattern.is_match(text)
        {
            return Some(format!("must match `{}`", pattern.as_str()));
        }
        if !self.r#enum.is_empty() && !self.r#enum.contains(value) {
            let allowed: Vec<_> = self.r#enum.iter().filter_map(Value::to_text).collect();
            return Some(format!("must be one of `{}`", allowed.join("`, `")));
        }
        None
    }
}

/// Of base64 with padding: three bytes for four characters.
fn decoded_length(text: &str) -> usize {
    let padding = text.bytes().filter(|byte| *byte == b'=').count();
    (text.len() / 4 * 3).saturating_sub(padding)
}

/// Dates and timestamps are texts of one length whose order is that of time. NaN compares with nothing, so that
/// no bound lets it in.
fn compare(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::Int64(one), Value::Int64(other)) => Some(one.cmp(other)),
        (Value::Float(one), Value::Float(other)) => one.partial_cmp(other),
        (Value::Numeric(one), Value::Numeric(other)) => Some(one.cmp(other)),
        (Value::Interval(one), Value::Interval(other)) => Some(one.length().cmp(&other.length())),
        (Value::Text(one), Value::Text(other)) => Some(one.cmp(other)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INT64: Type = Type::Scalar(Scalar::Int64);

    #[test]
    fn bounds_hold_at_their_edges() {
        let constraints = Constraints {
            minimum: Some(Value::Int64(1)),
            maximum: Some(Value::Int64(1000)),
            ..Constraints::default()
        };
        for (value, fine) in [(0, false), (1, true), (1000, true), (1001, false), (i64::MIN, false)] {
            assert_eq!(constraints.violation(&INT64, &Value::Int64(value)).is_none(), fine, "{value}");
        }
        let constraints = Constraints { maximum: Some(Value::Float(5.0)), ..Constraints::default() };
        assert!(constraints.violation(&Type::Scalar(Scalar::Float64), &Value::Float(f64::NAN)).is_some());
    }

    #[test]
    fn times_compare_as_instants() {
        let at = |text| Value::from_text(Scalar::Timestamp, text).unwrap();
        let constraints = Constraints { minimum: Some(at("2026-11-23T12:00:00Z")), ..Constraints::default() };
        assert_eq!(
            constraints.violation(&Type::Scalar(Scalar::Timestamp), &at("2026-11-23T13:00:00+01:00")),
            None
        );
        assert!(
            constraints
                .violation(&Type::Scalar(Scalar::Timestamp), &at("2026-11-23T12:59:59+01:00"))
                .is_some()
        );
    }

    #[test]
    fn lengths_count_characters_bytes_and_elements() {
        let constraints = Constraints { max_length: Some(2), ..Constraints::default() };
        assert_eq!(constraints.violation(&Type::Scalar(Scalar::String), &Value::Text("éé".to_owned())), None);
        let bytes = |text: &str| {
            constraints.violation(&Type::Scalar(Scalar::Bytes), &Value::Text(text.to_owned())).is_none()
        };
        assert_eq!([bytes(""), bytes("AQI="), bytes("AQID")], [true, true, false]);
        let three = Value::Array(vec![Value::Int64(1); 3]);
        assert_eq!(
            constraints.violation(&Type::array_of(INT64), &three).as_deref(),
            Some("must have at most 2 elements")
        );
    }
}
