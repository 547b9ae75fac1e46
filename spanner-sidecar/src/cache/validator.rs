//! `ETag` and `If-None-Match` (RFC 9110, sections 8.8.3 and 13.1.2).

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use tonic::metadata::MetadataMap;

/// A strong validator: two bodies of one tag are the same, byte by byte.
pub fn etag(body: &[u8]) -> String {
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(digest(&SHA256, body)))
}

/// Whether the caller has the body already. Compared weakly, as the section demands; a list that is malformed
/// matches no further than it can be read.
pub fn is_known(metadata: &MetadataMap, etag: &str) -> bool {
    let mut values = metadata.get_all("if-none-match").iter().filter_map(|value| value.to_str().ok());
    values.any(|value| value.trim() == "*" || tags(value).any(|tag| tag == etag))
}

/// The opaque tags of a list, with their quotes, without `W/`. A comma may stand inside the quotes.
fn tags(list: &str) -> impl Iterator<Item = &str> {
    let mut rest = list;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let tag = rest.strip_prefix("W/").unwrap_or(rest);
        let end = tag.strip_prefix('"')?.find('"')? + 2;
        let (tag, after) = tag.split_at_checked(end)?;
        rest = after;
        Some(tag)
    })
}

#[cfg(test)]
mod tests {
    use tonic::metadata::MetadataValue;

    use super::*;

    #[test]
    fn weak_comparison_of_lists() {
        let etag = "\"a,b\"";
        for (values, expected) in [
            (&[][..], false),
            (&["\"a,b\""], true),
            (&["W/\"a,b\""], true),
            (&["\"x\", W/\"a,b\" , \"y\""], true),
            (&["\"x\"", "\"a,b\""], true),
            (&["*"], true),
            (&["a,b"], false),
            (&["\"a\", \"b\""], false),
            (&["\"a,b"], false),
            (&["w/\"a,b\""], false),
            (&[""], false),
        ] {
            let mut metadata = MetadataMap::new();
            for value in values {
                metadata.append("if-none-match", MetadataValue::try_from(*value).unwrap());
            }
            assert_eq!(is_known(&metadata, etag), expected, "{values:?}");
        }
    }

    #[test]
    fn a_tag_is_of_the_bytes() {
        assert_eq!(etag(b"{}"), etag(b"{}"));
        assert_ne!(etag(b"{}"), etag(b"{} "));
        assert_eq!(etag(b"").len(), 45);
    }
}
