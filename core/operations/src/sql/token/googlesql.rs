//! GoogleSQL: `#` and `--` to the end of a line, `/* */` that does not nest, strings with a backslash in one or three
//! quotes of either kind, names in backquotes.

use super::{Token, closed, line, run};

pub fn next<'s>(_before: &str, text: &'s str) -> Option<(Token<'s>, usize)> {
    let first = text.chars().next()?;
    if first.is_whitespace() {
        return Some((Token::Space, run(text, char::is_whitespace)));
    }
    if first == '#' || text.starts_with("--") {
        return Some((Token::Space, line(text)));
    }
    if text.starts_with("/*") {
        return Some((Token::Space, closed(text, 2, "*/", false)));
    }
    if first == ';' {
        return Some((Token::Semicolon, 1));
    }
    if let Some(end) = quoted(text) {
        return Some((Token::Other, end));
    }
    if let Some(name) = text.strip_prefix('@') {
        // `@@name` is a system variable, `@{…}` a hint.
        if let Some(variable) = name.strip_prefix('@') {
            return Some((Token::Other, 2 + run(variable, in_word)));
        }
        return Some(match name.get(..run(name, in_word)) {
            Some(name) if !name.is_empty() => (Token::Parameter(name), 1 + name.len()),
            _ => (Token::Other, 1),
        });
    }
    Some(match text.get(..run(text, in_word)) {
        Some(word) if !word.is_empty() => (Token::Word(word), word.len()),
        _ => (Token::Other, first.len_utf8()),
    })
}

fn in_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Where a string, bytes literal or quoted name that `text` begins with ends. Prefixes `r`, `b`, `rb` belong to
/// it; a backslash keeps the next character in a raw string too.
fn quoted(text: &str) -> Option<usize> {
    let prefix = run(text, |c| matches!(c, 'r' | 'R' | 'b' | 'B'));
    let body = text.get(prefix..)?;
    let quote = ["\"\"\"", "'''", "\"", "'", "`"].into_iter().find(|quote| body.starts_with(quote))?;
    if prefix > 2 || (quote == "`" && prefix > 0) {
        return None;
    }
    Some(closed(text, prefix + quote.len(), quote, true))
}
