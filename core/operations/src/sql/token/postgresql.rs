//! PostgreSQL: `--` to the end of a line, `/* */` that nests, strings without a backslash unless they are `E'…'`, texts
//! between dollar signs, names in double quotes, `$1`. Beside that `@name`, which is Spangate's own.

use super::{Token, closed, line, run};

pub fn next<'s>(before: &str, text: &'s str) -> Option<(Token<'s>, usize)> {
    let first = text.chars().next()?;
    let other = |length| Some((Token::Other, length));
    match first {
        c if is_space(c) => Some((Token::Space, run(text, is_space))),
        ';' => Some((Token::Semicolon, 1)),
        // Spanner's hints look like comments, and are none.
        '/' if text.starts_with("/*@") => other(comment(text)),
        '/' if text.starts_with("/*") => Some((Token::Space, comment(text))),
        '-' if text.starts_with("--") => Some((Token::Space, line(text))),
        '\'' => other(quoted(text, 1, "'", false)),
        '"' => other(quoted(text, 1, "\"", false)),
        'e' | 'E' if text.get(1..).is_some_and(|text| text.starts_with('\'')) => other(escaped(text)),
        '$' => Some(dollar(text)),
        // `<@` and `@@` are operators whole.
        '@' if !before.ends_with(['<', '@']) => {
            let name = text.get(1..).unwrap_or_default();
            let named = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
            let length = run(name, |c| c.is_ascii_alphanumeric() || c == '_');
            match name.get(..length).filter(|_| named) {
                Some(name) => Some((Token::Parameter(name), 1 + length)),
                None => other(1),
            }
        }
        c if c.is_ascii_digit() => word(text, in_tag),
        c if in_tag(c) => word(text, |c| in_tag(c) || c == '$'),
        c => other(c.len_utf8()),
    }
}

fn word(text: &str, belongs: impl Fn(char) -> bool) -> Option<(Token<'_>, usize)> {
    let word = text.get(..run(text, belongs))?;
    Some((Token::Word(word), word.len()))
}

/// Of ASCII alone: any other blank is a letter here.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}')
}

fn in_tag(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii()
}

/// Comments nest.
fn comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            match rest.chars().next() {
                Some(c) => at += c.len_utf8(),
                None => break,
            }
        }
    }
    text.len()
}

/// In which a doubled quote is one of the text's own.
fn quoted(text: &str, open: usize, quote: &str, escapes: bool) -> usize {
    let mut end = closed(text, open, quote, escapes);
    while text.get(end..).is_some_and(|rest| rest.starts_with(quote)) {
        end = closed(text, end + quote.len(), quote, escapes);
    }
    end
}

/// `E'…'`, and what goes on with it: a string that begins on a later line belongs to the one before, and escapes as
/// that one does.
fn escaped(text: &str) -> usize {
    let mut end = quoted(text, 2, "'", true);
    while let Some(rest) = text.get(end..) {
        let blank = between(rest);
        let on_a_later_line = rest.get(..blank).is_some_and(|blank| blank.contains(['\n', '\r']));
        if !on_a_later_line || !rest.get(blank..).is_some_and(|rest| rest.starts_with('\'')) {
            break;
        }
        end = quoted(text, end + blank + 1, "'", true);
    }
    end
}

/// Blanks and comments of a line, which may part a string from the next piece of it.
fn between(text: &str) -> usize {
    let mut at = 0;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let length = if rest.starts_with("--") { line(rest) } else { run(rest, is_space) };
        if length == 0 {
            return at;
        }
        at += length;
    }
}

/// `$1`, `$$…$$`, `$tag$…$tag$`, or a sign.
fn dollar(text: &str) -> (Token<'_>, usize) {
    let rest = text.get(1..).unwrap_or_default();
    let digits = run(rest, |c| c.is_ascii_digit());
    if let Some(position) = rest.get(..digits).filter(|digits| !digits.is_empty()) {
        return (Token::Position(position), 1 + digits);
    }
    let tag = run(rest, in_tag);
    match text.get(..tag + 2).filter(|open| open.ends_with('$')) {
        Some(open) => (Token::Other, closed(text, open.len(), open, false)),
        None => (Token::Other, 1),
    }
}
