//! One hash over several parts, each with its length before it, so that no two different lists of parts have the
//! same text. What is hashed (keys of the cache, what a page token is bound to) need not be kept.

use aws_lc_rs::digest::{Context, SHA256};
use spangate_operations::{Bound, Value};

pub struct Fingerprint(Context);

impl Fingerprint {
    /// `purpose` keeps hashes of different uses apart.
    pub fn new(purpose: &str) -> Self {
        Self(Context::new(&SHA256)).text(purpose)
    }

    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.update(&(bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
        self
    }

    pub fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    /// An absent text differs from an empty one.
    pub fn optional(self, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.number(1).text(text),
            None => self.number(0),
        }
    }

    pub fn number(mut self, number: u64) -> Self {
        self.0.update(&number.to_be_bytes());
        self
    }

    pub fn texts<'t>(self, texts: impl ExactSizeIterator<Item = &'t str>) -> Self {
        let counted = self.number(texts.len() as u64);
        texts.fold(counted, Self::text)
    }

    /// Names and values, identity's and constants included.
    pub fn bound<'b>(self, bound: impl Iterator<Item = &'b Bound<'b>>) -> Self {
        bound.fold(self, |print, Bound { parameter, value }| print.text(&parameter.name).value(value))
    }

    pub fn value(self, value: &Value) -> Self {
        match value {
            Value::Null => self.number(0),
            Value::Bool(value) => self.number(1).number(u64::from(*value)),
            Value::Int64(value) => self.number(2).bytes(&value.to_be_bytes()),
            Value::Float(value) => self.number(3).number(value.to_bits()),
            Value::Numeric(value) => self.number(4).text(&value.to_string()),
            Value::Text(text) => self.number(5).text(text),
            Value::Array(items) => items.iter().fold(self.number(6).number(items.len() as u64), Self::value),
            Value::Struct(fields) => {
                fields.iter().fold(self.number(7).number(fields.len() as u64), Self::value)
            }
            Value::Interval(value) => self.number(8).text(&value.to_string()),
        }
    }

    pub fn finish(self) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(self.0.finish().as_ref());
        hash
    }
}

#[cfg(test)]
mod tests {
    use spangate_operations::Scalar;

    use super::*;

    #[test]
    fn parts_do_not_run_together() {
        let hash = |parts: &[&str]| parts.iter().fold(Fingerprint::new("t"), |p, part| p.text(part)).finish();
        assert_eq!(hash(&["ab", "c"]), hash(&["ab", "c"]));
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
        assert_ne!(hash(&["a", ""]), hash(&["a"]));
        let value = |value: Value| Fingerprint::new("t").value(&value).finish();
        let text = |text: &str| Value::Text(text.to_owned());
        assert_ne!(value(Value::Null), value(text("")));
        assert_ne!(value(Value::Int64(1)), value(Value::Bool(true)));
        assert_ne!(value(Value::Array(vec![text("a"), text("b")])), value(Value::Array(vec![text("ab")])));
        let (one, two) = (vec![text("a")], vec![text("a"), text("b")]);
        assert_ne!(value(Value::Struct(one.clone())), value(Value::Array(one.clone())));
        let nested = |outer: Vec<Vec<Value>>| Value::Array(outer.into_iter().map(Value::Struct).collect());
        assert_ne!(value(nested(vec![one.clone(), two.clone()])), value(nested(vec![two, one])));
        let of = |scalar, text| Value::from_text(scalar, text).unwrap();
        assert_ne!(value(of(Scalar::Interval, "P1D")), value(of(Scalar::String, "P1D")));
        assert_ne!(value(of(Scalar::PgNumeric, "1.5")), value(of(Scalar::PgNumeric, "-1.5")));
        assert_ne!(Fingerprint::new("a").finish(), Fingerprint::new("b").finish());
    }
}
