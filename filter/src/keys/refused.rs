//! Tokens that were refused a moment ago, with new keys, for want of their own: whoever sends one again need not wait
//! again. Whole tokens and not key ids, or else a forger could keep a key from being found before it is published.

use std::hash::BuildHasher;

use foldhash::SharedSeed;
use foldhash::fast::SeedableRandomState;

/// Most that are remembered.
const MAX_REFUSED: usize = 256;

/// For how long, in nanoseconds.
const LIFETIME: u64 = 3_000_000_000;

pub struct Refused {
    hasher: SeedableRandomState,
    /// Digests, and until when each counts; the oldest first.
    tokens: std::collections::VecDeque<(u64, u64)>,
}

impl Refused {
    /// `seed` is random, so that nobody can make a token that is taken for another.
    pub fn new(seed: u64) -> Self {
        let hasher = SeedableRandomState::with_seed(seed, SharedSeed::global_fixed());
        Self { hasher, tokens: std::collections::VecDeque::new() }
    }

    pub fn contains(&self, token: &str, now: u64) -> bool {
        let digest = self.hasher.hash_one(token);
        self.tokens.iter().any(|(known, until)| *known == digest && now < *until)
    }

    pub fn insert(&mut self, token: &str, now: u64) {
        if self.tokens.len() >= MAX_REFUSED {
            self.tokens.pop_front();
        }
        self.tokens.push_back((self.hasher.hash_one(token), now.saturating_add(LIFETIME)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembered_for_a_moment_and_not_without_bound() {
        let mut refused = Refused::new(7);
        refused.insert("a", 10);
        assert!(refused.contains("a", 10) && !refused.contains("b", 10));
        assert!(!refused.contains("a", 10 + LIFETIME));
        for number in 0..MAX_REFUSED {
            refused.insert(&number.to_string(), 20);
        }
        assert!(!refused.contains("a", 20) && refused.contains("0", 20));
    }
}
