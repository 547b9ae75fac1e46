//! Verified tokens, so that a signature is checked once and not once a call. Bounded in bytes; a lookup
//! compares the whole token.

use foldhash::SharedSeed;
use foldhash::fast::SeedableRandomState;
use hashbrown::HashMap;

/// A cache of two generations: what is used stays in the young one, what was not used while a whole generation
/// filled is dropped. Each step costs the same, however full it is.
#[derive(Debug)]
pub struct TokenCache<V> {
    young: HashMap<Box<str>, V, SeedableRandomState>,
    old: HashMap<Box<str>, V, SeedableRandomState>,
    young_bytes: usize,
    max_bytes: usize,
}

/// What an entry costs beside its token, roughly: identity, claims and the table's own.
const ENTRY_BYTES: usize = 4096;

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
        if let Some(value) = self.young.get(token) {
            return Some(value.clone());
        }
        let (token, value) = self.old.remove_entry(token)?;
        self.store(token, value.clone());
        Some(value)
    }

    pub fn insert(&mut self, token: &str, value: V) {
        self.store(token.into(), value);
    }

    /// Keeps what `stands`.
    pub fn retain(&mut self, stands: impl Fn(&V) -> bool) {
        self.old.retain(|_, value| stands(value));
        self.young.retain(|_, value| stands(value));
        self.young_bytes = self.young.keys().map(|token| cost(token)).sum();
    }

    fn store(&mut self, token: Box<str>, value: V) {
        let cost = cost(&token);
        if self.young_bytes.saturating_add(cost) > self.max_bytes / 2 {
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
            self.young_bytes = 0;
        }
        if self.young.insert(token, value).is_none() {
            self.young_bytes = self.young_bytes.saturating_add(cost);
        }
    }
}

fn cost(token: &str) -> usize {
    token.len().saturating_add(ENTRY_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_memory_is_bounded() {
        let mut cache = TokenCache::new(20 * ENTRY_BYTES, 7);
        cache.insert("hot", 1);
        for number in 0..1000 {
            cache.insert(&format!("cold {number}"), 2);
            assert_eq!(cache.get("hot"), Some(1));
            assert!(cache.young.len() + cache.old.len() <= 20);
        }
        assert_eq!(cache.get("cold 0"), None);
        assert_eq!(cache.get("cold 999"), Some(2));
    }

    #[test]
    fn what_no_longer_stands_is_gone_from_both_generations() {
        let mut cache = TokenCache::new(6 * ENTRY_BYTES, 7);
        cache.insert("a", 1);
        cache.insert("b", 2);
        cache.insert("c", 1);
        cache.retain(|value| *value == 1);
        assert_eq!((cache.get("a"), cache.get("b"), cache.get("c")), (Some(1), None, Some(1)));
        cache.retain(|_| false);
        assert_eq!((cache.get("a"), cache.get("c"), cache.young_bytes), (None, None, 0));
    }
}
