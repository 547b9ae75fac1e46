//! Durations, rates and sizes as POLICY.md writes them.

use std::fmt;

/// A span of time in whole milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration {
    pub milliseconds: u64,
}

impl Duration {
    pub const fn from_secs(seconds: u64) -> Self {
        Self { milliseconds: seconds.saturating_mul(1000) }
    }

    pub const fn as_std(self) -> std::time::Duration {
        std::time::Duration::from_millis(self.milliseconds)
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, milliseconds) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)] {
            if self.milliseconds > 0 && self.milliseconds.is_multiple_of(milliseconds) {
                return write!(f, "{}{unit}", self.milliseconds.checked_div(milliseconds).unwrap_or(0));
            }
        }
        write!(f, "{}ms", self.milliseconds)
    }
}

/// `100/1m`: so many in so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub count: u64,
    pub per: Duration,
}

/// `100000/1d`, `5/1month`: so many in each window of a calendar that counts in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    pub count: u64,
    pub per: QuotaPeriod,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotaPeriod {
    /// Windows of one length, the first of which began with 1970.
    Length(Duration),
    /// Calendar months, counted from January.
    Months(u32),
}

/// `250ms`, `30s`, `5m`, `1h`, `1d`; zero and more than 366 days are refused.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let fault = || format!("`{text}` is no duration (such as `30s`, `5m`, `1h`, `1d`)");
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(fault)?;
    let (number, unit) = text.split_at(digits);
    let milliseconds: u64 = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(fault()),
    };
    let number: u64 = number.parse().map_err(|_| fault())?;
    match number.checked_mul(milliseconds) {
        Some(0) => Err(format!("`{text}` must be longer than zero")),
        Some(total) if total <= 366 * 86_400_000 => Ok(Duration { milliseconds: total }),
        _ => Err(format!("`{text}` is longer than 366 days")),
    }
}

/// `100/1m`; a count of zero is refused, since `deny` says that more clearly.
pub fn parse_rate(text: &str) -> Result<Rate, String> {
    let (count, per) = counted(text, "rate", "100/1m")?;
    Ok(Rate { count, per: parse_duration(per)? })
}

/// `100000/1d`, `5/1month`; months are those of the calendar.
pub fn parse_quota(text: &str) -> Result<Quota, String> {
    let (count, per) = counted(text, "quota", "100000/1d")?;
    let per = match per.strip_suffix("month") {
        Some(months) => match months.parse() {
            // Of these a year has a whole number, so that windows begin alike in each.
            Ok(months @ (1 | 2 | 3 | 4 | 6 | 12)) => QuotaPeriod::Months(months),
            _ => return Err(format!("`{per}` is none of 1, 2, 3, 4, 6 and 12 months")),
        },
        None => QuotaPeriod::Length(parse_duration(per)?),
    };
    Ok(Quota { count, per })
}

/// `COUNT/PERIOD`.
fn counted<'t>(text: &'t str, what: &str, example: &str) -> Result<(u64, &'t str), String> {
    let (count, per) = text.split_once('/').ok_or(format!("`{text}` is no {what} (such as `{example}`)"))?;
    match count.parse() {
        Err(_) => Err(format!("`{count}` in the {what} `{text}` is no number")),
        Ok(0) => Err(format!("the {what} `{text}` lets nothing pass: use `deny`")),
        Ok(1_000_000_001..) => Err(format!("the {what} `{text}` is above 1000000000")),
        Ok(count) => Ok((count, per)),
    }
}

/// `512B`, `64KiB`, `1MiB`, `1GiB`.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let fault = || format!("`{text}` is no size (such as `512B`, `64KiB`, `1MiB`)");
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(fault)?;
    let (number, unit) = text.split_at(digits);
    let bytes: u64 = match unit {
        "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err(fault()),
    };
    number.parse::<u64>().ok().and_then(|number| number.checked_mul(bytes)).ok_or_else(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, milliseconds) in
            [("250ms", 250), ("30s", 30_000), ("5m", 300_000), ("1h", 3_600_000), ("1d", 86_400_000)]
        {
            let duration = parse_duration(text).unwrap();
            assert_eq!(duration.milliseconds, milliseconds);
            assert_eq!(duration.to_string(), text);
        }
        for text in ["", "5", "s", "-5s", "5S", "1.5s", "0s", "99999999999999999999s", "400d", " 5s"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn rates() {
        assert_eq!(parse_rate("100/1m"), Ok(Rate { count: 100, per: Duration::from_secs(60) }));
        for text in ["", "100", "0/1m", "x/1m", "1/0s", "1/1m/1m", "2000000000/1s"] {
            assert!(parse_rate(text).is_err(), "{text}");
        }
    }

    #[test]
    fn quotas() {
        let day = QuotaPeriod::Length(Duration::from_secs(86_400));
        assert_eq!(parse_quota("100000/1d"), Ok(Quota { count: 100_000, per: day }));
        assert_eq!(parse_quota("5/1month"), Ok(Quota { count: 5, per: QuotaPeriod::Months(1) }));
        for text in ["", "5", "0/1d", "5/month", "5/5month", "5/-1month", "5/0s"] {
            assert!(parse_quota(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes() {
        assert_eq!(parse_size("64KiB"), Ok(65_536));
        for text in ["", "64", "64KB", "KiB", "99999999999999999999B", "-1B"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }
}
