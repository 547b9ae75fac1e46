//! Which account a call draws on, as a digest: slots hold no names, and keys of any length cost the same.

use sha2::{Digest, Sha256};

/// The account and, for a slot that overflows, the rule whose limit it is under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub(crate) account: u128,
    pub(crate) rule: u128,
}

impl Key {
    /// `rule` must tell apart every two limits, by place in the policy and by rate and burst: an account is only
    /// ever read with the limit it was written with. `parts` are what the limit counts by; their lengths are
    /// part of the digest, so `["a:b", "c"]` and `["a", "b:c"]` differ. Clients choose parts, so the digest is
    /// one for which nobody can find two that collide.
    pub fn digest(rule: &[u8], parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        absorb(&mut hash, rule);
        let rule = truncate(hash.clone());
        for part in parts {
            absorb(&mut hash, part);
        }
        Self { account: truncate(hash), rule }
    }

    /// The account's digest, as a name for something of its own in shared memory.
    pub fn to_hex(&self) -> String {
        format!("{:032x}", self.account)
    }

    /// Which of `slots` slots holds the account.
    pub fn slot(&self, slots: u32) -> u32 {
        let slot = self.account.checked_rem(u128::from(slots)).unwrap_or(0);
        u32::try_from(slot).unwrap_or(0)
    }
}

fn absorb(hash: &mut Sha256, part: &[u8]) {
    hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
    hash.update(part);
}

fn truncate(hash: Sha256) -> u128 {
    hash.finalize().iter().take(16).fold(0, |number, byte| number << 8 | u128::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        let keys = [
            Key::digest(b"r", &[b"a:b", b"c"]),
            Key::digest(b"r", &[b"a", b"b:c"]),
            Key::digest(b"r", &[b"a:bc"]),
            Key::digest(b"r", &[b"a:b", b"c", b""]),
            Key::digest(b"r", &[]),
            Key::digest(b"ra", &[b":b", b"c"]),
        ];
        for (index, key) in keys.iter().enumerate() {
            assert!(keys.iter().skip(index + 1).all(|other| other.account != key.account), "{index}");
            assert!(key.slot(7) < 7);
        }
        assert_eq!(keys[0].rule, keys[4].rule);
        assert_ne!(keys[0].rule, keys[5].rule);
    }
}
