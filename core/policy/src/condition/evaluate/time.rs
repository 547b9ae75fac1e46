//! The getters of timestamps, in UTC or at a fixed offset, and of durations.

use crate::condition::functions::Function;
use crate::condition::time::{Span, local, parse_offset};
use crate::condition::{ErrorKind, Value};
use crate::facts::Timestamp;

pub fn apply<'f>(function: Function, arguments: &[Value<'f>]) -> Result<Value<'f>, ErrorKind> {
    let (at, offset) = match arguments {
        [Value::Timestamp(at)] => (*at, 0),
        [Value::Timestamp(at), Value::String(zone)] => (*at, offset(zone)?),
        [Value::Duration(span)] => return of_span(function, *span).map(Value::Int),
        _ => return Err(ErrorKind::NoSuchOverload),
    };
    part(function, at, offset).map(Value::Int)
}

/// A part of a moment, as the clocks and calendars at an offset show it.
pub fn part(getter: Function, at: Timestamp, offset: i64) -> Result<i64, ErrorKind> {
    let local = local(at, offset);
    Ok(match getter {
        Function::FullYear => local.date().year,
        // CEL counts months and days of the month from 0; `getDate` from 1.
        Function::Month => local.date().month - 1,
        Function::Date => local.date().day,
        Function::DayOfMonth => local.date().day - 1,
        Function::DayOfWeek => local.weekday(),
        Function::DayOfYear => local.day_of_year(),
        Function::Hours => local.hour(),
        Function::Minutes => local.minute(),
        Function::Seconds => local.second(),
        Function::Milliseconds => local.nanosecond / 1_000_000,
        _ => return Err(ErrorKind::NoSuchOverload),
    })
}

/// The whole span in a unit, but for the milliseconds, of which CEL gives those within the second.
fn of_span(function: Function, Span { nanoseconds }: Span) -> Result<i64, ErrorKind> {
    const SECOND: i64 = 1_000_000_000;
    Ok(match function {
        Function::Hours => nanoseconds / (3600 * SECOND),
        Function::Minutes => nanoseconds / (60 * SECOND),
        Function::Seconds => nanoseconds / SECOND,
        Function::Milliseconds => nanoseconds % SECOND / 1_000_000,
        _ => return Err(ErrorKind::NoSuchOverload),
    })
}

/// Seconds east of UTC; zones by name would need a database of their own.
pub fn offset(zone: &str) -> Result<i64, ErrorKind> {
    match zone {
        "" | "UTC" | "Z" => Ok(0),
        zone if zone.starts_with(|first: char| first.is_ascii_alphabetic()) => Err(ErrorKind::NamedZone),
        zone => parse_offset(zone).ok_or(ErrorKind::Conversion),
    }
}
