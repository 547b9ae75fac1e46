//! What callers of a version are told of its life: `Deprecation` (RFC 9745), `Sunset` (RFC 8594) and `Link`
//! (RFC 8288).

use crate::condition::time::{Civil, civil};
use crate::document::{Named, VersionSource};
use crate::facts::Timestamp;
use crate::policy::Version;

pub fn version(source: &Named<VersionSource>) -> Version {
    let VersionSource { deprecated, sunset, refuse_after_sunset, link } = &source.value;
    let mut headers = Vec::new();
    if let Some(at) = deprecated {
        headers.push(("deprecation", format!("@{}", seconds(*at))));
    }
    if let Some(at) = sunset {
        headers.push(("sunset", http_date(*at)));
    }
    if let Some(link) = link {
        let relation = match (deprecated, sunset) {
            (Some(_), Some(_)) => "deprecation sunset",
            (Some(_), None) => "deprecation",
            (None, Some(_)) => "sunset",
            (None, None) => "describedby",
        };
        headers.push(("link", format!("<{link}>; rel=\"{relation}\"")));
    }
    Version { name: source.name.clone(), retired: sunset.filter(|_| *refuse_after_sunset), headers }
}

fn seconds(at: Timestamp) -> i128 {
    at.nanoseconds.div_euclid(1_000_000_000)
}

/// `Wed, 30 Jun 2027 00:00:00 GMT` (RFC 9110, section 5.6.7).
fn http_date(at: Timestamp) -> String {
    const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let Civil { year, month, day, hour, minute, second, weekday, .. } = civil(at, 0);
    let name = |names: &[&'static str], index: i64| {
        usize::try_from(index).ok().and_then(|index| names.get(index).copied()).unwrap_or_default()
    };
    let (weekday, month) = (name(&DAYS, weekday), name(&MONTHS, month.saturating_sub(1)));
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::parse_timestamp;

    #[test]
    fn dates() {
        let date = |text: &str| http_date(parse_timestamp(text).unwrap());
        assert_eq!(date("1994-11-06T08:49:37Z"), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(date("2027-06-30T00:00:00Z"), "Wed, 30 Jun 2027 00:00:00 GMT");
        assert_eq!(date("2000-02-29T23:59:59-01:00"), "Wed, 01 Mar 2000 00:59:59 GMT");
    }
}
