//! Calls in flight over all workers of a process. Each worker counts its own, under the name of its incarnation, so
//! that a count dies with the worker that would have taken it back: a crash can neither leak places nor free those
//! of others.
//!
//! Like a [`slot`](crate::slot) of rate limits, one bounded byte string holds the counts of many keys, for a host
//! that swaps it if it is still as it was read.

use crate::Key;
use crate::slot::Corrupt;

/// Most counts in one slot: one for each key and each worker that has calls of it in flight.
pub const COUNTS: usize = 256;

/// The layout below, for the slot's name.
pub const VERSION: u8 = 1;

/// Longest slot in bytes.
pub const MAX_BYTES: usize = 1 + COUNTS * COUNT;

const COUNT: usize = 28;

/// What became of a call that wanted to enter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    Entered,
    /// As many are in as may be.
    Full,
    /// There is no room to count it: neither a yes nor a no can be given.
    Unavailable,
}

/// Lets a call in while fewer than `limit` are. `bytes` is the slot as the host read it, absent when there is none
/// yet. The entry holds once the bytes returned, if any, are stored in its place. `incarnation` names the worker's
/// VM, never to be used again after it; `is_alive` must say yes of every incarnation whose calls may go on.
pub fn enter(
    bytes: Option<&[u8]>,
    key: &Key,
    limit: u32,
    incarnation: u64,
    is_alive: impl Fn(u64) -> bool,
) -> Result<(Option<Vec<u8>>, Entry), Corrupt> {
    let mut counts = bytes.map_or(Ok(Vec::new()), decode)?;
    counts.retain(|count| is_alive(count.incarnation));
    let ours = counts.iter().filter(|count| count.account == key.account);
    let inside = ours.fold(0_u64, |inside, count| inside.saturating_add(u64::from(count.calls)));
    if inside >= u64::from(limit) {
        return Ok((None, Entry::Full));
    }
    let full = counts.len() >= COUNTS;
    match counts.iter_mut().find(|count| count.is_of(key, incarnation)) {
        // Within `limit`, so it cannot overflow.
        Some(count) => count.calls = count.calls.saturating_add(1),
        None if full => return Ok((None, Entry::Unavailable)),
        None => counts.push(Count { account: key.account, incarnation, calls: 1 }),
    }
    Ok((Some(encode(&counts)), Entry::Entered))
}

/// Takes a call out that had entered. The bytes returned, if any, are to be stored in place of those read.
pub fn leave(bytes: Option<&[u8]>, key: &Key, incarnation: u64) -> Result<Option<Vec<u8>>, Corrupt> {
    let mut counts = bytes.map_or(Ok(Vec::new()), decode)?;
    let Some(index) = counts.iter().position(|count| count.is_of(key, incarnation)) else {
        return Ok(None);
    };
    if let Some(count) = counts.get_mut(index) {
        count.calls = count.calls.saturating_sub(1);
    }
    counts.retain(|count| count.calls > 0);
    Ok(Some(encode(&counts)))
}

/// One worker's calls of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Count {
    account: u128,
    incarnation: u64,
    calls: u32,
}

impl Count {
    fn is_of(&self, key: &Key, incarnation: u64) -> bool {
        self.account == key.account && self.incarnation == incarnation
    }
}

/// Version, then each count as account, incarnation and calls, little-endian.
fn encode(counts: &[Count]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(counts.len().saturating_mul(COUNT).saturating_add(1));
    bytes.push(VERSION);
    for Count { account, incarnation, calls } in counts {
        bytes.extend(account.to_le_bytes());
        bytes.extend(incarnation.to_le_bytes());
        bytes.extend(calls.to_le_bytes());
    }
    bytes
}

fn decode(bytes: &[u8]) -> Result<Vec<Count>, Corrupt> {
    let Some((&VERSION, counts)) = bytes.split_first() else { return Err(Corrupt) };
    let (counts, rest) = counts.as_chunks::<COUNT>();
    if !rest.is_empty() || counts.len() > COUNTS {
        return Err(Corrupt);
    }
    counts.iter().map(|bytes| Count::decode(bytes).ok_or(Corrupt)).collect()
}

impl Count {
    fn decode(bytes: &[u8; COUNT]) -> Option<Self> {
        let (account, bytes) = bytes.split_first_chunk()?;
        let (incarnation, bytes) = bytes.split_first_chunk()?;
        let calls = bytes.first_chunk()?;
        Some(Self {
            account: u128::from_le_bytes(*account),
            incarnation: u64::from_le_bytes(*incarnation),
            calls: u32::from_le_bytes(*calls),
        })
    }
}

#[cfg(test)]
mod tests;
