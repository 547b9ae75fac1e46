//! One parameter: where it stands, of which type it is, and what its value may be.

use std::cmp::Ordering;

use regex_lite::Regex;

use crate::facts::Occurrence;

#[derive(Clone, Debug)]
pub struct ParameterRule {
    pub place: Place,
    pub name: String,
    pub kind: ParameterType,
    pub minimum: Option<Number>,
    pub maximum: Option<Number>,
    /// In code points, as JSON Schema counts.
    pub min_length: Option<usize>,
    pub max_length: Option<usize>,
    /// Found anywhere in the value, as JSON Schema's `pattern` is.
    pub pattern: Option<Regex>,
    /// The only values, where there are any.
    pub one_of: Vec<String>,
    pub required: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Query,
    Header,
    Path,
}

impl Place {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query parameter",
            Self::Header => "header",
            Self::Path => "path parameter",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterType {
    String,
    /// Of 64 bits, in decimal.
    Integer,
    /// As JSON spells it.
    Number,
    Boolean,
}

/// A bound, compared exactly with integers beyond 2^53.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    Integer(i64),
    Float(f64),
}

/// What is wrong with a value, in words that may be shown: they name the rule and never the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterFault {
    Missing,
    Repeated,
    Malformed,
    Type,
    Minimum,
    Maximum,
    Length,
    Pattern,
    NotListed,
}

impl ParameterFault {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "is missing",
            Self::Repeated => "occurs more than once",
            Self::Malformed => "is no text",
            Self::Type => "is of another type",
            Self::Minimum => "is too small",
            Self::Maximum => "is too large",
            Self::Length => "is too short or too long",
            Self::Pattern => "does not match its pattern",
            Self::NotListed => "is none of the values that are accepted",
        }
    }
}

impl ParameterRule {
    pub fn check(&self, found: &Occurrence<'_>) -> Result<(), ParameterFault> {
        let value: &str = match found {
            Occurrence::Once(value) => value,
            Occurrence::Absent if self.required => return Err(ParameterFault::Missing),
            Occurrence::Absent => return Ok(()),
            Occurrence::Repeated => return Err(ParameterFault::Repeated),
            Occurrence::Malformed => return Err(ParameterFault::Malformed),
        };
        match self.kind {
            ParameterType::String => self.check_length(value)?,
            ParameterType::Boolean if matches!(value, "true" | "false") => {}
            ParameterType::Boolean => return Err(ParameterFault::Type),
            ParameterType::Integer => {
                self.check_range(integer(value).map(Number::Integer).ok_or(ParameterFault::Type)?)?;
            }
            ParameterType::Number => self.check_range(number(value).ok_or(ParameterFault::Type)?)?,
        }
        if self.pattern.as_ref().is_some_and(|pattern| !pattern.is_match(value)) {
            return Err(ParameterFault::Pattern);
        }
        if !self.one_of.is_empty() && !self.one_of.iter().any(|accepted| accepted == value) {
            return Err(ParameterFault::NotListed);
        }
        Ok(())
    }

    fn check_length(&self, value: &str) -> Result<(), ParameterFault> {
        if self.min_length.is_none() && self.max_length.is_none() {
            return Ok(());
        }
        let length = value.chars().count();
        if self.min_length.is_some_and(|least| length < least)
            || self.max_length.is_some_and(|most| length > most)
        {
            return Err(ParameterFault::Length);
        }
        Ok(())
    }

    fn check_range(&self, value: Number) -> Result<(), ParameterFault> {
        if self.minimum.is_some_and(|least| value.compare(least) == Ordering::Less) {
            return Err(ParameterFault::Minimum);
        }
        if self.maximum.is_some_and(|most| value.compare(most) == Ordering::Greater) {
            return Err(ParameterFault::Maximum);
        }
        Ok(())
    }
}

