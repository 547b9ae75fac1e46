//! Timestamps and durations: RFC 3339 and Go's duration notation in and out, and the civil calendar (proleptic
//! Gregorian, UTC or a fixed offset). Knows no clock and no time zone by name.

use crate::facts::Timestamp;

pub const SECOND: i128 = 1_000_000_000;

/// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999999Z: what RFC 3339 can write.
const EARLIEST: i128 = -62_135_596_800 * SECOND;
const LATEST: i128 = 253_402_300_800 * SECOND - 1;

/// A signed span of time in nanoseconds: some 292 years, as CEL's conformance tests bound a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    pub nanoseconds: i64,
}

pub fn span(nanoseconds: i128) -> Option<Span> {
    i64::try_from(nanoseconds).ok().map(|nanoseconds| Span { nanoseconds })
}

pub fn timestamp(nanoseconds: i128) -> Option<Timestamp> {
    (EARLIEST..=LATEST).contains(&nanoseconds).then_some(Timestamp { nanoseconds })
}

pub fn from_unix(seconds: i64) -> Option<Timestamp> {
    timestamp(i128::from(seconds).checked_mul(SECOND)?)
}

/// A moment on the clocks of some offset.
#[derive(Clone, Copy)]
pub struct Local {
    /// Since 1970-01-01.
    pub days: i64,
    second_of_day: i64,
    pub nanosecond: i64,
}

/// A day of the calendar.
pub struct Date {
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
}

pub fn local(Timestamp { nanoseconds }: Timestamp, offset_seconds: i64) -> Local {
    // Today's figures fit a word; dividing longer ones takes a module some hundred times as long.
    let (seconds, nanosecond) = match i64::try_from(nanoseconds) {
        Ok(nanoseconds) => (nanoseconds.div_euclid(1_000_000_000), nanoseconds.rem_euclid(1_000_000_000)),
        Err(_) => (whole(nanoseconds.div_euclid(SECOND)), whole(nanoseconds.rem_euclid(SECOND))),
    };
    let seconds = seconds + offset_seconds;
    Local { days: seconds.div_euclid(86_400), second_of_day: seconds.rem_euclid(86_400), nanosecond }
}

impl Local {
    /// After Howard Hinnant's `civil_from_days`: years begin in March, so that the leap day comes last.
    pub fn date(self) -> Date {
        let shifted = self.days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_march_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_march_year + 2) / 153;
        let day = day_of_march_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        Date { year: year_of_era + era * 400 + i64::from(month <= 2), month, day }
    }

    pub fn hour(self) -> i64 {
        self.second_of_day / 3600
    }

    pub fn minute(self) -> i64 {
        self.second_of_day / 60 % 60
    }

    pub fn second(self) -> i64 {
        self.second_of_day % 60
    }

    /// 0 is Sunday.
    pub fn weekday(self) -> i64 {
        (self.days + 4).rem_euclid(7)
    }

    /// 0 to 365.
    pub fn day_of_year(self) -> i64 {
        self.days - days_from_civil(self.date().year, 1, 1)
    }
}

/// All of a moment, for those who write it out.
pub struct Civil {
    pub year: i64,
    pub month: i64,
    pub day: i64,
    pub weekday: i64,
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
    pub nanosecond: i64,
}

