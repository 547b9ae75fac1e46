//! Patterns of `matches`: compiled within bounds, and linear in text times pattern when they run, whatever both are.
//! Most patterns of policies are short and about ASCII; those run on an automaton of their own, some ten times as
//! fast as the library, which has the last word on what a pattern means and takes all the rest.

mod automaton;
mod syntax;

use regex_lite::{Error, Regex, RegexBuilder};

use self::automaton::Automaton;

/// What a compiled pattern may take, in bytes.
const MAX_SIZE: usize = 256 * 1024;

const MAX_NESTING: u32 = 32;

#[derive(Clone, Debug)]
pub struct Pattern {
    regex: Regex,
    /// For texts of ASCII.
    automaton: Option<Automaton>,
}

impl Pattern {
    pub fn compile(source: &str) -> Result<Self, Error> {
        let regex = RegexBuilder::new(source).size_limit(MAX_SIZE).nest_limit(MAX_NESTING).build()?;
        Ok(Self { regex, automaton: syntax::parse(source).and_then(Automaton::new) })
    }

    pub fn is_match(&self, text: &str) -> bool {
        match &self.automaton {
            Some(automaton) if text.is_ascii() => automaton.is_match(text.as_bytes()),
            _ => self.regex.is_match(text),
        }
    }
}

#[cfg(test)]
mod tests;
