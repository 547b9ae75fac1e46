//! Where one piece of SQL ends and the next begins, as each dialect reads it: what is quoted, what is comment, what is
//! code. Follows ZetaSQL's `flex_tokenizer.l` and PostgreSQL's `scan.l`; what neither would take is one piece to the end.

mod googlesql;
mod postgresql;

use crate::Dialect;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token<'s> {
    Word(&'s str),
    /// `@name`, without the `@`.
    Parameter(&'s str),
    /// `$1`, without the `$`; PostgreSQL's.
    Position(&'s str),
    Semicolon,
    /// A string, bytes, a quoted name, a hint, or a sign.
    Other,
    /// Blank or comment.
    Space,
}

/// Every token with its own text; together the texts are the whole.
pub fn tokens(text: &str, dialect: Dialect) -> impl Iterator<Item = (Token<'_>, &str)> {
    let next = match dialect {
        Dialect::GoogleSql => googlesql::next,
        Dialect::PostgreSql => postgresql::next,
    };
    let mut at = 0;
    std::iter::from_fn(move || {
        let (before, rest) = text.split_at_checked(at)?;
        let (token, length) = next(before, rest)?;
        // A length is always that of whole characters; were it not, the rest would be one token.
        let source = rest.get(..length).unwrap_or(rest);
        at += source.len();
        Some((token, source))
    })
}

/// How many bytes from the front on are such characters.
fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

/// To the end of the line, which either dialect sees in a carriage return too.
fn line(text: &str) -> usize {
    run(text, |c| !matches!(c, '\n' | '\r'))
}

/// Where a text ends that begins after the first `open` bytes. With `escapes` a backslash keeps the next character.
fn closed(text: &str, open: usize, quote: &str, escapes: bool) -> usize {
    let mut at = open;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        if rest.starts_with(quote) {
            return at + quote.len();
        }
        let mut characters = rest.chars();
        match characters.next() {
            None => return text.len(),
            Some('\\') if escapes => at += 1 + characters.next().map_or(0, char::len_utf8),
            Some(character) => at += character.len_utf8(),
        }
    }
}
