//! Many cells in one bounded byte string, for shared memory whose entries can be swapped but never removed.
//!
//! A cell is forgotten only once it cannot be told from a new one. When a slot is full of cells that can, keys
//! that have none share the overflow cell of their rule: together they get no more than each may have alone.
//! A key that gets a cell of its own while that overflow lives begins with a copy of it, so that nobody ever
//! has a fresh burst for having been crowded out. When even overflow cells run out the answer is
//! [`Outcome::Unavailable`]: to let the call pass would be a guess.

use std::fmt;

use crate::{Cell, Key, Limit, Outcome, Take};

/// Most keys with a cell of their own.
pub const CELLS: usize = 16;

/// Most rules with an overflow cell.
pub const OVERFLOWS: usize = 4;

/// The layout below. A host makes it part of the slot's name, so that two versions of the module that share
/// memory keep apart.
pub const VERSION: u8 = 1;

/// Longest slot in bytes.
pub const MAX_BYTES: usize = HEADER + (CELLS + OVERFLOWS) * ENTRY;

const HEADER: usize = 3;
const ENTRY: usize = 64;

/// The bytes are no slot, or its cell is none of that limit. Nothing may be admitted on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corrupt;

impl fmt::Display for Corrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the shared limit state is corrupt")
    }
}

impl std::error::Error for Corrupt {}

/// Draws on the account of `key`. `bytes` is the slot as the host read it, absent when there is none yet; the
/// bytes returned, if any, are to be stored *if the slot is still as it was read*, and the outcome holds only
/// then. Without bytes nothing has changed: a flood of refused calls writes nothing.
pub fn take(
    bytes: Option<&[u8]>,
    key: &Key,
    limit: &Limit,
    now: u64,
    take: &Take,
) -> Result<(Option<Vec<u8>>, Outcome), Corrupt> {
    let mut slot = bytes.map_or(Ok(Slot::default()), Slot::decode)?;
    slot.forget(now);
    let Some(entry) = slot.entry(key, limit, now) else {
        return Ok((None, Outcome::Unavailable));
    };
    if !entry.cell.fits(limit) {
        return Err(Corrupt);
    }
    let (cell, outcome) = entry.cell.take(limit, now, take);
    entry.cell = cell;
    entry.full_at = cell.full_at(limit);
    let changed = take.settles() || take.draws() && matches!(outcome, Outcome::Granted(_));
    Ok((changed.then(|| slot.encode()), outcome))
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Entry {
    digest: u128,
    /// When this may be forgotten. Kept beside the cell because who cleans up does not know its limit.
    full_at: u64,
    cell: Cell,
}

#[derive(Debug, Default, PartialEq)]
pub(crate) struct Slot {
    cells: Vec<Entry>,
    overflows: Vec<Entry>,
}

impl Slot {
    fn forget(&mut self, now: u64) {
        self.cells.retain(|entry| now < entry.full_at);
        self.overflows.retain(|entry| now < entry.full_at);
    }

    /// The cell that answers for `key`: its own, a new one while there is room, else its rule's overflow.
    fn entry(&mut self, key: &Key, limit: &Limit, now: u64) -> Option<&mut Entry> {
        let known = self.cells.iter().position(|entry| entry.digest == key.account);
        if let Some(index) = known {
            return self.cells.get_mut(index);
        }
        let overflow = self.overflows.iter().position(|entry| entry.digest == key.rule);
        let cell = match overflow.and_then(|index| self.overflows.get(index)) {
            Some(overflow) => overflow.cell,
            None => Cell::full(limit, now),
        };
        if self.cells.len() < CELLS {
            return push(&mut self.cells, key.account, cell);
        }
        match overflow {
            Some(index) => self.overflows.get_mut(index),
            None if self.overflows.len() < OVERFLOWS => push(&mut self.overflows, key.rule, cell),
            None => None,
        }
    }

    /// Version, how many cells and overflows, then each as digest, instants, level and permits out, all
    /// little-endian.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let entries = self.cells.len().saturating_add(self.overflows.len());
        let mut bytes = Vec::with_capacity(entries.saturating_mul(ENTRY).saturating_add(HEADER));
        let count = |entries: &Vec<Entry>| u8::try_from(entries.len()).unwrap_or(u8::MAX);
        bytes.extend([VERSION, count(&self.cells), count(&self.overflows)]);
        for Entry { digest, full_at, cell } in self.cells.iter().chain(&self.overflows) {
            let Cell { level, updated, newer, older } = cell;
            bytes.extend(digest.to_le_bytes());
            bytes.extend(level.to_le_bytes());
            for number in [full_at, updated, newer, older] {
                bytes.extend(number.to_le_bytes());
            }
        }
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        let Some((&[VERSION, cells, overflows], entries)) = bytes.split_first_chunk::<HEADER>() else {
            return Err(Corrupt);
        };
        let (cells, overflows) = (usize::from(cells), usize::from(overflows));
        let (entries, rest) = entries.as_chunks::<ENTRY>();
        let whole = rest.is_empty() && cells.checked_add(overflows) == Some(entries.len());
        if !whole || cells > CELLS || overflows > OVERFLOWS {
            return Err(Corrupt);
        }
        let mut cells_then_overflows =
            entries.iter().map(Entry::decode).collect::<Option<Vec<_>>>().ok_or(Corrupt)?;
        let overflows = cells_then_overflows.split_off(cells);
        Ok(Self { cells: cells_then_overflows, overflows })
    }

    #[cfg(test)]
    pub(crate) fn forget_overflows(&mut self) {
        self.overflows.clear();
    }

    #[cfg(test)]
    pub(crate) fn cells_mut(&mut self) -> impl Iterator<Item = &mut Cell> {
        self.cells.iter_mut().chain(&mut self.overflows).map(|entry| &mut entry.cell)
    }
}

fn push(entries: &mut Vec<Entry>, digest: u128, cell: Cell) -> Option<&mut Entry> {
    // `full_at` follows once the cell has been drawn on.
    let index = entries.len();
    entries.push(Entry { digest, full_at: 0, cell });
    entries.get_mut(index)
}

impl Entry {
    fn decode(bytes: &[u8; ENTRY]) -> Option<Self> {
        let (digest, bytes) = bytes.split_first_chunk()?;
        let (level, bytes) = bytes.split_first_chunk()?;
        let (numbers, _) = bytes.as_chunks();
        let [full_at, updated, newer, older] = numbers.first_chunk()?.map(u64::from_le_bytes);
        let cell = Cell { level: u128::from_le_bytes(*level), updated, newer, older };
        Some(Self { digest: u128::from_le_bytes(*digest), full_at, cell })
    }
}

#[cfg(test)]
mod tests;
