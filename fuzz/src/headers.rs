//! Header maps in the bytes that a proxy hands over: read to their end, never beyond it.

#[allow(dead_code, reason = "the filter uses what is not used here")]
#[path = "../../filter/src/headers.rs"]
mod map;

use map::{HeaderMap, HeaderMapBuilder};

pub fn run(data: &[u8]) {
    let headers = HeaderMap::new(data.to_vec());
    let mut builder = HeaderMapBuilder::with_capacity(4, 64);
    // A pair takes eight bytes at least, so there are no more than these.
    for (name, value) in headers.iter().take(data.len()) {
        assert!(name.len() + value.len() <= data.len());
        builder.push(name, value);
    }
    let pairs = |headers: &HeaderMap| {
        let pairs = headers.iter().take(data.len());
        pairs.map(|(name, value)| (name.to_vec(), value.to_vec())).collect::<Vec<_>>()
    };
    assert_eq!(pairs(&HeaderMap::new(builder.finish())), pairs(&headers));
    let _ = (headers.first("authorization"), headers.text(":path"));
}