pub fn civil(at: Timestamp, offset_seconds: i64) -> Civil {
    let local = local(at, offset_seconds);
    let Date { year, month, day } = local.date();
    Civil {
        year,
        month,
        day,
        weekday: local.weekday(),
        hour: local.hour(),
        minute: local.minute(),
        second: local.second(),
        nanosecond: local.nanosecond,
    }
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Every caller's figure is bounded by ten thousand years of seconds.
fn whole(number: i128) -> i64 {
    i64::try_from(number).unwrap_or_default()
}

/// RFC 3339 §5.6. A leap second (`:60`) is refused, as protobuf's timestamps cannot hold it.
pub fn parse_timestamp(text: &str) -> Option<Timestamp> {
    let mut rest = text;
    let year = digits(&mut rest, 4)?;
    literal(&mut rest, '-')?;
    let month = digits(&mut rest, 2)?;
    literal(&mut rest, '-')?;
    let day = digits(&mut rest, 2)?;
    literal(&mut rest, 'T').or_else(|| literal(&mut rest, 't'))?;
    let hour = digits(&mut rest, 2)?;
    literal(&mut rest, ':')?;
    let minute = digits(&mut rest, 2)?;
    literal(&mut rest, ':')?;
    let second = digits(&mut rest, 2)?;
    let nanosecond = if literal(&mut rest, '.').is_some() { fraction(&mut rest)? } else { 0 };
    let offset = match rest {
        "Z" | "z" => 0,
        offset => parse_offset(offset)?,
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let month_days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=month_days).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset;
    timestamp(i128::from(seconds) * SECOND + i128::from(nanosecond))
}

/// `+02:00`, `-08:00`, `02:00`: seconds east of UTC.
pub fn parse_offset(text: &str) -> Option<i64> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let hours = digits(&mut rest, 2)?;
    literal(&mut rest, ':')?;
    let minutes = digits(&mut rest, 2)?;
    (rest.is_empty() && hours <= 23 && minutes <= 59).then_some(sign * (hours * 3600 + minutes * 60))
}

fn digits(rest: &mut &str, count: usize) -> Option<i64> {
    let (head, tail) = rest.split_at_checked(count)?;
    *rest = tail;
    if head.bytes().all(|byte| byte.is_ascii_digit()) { head.parse().ok() } else { None }
}

fn literal(rest: &mut &str, expected: char) -> Option<()> {
    *rest = rest.strip_prefix(expected)?;
    Some(())
}

/// One to nine digits after the point, as nanoseconds.
fn fraction(rest: &mut &str) -> Option<i64> {
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (head, tail) = rest.split_at_checked(end)?;
    *rest = tail;
    if head.is_empty() || head.len() > 9 {
        return None;
    }
    format!("{head:0<9}").parse().ok()
}

pub fn format_timestamp(at: Timestamp) -> String {
    let Civil { year, month, day, hour, minute, second, nanosecond, weekday: _ } = civil(at, 0);
    let fraction = format_fraction(nanosecond.unsigned_abs());
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

fn format_fraction(nanosecond: u64) -> String {
    let digits = format!(".{nanosecond:09}");
    digits.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Go's notation: `1h30m`, `-1.5s`, `100ms`, `0`.
pub fn parse_span(text: &str) -> Option<Span> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return span(0);
    }
    let mut total: i128 = 0;
    let mut parts = 0u32;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at_checked(end)?;
        let end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(end)?;
        rest = tail;
        let unit: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1000,
            "ms" => 1_000_000,
            "s" => SECOND,
            "m" => 60 * SECOND,
            "h" => 3600 * SECOND,
            _ => return None,
        };
        let (units, fraction) = number.split_once('.').unwrap_or((number, ""));
        if units.is_empty() && fraction.is_empty() || fraction.contains('.') {
            return None;
        }
        let units: i128 = if units.is_empty() { 0 } else { units.parse().ok()? };
        total = total.checked_add(units.checked_mul(unit)?)?;
        let mut scale = unit;
        for digit in fraction.bytes() {
            scale /= 10;
            total = total.checked_add(scale.checked_mul(i128::from(digit.checked_sub(b'0')?))?)?;
        }
        parts = parts.checked_add(1)?;
    }
    if parts == 0 { None } else { span(if negative { -total } else { total }) }
}

/// As protobuf's JSON writes it: seconds with up to nine decimals.
pub fn format_span(Span { nanoseconds }: Span) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let magnitude = nanoseconds.unsigned_abs();
    format!("{sign}{}{}s", magnitude / 1_000_000_000, format_fraction(magnitude % 1_000_000_000))
}
