//! Patterns of `matches`: compiled within bounds, and linear in text times pattern when they run, whatever both are.

use regex_lite::{Error, Regex, RegexBuilder};

/// What a compiled pattern may take, in bytes.
const MAX_SIZE: usize = 256 * 1024;

const MAX_NESTING: u32 = 32;

pub fn compile(source: &str) -> Result<Regex, Error> {
    RegexBuilder::new(source).size_limit(MAX_SIZE).nest_limit(MAX_NESTING).build()
}
