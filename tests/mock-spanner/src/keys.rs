//! A key set: single keys, ranges and prefixes of keys.

use googleapis_tonic_google_spanner_v1::google::spanner::v1::{
    KeyRange, KeySet, key_range::EndKeyType, key_range::StartKeyType,
};
use prost_types::ListValue;

use crate::schema::Column;
use crate::store::Key;
use crate::value::Value;

pub struct Keys {
    all: bool,
    pub single: Vec<Key>,
    /// Start and end, each with whether it is included.
    ranges: Vec<((Key, bool), (Key, bool))>,
}

impl Keys {
    pub fn of(set: KeySet, columns: &[&Column]) -> Self {
        let KeySet { keys, ranges, all } = set;
        let key = |list: &ListValue| -> Key {
            let values = list.values.iter().zip(columns);
            values.map(|(wire, column)| Value::from_wire(wire, Some(&column.r#type))).collect()
        };
        let range = |range: &KeyRange| {
            let start = match &range.start_key_type {
                Some(StartKeyType::StartClosed(list)) => (key(list), true),
                Some(StartKeyType::StartOpen(list)) => (key(list), false),
                None => (Key::new(), true),
            };
            let end = match &range.end_key_type {
                Some(EndKeyType::EndClosed(list)) => (key(list), true),
                Some(EndKeyType::EndOpen(list)) => (key(list), false),
                None => (Key::new(), true),
            };
            (start, end)
        };
        Self { all, single: keys.iter().map(key).collect(), ranges: ranges.iter().map(range).collect() }
    }

    /// Whether single keys, all of them whole, are all that is asked for.
    pub fn are_points(&self, width: usize) -> bool {
        !self.all && self.ranges.is_empty() && self.single.iter().all(|key| key.len() == width)
    }

    pub fn contain(&self, key: &[Value]) -> bool {
        self.all
            || self.single.iter().any(|single| key.starts_with(single))
            || self.ranges.iter().any(|((start, closed_start), (end, closed_end))| {
                let (low, high) = (prefix(key, start.len()), prefix(key, end.len()));
                let after = if *closed_start { low >= start.as_slice() } else { low > start.as_slice() };
                let before = if *closed_end { high <= end.as_slice() } else { high < end.as_slice() };
                after && before
            })
    }
}

fn prefix(key: &[Value], length: usize) -> &[Value] {
    key.get(..length).unwrap_or(key)
}
