//! Which of its two forms an answer of rows takes: one JSON document, or a row a line. By the caller's `Accept`
//! and its qualities (RFC 9110, section 12.5.1); who accepts neither gets JSON, as that section allows.

use spangate_operations::{Body, Operation};
use tonic::metadata::MetadataMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    Json,
    /// `application/x-ndjson`: a row a line.
    Lines,
}

impl Media {
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Lines => "application/x-ndjson",
        }
    }

    /// Only rows have lines.
    pub fn wanted(operation: &Operation, metadata: &MetadataMap) -> Self {
        if operation.is_write() || operation.answer.body != Body::Rows {
            return Self::Json;
        }
        let values = metadata.get_all("accept").iter().filter_map(|value| value.to_str().ok());
        Self::preferred(values)
    }

    fn preferred<'v>(values: impl Iterator<Item = &'v str>) -> Self {
        let ranges: Vec<Range> = values.flat_map(|value| value.split(',')).filter_map(Range::parse).collect();
        if quality(&ranges, Self::Lines) > quality(&ranges, Self::Json) { Self::Lines } else { Self::Json }
    }
}

/// One media range: how precisely it names a type, and its quality in thousandths.
#[derive(Clone, Copy)]
struct Range<'v> {
    r#type: &'v str,
    subtype: &'v str,
    quality: u16,
}

impl<'v> Range<'v> {
    /// What is malformed is passed over.
    fn parse(text: &'v str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (r#type, subtype) = parts.next()?.split_once('/')?;
        let weight = parts.find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.eq_ignore_ascii_case("q").then_some(value)
        });
        Some(Self { r#type, subtype, quality: weight.map_or(Some(1000), thousandths)? })
    }

    /// 2 for the type itself, 1 for `application/*`, 0 for `*/*`.
    fn precision(self, media: Media) -> Option<u8> {
        let (r#type, subtype) = media.name().split_once('/')?;
        match (self.r#type, self.subtype) {
            ("*", "*") => Some(0),
            (range, "*") if range.eq_ignore_ascii_case(r#type) => Some(1),
            (range, sub) if range.eq_ignore_ascii_case(r#type) && sub.eq_ignore_ascii_case(subtype) => {
                Some(2)
            }
            _ => None,
        }
    }
}

/// Of the most precise range that fits.
fn quality(ranges: &[Range<'_>], media: Media) -> u16 {
    let fitting = ranges.iter().filter_map(|range| Some((range.precision(media)?, range.quality)));
    fitting.max().map_or(0, |(_, quality)| quality)
}

/// `0.5`: at most three digits behind the point, at most 1.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !["0", "1"].contains(&whole) || fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    format!("{whole}{fraction:0<3}").parse().ok().filter(|quality| *quality <= 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_quality_then_json() {
        for (accept, expected) in [
            (&[][..], Media::Json),
            (&["application/x-ndjson"], Media::Lines),
            (&["Application/X-NDJSON;q=1.0"], Media::Lines),
            (&["application/json, application/x-ndjson"], Media::Json),
            (&["application/json;q=0.5, application/x-ndjson;q=0.6"], Media::Lines),
            (&["application/json;q=0.5", "application/x-ndjson;q=0.6"], Media::Lines),
            (&["*/*"], Media::Json),
            (&["application/*;q=0.9, application/json;q=0.1"], Media::Lines),
            (&["application/x-ndjson;q=0"], Media::Json),
            (&["application/x-ndjson;q=0.1, */*;q=0.9"], Media::Json),
            (&["text/html"], Media::Json),
            (&["application/x-ndjson;q=2"], Media::Json),
            (&["application/x-ndjson;q=0.1234"], Media::Json),
            (&[",;,/, application/x-ndjson; charset=utf-8 ; Q=0.2"], Media::Lines),
        ] {
            assert_eq!(Media::preferred(accept.iter().copied()), expected, "{accept:?}");
        }
    }
}
