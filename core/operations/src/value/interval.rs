//! A span of time in months, days and nanoseconds, which do not convert into each other: a month has no one length.

use std::fmt;

const NANOS: i128 = 1_000_000_000;
/// Ten thousand years, as Spanner bounds each of the three.
const MOST_MONTHS: i128 = 120_000;
const MOST_DAYS: i128 = 3_660_000;
const MOST_NANOS: i128 = MOST_DAYS * 86_400 * NANOS;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    months: i128,
    days: i128,
    nanos: i128,
}

impl Interval {
    /// ISO 8601: `P1Y2M3DT4H5M6.5S`, or `P2W`. Each number may have a sign, and the seconds nine digits behind the point.
    pub fn parse(text: &str) -> Option<Self> {
        let (date, time) = match text.strip_prefix('P')?.split_once('T') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (text.strip_prefix('P').filter(|date| !date.is_empty())?, ""),
        };
        let [years, months, weeks, days] = numbers(date, ['Y', 'M', 'W', 'D'])?;
        let [hours, minutes, seconds] = numbers(time, ['H', 'M', 'S'])?;
        let nanos = (integer(hours)? * 60 + integer(minutes)?) * 60 * NANOS + of_seconds(seconds)?;
        let found = Self {
            months: integer(years)? * 12 + integer(months)?,
            days: integer(weeks)? * 7 + integer(days)?,
            nanos,
        };
        let within = |value: i128, most: i128| value.abs() <= most;
        (within(found.months, MOST_MONTHS) && within(found.days, MOST_DAYS) && within(nanos, MOST_NANOS))
            .then_some(found)
    }

    /// By which Spanner compares: in nanoseconds, a month with 30 days and a day with 24 hours.
    pub fn length(&self) -> i128 {
        (self.months * 30 + self.days) * 86_400 * NANOS + self.nanos
    }
}

/// The number before each unit, in this order; `0` before one that is not there.
fn numbers<const N: usize>(text: &str, units: [char; N]) -> Option<[&str; N]> {
    let mut rest = text;
    let found = units.map(|unit| match rest.split_once(unit) {
        Some((number, after)) => {
            rest = after;
            number
        }
        None => "0",
    });
    rest.is_empty().then_some(found)
}

/// Of at most 18 digits, so that no sum here overflows.
fn integer(text: &str) -> Option<i128> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    (digits.len() <= 18 && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

fn of_seconds(text: &str) -> Option<i128> {
    let (whole, fraction) = match text.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (text, "0"),
    };
    let negative = whole.starts_with('-');
    if fraction.len() > 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction: i128 = format!("{fraction:0<9}").parse().ok()?;
    Some(integer(whole)? * NANOS + if negative { -fraction } else { fraction })
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { months, days, nanos } = *self;
        let seconds = nanos / NANOS;
        if *self == (Self { months: 0, days: 0, nanos: 0 }) {
            return f.write_str("P0Y");
        }
        f.write_str("P")?;
        write_parts(f, &[(months / 12, 'Y'), (months % 12, 'M'), (days, 'D')])?;
        if nanos != 0 {
            f.write_str("T")?;
        }
        write_parts(f, &[(seconds / 3600, 'H'), (seconds / 60 % 60, 'M')])?;
        match (seconds % 60, (nanos % NANOS).abs()) {
            (0, 0) => Ok(()),
            (seconds, 0) => write!(f, "{seconds}S"),
            (seconds, fraction) => {
                let sign = if nanos < 0 { "-" } else { "" };
                let fraction = format!("{fraction:09}");
                write!(f, "{sign}{}.{}S", seconds.abs(), fraction.trim_end_matches('0'))
            }
        }
    }
}

fn write_parts(f: &mut fmt::Formatter<'_>, parts: &[(i128, char)]) -> fmt::Result {
    let mut there = parts.iter().filter(|(number, _)| *number != 0);
    there.try_for_each(|(number, unit)| write!(f, "{number}{unit}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_thirty_days_long_and_a_day_has_24_hours() {
        let length = |text| Interval::parse(text).unwrap().length();
        assert_eq!(length("P1M"), length("P30D"));
        assert_eq!(length("P1D"), length("PT24H"));
        assert!(length("P1M") < length("P30DT0.000000001S"));
        assert!(length("P-1M") < length("P0D"));
    }
}
