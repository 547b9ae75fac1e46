//! Paths and queries as they come in: what may be matched, and decoding, once and strictly (RFC 3986).

use std::borrow::Cow;

use crate::facts::Occurrence;

/// A path, a parameter or a query that has no single meaning: malformed encoding, bytes that are no UTF-8, an
/// encoded separator, an empty or a dot segment. Proxies disagree on what such a thing means, so a decision
/// on it would protect nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AmbiguousPath;

/// Accepts a path (without its query) whose segments mean the same to everyone.
pub fn check_path(path: &str) -> Result<(), AmbiguousPath> {
    let Some(rest) = path.strip_prefix('/') else { return Err(AmbiguousPath) };
    if rest.is_empty() {
        return Ok(());
    }
    // One trailing slash is legal, and another path than the same without it.
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if rest.split('/').all(segment_is_plain) { Ok(()) } else { Err(AmbiguousPath) }
}

fn segment_is_plain(segment: &str) -> bool {
    let bytes = segment.as_bytes();
    let graphic = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'#' | b'?');
    // `..;x` is a dot segment to servers that cut a segment's parameters off.
    let name = segment.split(';').next().unwrap_or(segment);
    if name.is_empty() || !bytes.iter().all(graphic) {
        return false;
    }
    if !bytes.contains(&b'%') {
        return !matches!(name, "." | "..");
    }
    match decode(segment, false) {
        Ok(decoded) => {
            !decoded.contains(['/', '\\', '\0'])
                && !matches!(decoded.split(';').next(), Some("" | "." | ".."))
        }
        Err(AmbiguousPath) => false,
    }
}

/// The value of a path parameter.
pub fn decode_segment(raw: &str) -> Result<Cow<'_, str>, AmbiguousPath> {
    decode(raw, false)
}

/// The parameters of a query in their order, decoded once; `+` is a space, as forms write it.
pub fn decode_query(
    query: &str,
) -> impl Iterator<Item = Result<(Cow<'_, str>, Cow<'_, str>), AmbiguousPath>> {
    pairs(query).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Ok((decode(name, true)?, decode(value, true)?))
    })
}

/// One parameter of a query, as [`decode_query`] would have it, but only what is asked for is decoded.
pub fn query_parameter<'q>(query: &'q str, wanted: &str) -> Occurrence<'q> {
    let mut found = Occurrence::Absent;
    for pair in pairs(query) {
        let (name, value) = pair.split_at(pair.bytes().position(|byte| byte == b'=').unwrap_or(pair.len()));
        let plain = !name.bytes().any(|byte| matches!(byte, b'%' | b'+'));
        let is_wanted = if plain { name == wanted } else { decode(name, true).as_deref() == Ok(wanted) };
        if !is_wanted {
            continue;
        }
        // A pair that does not decode is none.
        let Ok(value) = decode(value.get(1..).unwrap_or_default(), true) else { continue };
        if found != Occurrence::Absent {
            return Occurrence::Repeated;
        }
        found = Occurrence::Once(value);
    }
    found
}

/// Byte by byte: queries are short, and a search made ready for long texts takes longer than they do.
fn pairs(query: &str) -> impl Iterator<Item = &str> {
    let mut rest = query;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let (pair, tail) =
                rest.split_at(rest.bytes().position(|byte| byte == b'&').unwrap_or(rest.len()));
            rest = tail.get(1..).unwrap_or_default();
            if !pair.is_empty() {
                return Some(pair);
            }
        }
        None
    })
}

fn decode(raw: &str, form: bool) -> Result<Cow<'_, str>, AmbiguousPath> {
    if !raw.bytes().any(|byte| byte == b'%' || (form && byte == b'+')) {
        return Ok(Cow::Borrowed(raw));
    }
    let mut decoded = Vec::with_capacity(raw.len());
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let high = bytes.next().and_then(hex).ok_or(AmbiguousPath)?;
                let low = bytes.next().and_then(hex).ok_or(AmbiguousPath)?;
                high << 4 | low
            }
            b'+' if form => b' ',
            byte => byte,
        });
    }
    String::from_utf8(decoded).map(Cow::Owned).map_err(|_| AmbiguousPath)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_paths_pass() {
        for path in
            ["/", "/a", "/a/b", "/a/", "/a/b;x=1", "/a/%20b", "/a/b%2Ec", "/caf%C3%A9", "/a/...", "/a:b@c"]
        {
            assert_eq!(check_path(path), Ok(()), "{path}");
        }
    }

    #[test]
    fn ambiguous_paths_are_refused() {
        for path in [
            "",
            "a",
            "*",
            "//",
            "/a//b",
            "/a/./b",
            "/a/../b",
            "/..",
            "/.",
            "/a/%2e%2e/b",
            "/a/%2E",
            "/a/..;/b",
            "/a/..;x=1",
            "/;x",
            "/a%2fb",
            "/a%2Fb",
            "/a%5cb",
            "/a\\b",
            "/a%00",
            "/a%zz",
            "/a%2",
            "/a%",
            "/%ff",
            "/a b",
            "/a\u{e9}",
            "/a#b",
            "/a\tb",
            "http://h/a",
        ] {
            assert_eq!(check_path(path), Err(AmbiguousPath), "{path}");
        }
    }

    #[test]
    fn queries_are_decoded_once() {
        let pairs: Result<Vec<_>, _> = decode_query("a=1&b=x+y%2B&c&a=%2531&&=z").collect();
        let expected: Vec<(Cow<str>, Cow<str>)> =
            [("a", "1"), ("b", "x y+"), ("c", ""), ("a", "%31"), ("", "z")]
                .map(|(name, value)| (name.into(), value.into()))
                .into();
        assert_eq!(pairs, Ok(expected));
        for (query, name, expected) in [
            ("a=1&b=2", "b", Occurrence::Once("2".into())),
            ("a=1&b=x+y%2B", "b", Occurrence::Once("x y+".into())),
            ("a=1&%61=2", "a", Occurrence::Repeated),
            ("a+b=1&a=2", "a b", Occurrence::Once("1".into())),
            ("a%41=1", "a%41", Occurrence::Absent),
            ("&&a&", "a", Occurrence::Once("".into())),
            ("a=b=c", "a", Occurrence::Once("b=c".into())),
            ("=1", "", Occurrence::Once("1".into())),
            ("aa=1", "a", Occurrence::Absent),
            ("a=%f&a=1", "a", Occurrence::Once("1".into())),
            ("", "a", Occurrence::Absent),
        ] {
            assert_eq!(query_parameter(query, name), expected, "{query} {name}");
            let mut same = decode_query(query).flatten().filter(|(known, _)| known == name);
            let slowly = match (same.next(), same.next()) {
                (None, _) => Occurrence::Absent,
                (Some((_, value)), None) => Occurrence::Once(value),
                _ => Occurrence::Repeated,
            };
            assert_eq!(slowly, expected, "{query} {name}");
        }
        assert!(decode_query("a=%f").any(|pair| pair.is_err()));
        assert!(decode_query("a=%ff").any(|pair| pair.is_err()));
    }
}
