//! A request's body: how large, of which media type, and whether there must be one. Its length may be known
//! only when all of it has passed, so a host that streams asks again as it goes.

use std::fmt;

use crate::facts::Occurrence;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BodyRule {
    /// In bytes.
    pub max_size: Option<u64>,
    /// Any, where there are none.
    pub media_types: Vec<MediaRange>,
    pub required: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFault {
    Missing,
    TooLarge,
    MediaType,
}

impl BodyRule {
    /// What the headers of a request tell: whether a body follows, its length if they say it, its media type.
    pub fn check(
        &self,
        follows: bool,
        size: Option<i64>,
        media_type: &Occurrence<'_>,
    ) -> Result<(), BodyFault> {
        if !follows || size == Some(0) {
            return if self.required { Err(BodyFault::Missing) } else { Ok(()) };
        }
        let accepted = self.media_types.is_empty()
            || matches!(media_type, Occurrence::Once(name) if self.media_types.iter().any(|range| range.covers(name)));
        if !accepted {
            return Err(BodyFault::MediaType);
        }
        match size.map(u64::try_from) {
            Some(Ok(size)) if self.max_size.is_none_or(|most| size <= most) => Ok(()),
            None => Ok(()),
            Some(_) => Err(BodyFault::TooLarge),
        }
    }

    /// What `seen` bytes of it tell, of which more may follow unless they `end`.
    pub fn check_length(&self, seen: u64, end: bool) -> Result<(), BodyFault> {
        if self.max_size.is_some_and(|most| seen > most) {
            return Err(BodyFault::TooLarge);
        }
        if end && seen == 0 && self.required {
            return Err(BodyFault::Missing);
        }
        Ok(())
    }
}

/// `application/json`, `image/*` or `*/*` (RFC 9110, section 12.5.1), in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaRange {
    kind: String,
    /// None for any.
    subtype: Option<String>,
}

impl fmt::Display for MediaRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.subtype.as_deref().unwrap_or("*"))
    }
}

impl MediaRange {
    pub fn parse(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        let (kind, subtype) = lower.split_once('/')?;
        let token = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
        };
        match (kind, subtype) {
            ("*", "*") => Some(Self { kind: "*".to_owned(), subtype: None }),
            (kind, "*") if token(kind) => Some(Self { kind: kind.to_owned(), subtype: None }),
            (kind, subtype) if token(kind) && token(subtype) => {
                Some(Self { kind: kind.to_owned(), subtype: Some(subtype.to_owned()) })
            }
            _ => None,
        }
    }

    /// `media_type` may have parameters, which do not matter.
    fn covers(&self, media_type: &str) -> bool {
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        let Some((kind, subtype)) = essence.split_once('/') else { return false };
        (self.kind == "*" || self.kind.eq_ignore_ascii_case(kind))
            && self.subtype.as_ref().is_none_or(|accepted| accepted.eq_ignore_ascii_case(subtype))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> BodyRule {
        let media_types = ["application/json", "text/*"].map(|range| MediaRange::parse(range).unwrap());
        BodyRule { max_size: Some(10), media_types: media_types.into(), required: true }
    }

    #[test]
    fn what_headers_tell() {
        let json = Occurrence::Once("Application/JSON; charset=utf-8".into());
        assert_eq!(rule().check(true, Some(10), &json), Ok(()));
        assert_eq!(rule().check(true, None, &Occurrence::Once("text/csv".into())), Ok(()));
        assert_eq!(rule().check(true, Some(11), &json), Err(BodyFault::TooLarge));
        assert_eq!(rule().check(true, Some(-1), &json), Err(BodyFault::TooLarge));
        assert_eq!(rule().check(false, None, &json), Err(BodyFault::Missing));
        assert_eq!(rule().check(true, Some(0), &json), Err(BodyFault::Missing));
        for other in ["application/jsonx", "application", "", "image/png"] {
            assert_eq!(
                rule().check(true, Some(1), &Occurrence::Once(other.into())),
                Err(BodyFault::MediaType)
            );
        }
        assert_eq!(rule().check(true, Some(1), &Occurrence::Absent), Err(BodyFault::MediaType));
        assert_eq!(rule().check(true, Some(1), &Occurrence::Repeated), Err(BodyFault::MediaType));
        assert_eq!(BodyRule::default().check(true, Some(i64::MAX), &Occurrence::Absent), Ok(()));
    }

    #[test]
    fn what_the_bytes_tell() {
        assert_eq!(rule().check_length(10, true), Ok(()));
        assert_eq!(rule().check_length(11, false), Err(BodyFault::TooLarge));
        assert_eq!(rule().check_length(0, false), Ok(()));
        assert_eq!(rule().check_length(0, true), Err(BodyFault::Missing));
    }

    #[test]
    fn ranges() {
        assert!(MediaRange::parse("*/*").unwrap().covers("a/b"));
        for text in ["json", "*/json", "a/", "/b", "a b/c", ""] {
            assert_eq!(MediaRange::parse(text), None, "{text}");
        }
    }
}