impl Number {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a fraction against an integer is compared as numbers are"
    )]
    fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a.cmp(&b),
            (Self::Integer(a), Self::Float(b)) => (a as f64).total_cmp(&b),
            (Self::Float(a), Self::Integer(b)) => a.total_cmp(&(b as f64)),
            (Self::Float(a), Self::Float(b)) => a.total_cmp(&b),
        }
    }
}

fn integer(text: &str) -> Option<i64> {
    if text.starts_with('+') { None } else { text.parse().ok() }
}

/// A number of JSON (RFC 8259, section 6): no `+`, no `.5`, no `inf`.
fn number(text: &str) -> Option<Number> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    if !plain || digits.ends_with('.') {
        return None;
    }
    match integer(text) {
        Some(integer) => Some(Number::Integer(integer)),
        None => text.parse().ok().filter(|float: &f64| float.is_finite()).map(Number::Float),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(kind: ParameterType) -> ParameterRule {
        ParameterRule {
            place: Place::Query,
            name: "x".to_owned(),
            kind,
            minimum: None,
            maximum: None,
            min_length: None,
            max_length: None,
            pattern: None,
            one_of: Vec::new(),
            required: false,
        }
    }

    fn check(rule: &ParameterRule, accepted: &[&str], refused: &[(&str, ParameterFault)]) {
        for value in accepted {
            assert_eq!(rule.check(&Occurrence::Once((*value).into())), Ok(()), "{value}");
        }
        for (value, fault) in refused {
            assert_eq!(rule.check(&Occurrence::Once((*value).into())), Err(*fault), "{value}");
        }
    }

    #[test]
    fn types() {
        use ParameterFault::Type;
        let integers = [("", Type), ("+1", Type), ("1.0", Type), ("9223372036854775808", Type), (" 1", Type)];
        check(&rule(ParameterType::Integer), &["0", "-1", "9223372036854775807"], &integers);
        let numbers = [("", Type), (".5", Type), ("1.", Type), ("inf", Type), ("NaN", Type), ("1e999", Type)];
        check(&rule(ParameterType::Number), &["0", "-1.5", "1e3", "2"], &numbers);
        check(&rule(ParameterType::Boolean), &["true", "false"], &[("1", Type), ("TRUE", Type)]);
    }

    #[test]
    fn bounds_are_exact() {
        let mut integer = rule(ParameterType::Integer);
        integer.minimum = Some(Number::Integer(1));
        integer.maximum = Some(Number::Integer(9_007_199_254_740_993));
        let refused = [("0", ParameterFault::Minimum), ("9007199254740994", ParameterFault::Maximum)];
        check(&integer, &["1", "9007199254740993"], &refused);
        let mut number = rule(ParameterType::Number);
        number.minimum = Some(Number::Float(0.5));
        check(&number, &["0.5", "1"], &[("0.4", ParameterFault::Minimum), ("0", ParameterFault::Minimum)]);
    }

    #[test]
    fn texts() {
        let mut text = rule(ParameterType::String);
        (text.min_length, text.max_length) = (Some(2), Some(3));
        text.pattern = Some(Regex::new("^[a-zé]+$").unwrap());
        let refused = [
            ("a", ParameterFault::Length),
            ("abcd", ParameterFault::Length),
            ("AB", ParameterFault::Pattern),
        ];
        check(&text, &["ab", "éé", "abc"], &refused);
        text.one_of = vec!["ab".to_owned()];
        check(&text, &["ab"], &[("abc", ParameterFault::NotListed)]);
    }

    #[test]
    fn how_often() {
        let mut rule = rule(ParameterType::String);
        assert_eq!(rule.check(&Occurrence::Absent), Ok(()));
        rule.required = true;
        assert_eq!(rule.check(&Occurrence::Absent), Err(ParameterFault::Missing));
        assert_eq!(rule.check(&Occurrence::Repeated), Err(ParameterFault::Repeated));
        assert_eq!(rule.check(&Occurrence::Malformed), Err(ParameterFault::Malformed));
    }
}
