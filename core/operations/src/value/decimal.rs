//! Decimal numbers of any length, as text: nothing is computed with them, they are checked and compared.

use std::cmp::Ordering;
use std::fmt;

/// A NUMERIC or a PG.NUMERIC.
#[derive(Clone, Debug)]
pub struct Decimal {
    /// Never of zero.
    negative: bool,
    /// Without leading zeros: of 0.5 empty.
    whole: String,
    fraction: String,
}

impl Decimal {
    /// A NUMERIC: at most 29 digits before the point and 9 behind it, without zeros at the end.
    pub fn numeric(text: &str) -> Option<Self> {
        let Self { negative, whole, fraction } = Self::parse(text)?;
        let fraction = fraction.trim_end_matches('0').to_owned();
        (whole.len() <= 29 && fraction.len() <= 9).then_some(Self { negative, whole, fraction })
    }

    /// A PG.NUMERIC: 131,072 digits before the point and 16,383 behind it. Zeros at the end are its scale, and stay.
    pub fn pg_numeric(text: &str) -> Option<Self> {
        let decimal = Self::parse(text)?;
        (decimal.whole.len() <= 131_072 && decimal.fraction.len() <= 16_383).then_some(decimal)
    }

    /// `-12.5`: digits on both sides of the point, no exponent, no plus.
    fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (digits, ""),
        };
        let are_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let zero = digits.bytes().all(|byte| matches!(byte, b'0' | b'.'));
        (!whole.is_empty() && are_digits(whole) && are_digits(fraction)).then(|| Self {
            negative: negative && !zero,
            whole: whole.trim_start_matches('0').to_owned(),
            fraction: fraction.to_owned(),
        })
    }

    /// In the order of size, whatever the sign.
    fn size(&self) -> (usize, &str, &str) {
        (self.whole.len(), &self.whole, self.fraction.trim_end_matches('0'))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.size().cmp(&other.size()),
            (true, true) => other.size().cmp(&self.size()),
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { negative, whole, fraction } = self;
        let (sign, whole) = (if *negative { "-" } else { "" }, if whole.is_empty() { "0" } else { whole });
        write!(f, "{sign}{whole}")?;
        if fraction.is_empty() { Ok(()) } else { write!(f, ".{fraction}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_in_the_order_of_numbers() {
        let ordered = ["-100", "-99.5", "-1.05", "-1", "0", "0.009", "0.01", "0.1", "9", "10", "10.01"];
        let parsed = ordered.map(|text| Decimal::pg_numeric(text).unwrap());
        for (index, one) in parsed.iter().enumerate() {
            for (other_index, other) in parsed.iter().enumerate() {
                assert_eq!(one.cmp(other), index.cmp(&other_index), "{one} {other}");
            }
        }
        assert_eq!(Decimal::pg_numeric("-0.00"), Decimal::pg_numeric("0"));
        assert_eq!(Decimal::pg_numeric("001.50"), Decimal::pg_numeric("1.5"));
    }
}
