//! Verified tokens, so that a signature is checked once and not once a call. Bounded in bytes; a lookup
//! compares the whole token.

use foldhash::SharedSeed;
use foldhash::fast::SeedableRandomState;
use hashbrown::HashMap;

/// A cache of two generations: what is used stays in the young one, what was not used while a whole generation
/// filled is dropped. Each step costs the same, however full it is.
#[derive(Debug)]
pub struct TokenCache<V> {
    young: HashMap<Box<str>, Entry<V>, SeedableRandomState>,
    old: HashMap<Box<str>, Entry<V>, SeedableRandomState>,
    young_bytes: usize,
    max_bytes: usize,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    /// With its token, roughly.
    bytes: usize,
}

impl<V: Clone> TokenCache<V> {
    /// `seed` is random, so that nobody can choose tokens that collide.
    pub fn new(max_bytes: usize, seed: u64) -> Self {
        let hasher = SeedableRandomState::with_seed(seed, SharedSeed::global_fixed());
        Self {
            young: HashMap::with_hasher(hasher.clone()),
            old: HashMap::with_hasher(hasher),
            young_bytes: 0,
            max_bytes,
        }
    }

    pub fn get(&mut self, token: &str) -> Option<V> {
        if let Some(entry) = self.young.get(token) {
            return Some(entry.value.clone());
        }
        let (token, entry) = self.old.remove_entry(token)?;
        let value = entry.value.clone();
        self.store(token, entry);
        Some(value)
    }

    /// `bytes` is what the value takes.
    pub fn insert(&mut self, token: &str, value: V, bytes: usize) {
        let bytes = bytes.saturating_add(token.len());
        self.store(token.into(), Entry { value, bytes });
    }

    /// Keeps what `stands`.
    pub fn retain(&mut self, stands: impl Fn(&V) -> bool) {
        self.old.retain(|_, entry| stands(&entry.value));
        self.young.retain(|_, entry| stands(&entry.value));
        self.young_bytes = self.young.values().map(|entry| entry.bytes).sum();
    }

    fn store(&mut self, token: Box<str>, entry: Entry<V>) {
        let bytes = entry.bytes;
        if self.young_bytes.saturating_add(bytes) > self.max_bytes / 2 {
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
            self.young_bytes = 0;
        }
        let replaced = self.young.insert(token, entry).map_or(0, |entry| entry.bytes);
        self.young_bytes = self.young_bytes.saturating_add(bytes).saturating_sub(replaced);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_memory_is_bounded() {
        let mut cache = TokenCache::new(20 * 1000, 7);
        cache.insert("hot", 1, 990);
        for number in 0..1000 {
            cache.insert(&format!("cold {number}"), 2, 990);
            assert_eq!(cache.get("hot"), Some(1));
            assert!(cache.young.len() + cache.old.len() <= 20);
        }
        assert_eq!(cache.get("cold 0"), None);
        assert_eq!(cache.get("cold 999"), Some(2));
    }

    /// What is replaced does not count twice, and what is too large by itself takes the place of all others.
    #[test]
    fn bytes_are_those_of_what_is_there() {
        let mut cache = TokenCache::new(2000, 7);
        for bytes in [100, 300, 200] {
            cache.insert("a", 1, bytes);
            assert_eq!(cache.young_bytes, bytes + 1);
        }
        cache.insert("b", 2, 5000);
        assert_eq!((cache.get("b"), cache.young.len()), (Some(2), 1));
        cache.insert("c", 3, 10);
        assert_eq!((cache.get("c"), cache.young_bytes), (Some(3), 11));
    }

    #[test]
    fn what_no_longer_stands_is_gone_from_both_generations() {
        let mut cache = TokenCache::new(6 * 1000, 7);
        cache.insert("a", 1, 900);
        cache.insert("b", 2, 900);
        cache.insert("c", 1, 1900);
        cache.retain(|value| *value == 1);
        assert!(cache.young_bytes <= 3000);
        assert_eq!((cache.get("a"), cache.get("b"), cache.get("c")), (Some(1), None, Some(1)));
        cache.retain(|_| false);
        assert_eq!((cache.get("a"), cache.get("c"), cache.young_bytes), (None, None, 0));
    }
}
