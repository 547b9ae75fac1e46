//! Header maps in the bytes in which proxies hand them over: how many pairs, the lengths of each, then names and
//! values, each with a zero after it. Read where they stand, without a copy for each; names and values may be
//! any bytes, since clients choose them.

use std::ops::Range;

/// A map as the host gave it.
#[derive(Debug, Default)]
pub struct HeaderMap {
    bytes: Vec<u8>,
}

impl HeaderMap {
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { bytes }
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Names and values in their order. Bytes that are no map end the iteration.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.ranges().map(|(name, value)| (self.bytes(&name), self.bytes(&value)))
    }

    /// Where names and values stand.
    pub fn ranges(&self) -> Ranges<'_> {
        let count = read_length(&self.bytes, 0).unwrap_or(0);
        let data = count.checked_mul(8).and_then(|sizes| sizes.checked_add(4)).unwrap_or(usize::MAX);
        Ranges { bytes: &self.bytes, sizes: 4, data, left: count }
    }

    /// What stands there; nothing for a range of another map.
    pub fn bytes(&self, range: &Range<usize>) -> &[u8] {
        self.bytes.get(range.clone()).unwrap_or_default()
    }

    /// The same, if it is UTF-8.
    pub fn str(&self, range: &Range<usize>) -> Option<&str> {
        std::str::from_utf8(self.bytes(range)).ok()
    }

    pub fn first(&self, name: &str) -> Option<&[u8]> {
        self.iter().find(|(key, _)| *key == name.as_bytes()).map(|(_, value)| value)
    }

    /// The first value under `name`, if it is UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.first(name)?).ok()
    }
}

#[derive(Clone, Debug)]
pub struct Ranges<'m> {
    bytes: &'m [u8],
    sizes: usize,
    data: usize,
    left: usize,
}

impl Iterator for Ranges<'_> {
    type Item = (Range<usize>, Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let name_length = read_length(self.bytes, self.sizes)?;
        let value_length = read_length(self.bytes, self.sizes.checked_add(4)?)?;
        let name_end = self.data.checked_add(name_length)?;
        let value_start = name_end.checked_add(1)?;
        let value_end = value_start.checked_add(value_length)?;
        if value_end > self.bytes.len() {
            return None;
        }
        let pair = (self.data..name_end, value_start..value_end);
        self.sizes = self.sizes.checked_add(8)?;
        self.data = value_end.checked_add(1)?;
        Some(pair)
    }
}

fn read_length(bytes: &[u8], at: usize) -> Option<usize> {
    let (length, _) = bytes.get(at..)?.split_first_chunk()?;
    usize::try_from(u32::from_le_bytes(*length)).ok()
}

/// A map on its way to the host.
#[derive(Debug, Default)]
pub struct HeaderMapBuilder {
    sizes: Vec<u8>,
    data: Vec<u8>,
    count: u32,
}

impl HeaderMapBuilder {
    pub fn with_capacity(pairs: usize, bytes: usize) -> Self {
        Self { sizes: Vec::with_capacity(pairs.saturating_mul(8)), data: Vec::with_capacity(bytes), count: 0 }
    }

    pub fn push(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        let (name, value) = (name.as_ref(), value.as_ref());
        let (Ok(name_length), Ok(value_length)) = (u32::try_from(name.len()), u32::try_from(value.len()))
        else {
            return;
        };
        self.sizes.extend_from_slice(&name_length.to_le_bytes());
        self.sizes.extend_from_slice(&value_length.to_le_bytes());
        self.data.extend_from_slice(name);
        self.data.push(0);
        self.data.extend_from_slice(value);
        self.data.push(0);
        self.count = self.count.saturating_add(1);
    }

    pub fn finish(self) -> Vec<u8> {
        let mut bytes =
            Vec::with_capacity(self.sizes.len().saturating_add(self.data.len()).saturating_add(4));
        bytes.extend_from_slice(&self.count.to_le_bytes());
        bytes.extend_from_slice(&self.sizes);
        bytes.extend_from_slice(&self.data);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_built_is_read(pairs: Vec<(Vec<u8>, Vec<u8>)>) {
            let mut builder = HeaderMapBuilder::default();
            for (name, value) in &pairs {
                builder.push(name, value);
            }
            let map = HeaderMap::new(builder.finish());
            let read: Vec<_> = map.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
            prop_assert_eq!(read, pairs);
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            let map = HeaderMap::new(bytes);
            prop_assert!(map.iter().take(1000).count() <= 1000);
        }
    }

    #[test]
    fn repeated_names_are_all_there() {
        let mut builder = HeaderMapBuilder::default();
        builder.push("a", "1");
        builder.push("b", "2");
        builder.push("a", "3");
        let map = HeaderMap::new(builder.finish());
        assert_eq!(map.iter().filter(|(name, _)| name == b"a").count(), 2);
        assert_eq!(map.text("b"), Some("2"));
        assert_eq!(map.first("c"), None);
    }
}
