//! What an issuer answers when it is asked: anything at all, so nothing is taken that is not what it should be.

use std::time::Duration;

use spangate_policy::token::{HttpUrl, MAX_KEY_SET_BYTES};

use crate::headers::HeaderMap;
use crate::host::{self, Buffer, HostFault, Map};

/// How long an issuer may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Keys are not fetched more often than this because an issuer wants it so.
const SHORTEST_REFRESH: Duration = Duration::from_secs(60);

/// A document, and for how long it wants to be kept.
pub(super) struct Answer {
    pub body: String,
    pub max_age: Option<Duration>,
}

/// Asks for what is at `url`. The answer comes to the root that asks.
pub(super) fn ask(cluster: &str, url: &HttpUrl) -> Result<u32, String> {
    let HttpUrl { scheme, authority, path } = url;
    host::fetch(cluster, scheme, authority, path, TIMEOUT)
        .map_err(|HostFault| "the cluster cannot be called".to_owned())
}

/// The answer that has come, or why it is none.
pub(super) fn read(body_size: usize) -> Result<Answer, String> {
    let headers = host::header_map(Map::CallResponseHeaders).map_err(|_| "there was no answer")?;
    match headers.text(":status") {
        Some("200") => {}
        Some(status) => return Err(format!("the issuer answered with status {status}")),
        None => return Err("the issuer did not answer in time".to_owned()),
    }
    if body_size > MAX_KEY_SET_BYTES {
        return Err(format!("the answer has more than {MAX_KEY_SET_BYTES} bytes"));
    }
    let body = host::buffer(Buffer::CallResponseBody, body_size).map_err(|_| "the answer has no body")?;
    let body = String::from_utf8(body).map_err(|_| "the answer is no UTF-8")?;
    Ok(Answer { body, max_age: max_age(&headers) })
}

fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let directives = || headers.text("cache-control").into_iter().flat_map(|text| text.split(','));
    if directives().any(|directive| ["no-store", "no-cache"].contains(&directive.trim())) {
        return Some(Duration::ZERO);
    }
    let seconds =
        directives().find_map(|directive| directive.trim().strip_prefix("max-age=")?.parse().ok())?;
    Some(Duration::from_secs(seconds))
}

/// How long keys are good for until they are fetched again: as long as the issuer says (RFC 9111, section 5.2.2.1), within
/// bounds. `refresh` is the policy's word, and the longest.
pub(super) fn keep_for(max_age: Option<Duration>, refresh: Duration) -> Duration {
    max_age.map_or(refresh, |max_age| max_age.clamp(SHORTEST_REFRESH.min(refresh), refresh))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::headers::HeaderMapBuilder;

    #[test]
    fn how_long_keys_are_kept() {
        for (cache_control, refresh, kept) in [
            ("", 900, 900),
            ("public, max-age=300", 900, 300),
            ("max-age=5", 900, 60),
            ("max-age=5", 10, 10),
            ("max-age=86400", 900, 900),
            ("no-store", 900, 60),
            ("no-cache, max-age=300", 900, 60),
            ("max-age=soon", 900, 900),
            ("max-age=99999999999999999999", 900, 900),
        ] {
            let mut builder = HeaderMapBuilder::default();
            builder.push("cache-control", cache_control);
            let max_age = max_age(&HeaderMap::new(builder.finish()));
            let kept_for = keep_for(max_age, Duration::from_secs(refresh));
            assert_eq!(kept_for, Duration::from_secs(kept), "{cache_control:?} {refresh}");
        }
    }
}
