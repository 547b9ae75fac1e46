//! Days of the calendar and instants, as text: checked, and brought into the one form that compares as they do.

/// Days since 0000-03-01 of a day of the calendar (H. Hinnant, "chrono-compatible low-level date algorithms").
pub fn date(text: &str) -> Option<i64> {
    let (year, rest) = text.split_at_checked(4)?;
    let (month, day) = rest.strip_prefix('-')?.split_once('-')?;
    let (year, month, day) = (fixed(year, 4)?, fixed(month, 2)?, fixed(day, 2)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if year == 0 || day == 0 || day > days {
        return None;
    }
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    Some(365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1)
}

/// The inverse of [`date`].
fn calendar(days: i64) -> (i64, i64, i64) {
    let era = days.div_euclid(146_097);
    let day = days.rem_euclid(146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let year = year + era * 400;
    if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
}

fn fixed(digits: &str, length: usize) -> Option<i64> {
    (digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| digits.parse().ok())?
}

/// RFC 3339, upper case, in UTC with nine digits behind the point: Spanner demands `Z`, and texts of one form
/// compare as the instants do. A leap second is refused, since Spanner has none.
pub fn timestamp(text: &str) -> Option<String> {
    let (day, rest) = text.split_once('T')?;
    let (clock, offset) = rest.split_at_checked(rest.find(['Z', '+', '-'])?)?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    if fraction.is_empty() || fraction.len() > 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, rest) = clock.split_once(':')?;
    let (minutes, seconds) = rest.split_once(':')?;
    let (hours, minutes, seconds) = (fixed(hours, 2)?, fixed(minutes, 2)?, fixed(seconds, 2)?);
    if hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let total = date(day)? * 86_400 + hours * 3600 + minutes * 60 + seconds - offset_seconds(offset)?;
    let (year, month, day) = calendar(total.div_euclid(86_400));
    if !(1..=9999).contains(&year) {
        return None;
    }
    let clock = total.rem_euclid(86_400);
    let (hours, minutes, seconds) = (clock / 3600, clock / 60 % 60, clock % 60);
    Some(format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{fraction:0<9}Z"))
}

fn offset_seconds(offset: &str) -> Option<i64> {
    let sign = match offset.chars().next()? {
        'Z' => return (offset.len() == 1).then_some(0),
        '+' => 1,
        _ => -1,
    };
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    let (hours, minutes) = (fixed(hours, 2)?, fixed(minutes, 2)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
