//! SQL of both dialects, looked into just far enough to tell code from strings and comments: where statements end, which
//! parameters they name, how they begin. Whether a statement is right, Spanner alone knows.

#[cfg(test)]
mod tests;
mod token;

use crate::Dialect;
use token::{Token, tokens};

/// A statement of a file, and the line on which it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub line: usize,
    pub text: String,
}

/// The statements of a file, which `;` ends; those of comments alone are left out.
pub fn statements(text: &str, dialect: Dialect) -> Vec<Statement> {
    let mut statements = Vec::new();
    let mut line = 1;
    let mut begun: Option<(usize, usize)> = None;
    let mut end = |begun: Option<(usize, usize)>, at: usize| {
        if let Some((line, begin)) = begun
            && let Some(text) = text.get(begin..at)
        {
            statements.push(Statement { line, text: text.trim_end().to_owned() });
        }
    };
    let mut at = 0;
    for (token, source) in tokens(text, dialect) {
        match token {
            Token::Semicolon => end(begun.take(), at),
            Token::Space => {}
            Token::Word(_) | Token::Parameter(_) | Token::Position(_) | Token::Other => {
                begun.get_or_insert((line, at));
            }
        }
        at += source.len();
        line += source.matches('\n').count();
    }
    end(begun, at);
    statements
}

/// A statement as Spanner is sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbered {
    pub sql: String,
    /// Each once: the name under which its value travels, and the one by which the document declares it.
    pub parameters: Vec<(String, String)>,
}

/// Looks a statement's parameters up, in the order of the text. PostgreSQL has only numbers, `$1`, of which the client
/// speaks as `p1`; a name, `@limit`, is given the next number that the statement does not use.
pub fn numbered(sql: &str, dialect: Dialect) -> Numbered {
    let positions = tokens(sql, dialect).filter_map(|(token, _)| match token {
        Token::Position(number) => number.parse::<u32>().ok(),
        _ => None,
    });
    let mut last = positions.max().unwrap_or(0);
    let mut numbered = Numbered { sql: String::with_capacity(sql.len()), parameters: Vec::new() };
    for (token, text) in tokens(sql, dialect) {
        match (dialect, token) {
            (_, Token::Position(number)) => {
                let name = format!("p{}", number.trim_start_matches('0'));
                numbered.learn(&name, dialect, || name.clone());
            }
            (Dialect::GoogleSql, Token::Parameter(name)) => {
                numbered.learn(name, dialect, || name.to_owned());
            }
            (Dialect::PostgreSql, Token::Parameter(name)) => numbered.learn(name, dialect, || {
                last += 1;
                format!("p{last}")
            }),
            (_, Token::Word(_) | Token::Semicolon | Token::Other | Token::Space) => {
                numbered.sql.push_str(text);
            }
        }
    }
    numbered
}

impl Numbered {
    /// Writes a parameter as it travels; one that is not known yet travels as `sent_as` says.
    fn learn(&mut self, name: &str, dialect: Dialect, sent_as: impl FnOnce() -> String) {
        let known = self.parameters.iter().find(|(_, known)| known.eq_ignore_ascii_case(name));
        let sent = match known {
            Some((sent, _)) => sent.clone(),
            None => {
                let sent = sent_as();
                self.parameters.push((sent.clone(), name.to_owned()));
                sent
            }
        };
        self.sql.push_str(&dialect.sign(&sent));
    }
}

/// Whether the statement changes rows.
pub fn is_dml(sql: &str, dialect: Dialect) -> bool {
    let verbs = ["INSERT", "UPDATE", "DELETE"];
    verb(sql, dialect).is_some_and(|verb| verbs.iter().any(|known| known.eq_ignore_ascii_case(verb)))
}

/// Names of the columns that a DML statement returns, as far as its text tells: what `*` stands for it does not.
pub fn returned_columns(sql: &str, dialect: Dialect) -> Vec<String> {
    let code: Vec<&str> = code(sql, dialect).collect();
    let mut columns = Vec::new();
    let mut depth = 0_usize;
    let mut last = None;
    for word in returning(&code).unwrap_or_default() {
        match *word {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            "," if depth == 0 => columns.extend(last.take()),
            word if depth == 0 => last = Some(word),
            _ => {}
        }
    }
    columns.extend(last);
    let is_name = |word: &&str| word.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '`' | '"'));
    columns.into_iter().filter(is_name).map(|word| named(word, dialect)).collect()
}

/// Whether a DML statement may return columns that its text does not name: those of a `*`.
pub fn returns_unnamed(sql: &str, dialect: Dialect) -> bool {
    returning(&code(sql, dialect).collect::<Vec<_>>()).is_some_and(|columns| columns.contains(&"*"))
}

/// Whether a DML statement returns rows, by `THEN RETURN` or PostgreSQL's `RETURNING`.
pub fn returns_rows(sql: &str, dialect: Dialect) -> bool {
    returning(&code(sql, dialect).collect::<Vec<_>>()).is_some()
}

/// What stands after `THEN RETURN` or `RETURNING`.
fn returning<'c, 's>(code: &'c [&'s str]) -> Option<&'c [&'s str]> {
    let is = |word: &str, wanted: &str| word.eq_ignore_ascii_case(wanted);
    let of_googlesql = code
        .windows(2)
        .position(|pair| matches!(pair, [then, r#return] if is(then, "THEN") && is(r#return, "RETURN")));
    let start = match of_googlesql {
        Some(at) => at + 2,
        None => code.iter().position(|word| is(word, "RETURNING"))? + 1,
    };
    code.get(start..)
}

/// The first word after any hint, such as `SELECT`, whatever its case.
pub fn verb(sql: &str, dialect: Dialect) -> Option<&str> {
    let mut code = tokens(sql, dialect).filter(|(token, _)| *token != Token::Space).peekable();
    loop {
        match code.next()? {
            (Token::Word(word), _) => return Some(word),
            // `@{…}`, whose words are of no statement; PostgreSQL's hint is one token.
            (Token::Other, "@") if code.next_if(|(_, text)| *text == "{").is_some() => {
                code.find(|(_, text)| *text == "}");
            }
            _ => {}
        }
    }
}

/// The text of each token that is code: words, parameters, names and strings with their quotes, signs one by one.
pub fn code(sql: &str, dialect: Dialect) -> impl Iterator<Item = &str> {
    tokens(sql, dialect).filter_map(|(token, text)| (token != Token::Space).then_some(text))
}

/// What a name in code, quoted or not, is the name of. PostgreSQL reads one without quotes in lower case.
pub fn named(word: &str, dialect: Dialect) -> String {
    let within = |quote| word.strip_prefix(quote).and_then(|rest: &str| rest.strip_suffix(quote));
    match dialect {
        Dialect::GoogleSql => within('`').unwrap_or(word).to_owned(),
        Dialect::PostgreSql => {
            within('"').map_or_else(|| word.to_lowercase(), |name| name.replace("\"\"", "\""))
        }
    }
}

/// A name as SQL has it, whatever it holds.
pub fn quoted(name: &str, dialect: Dialect) -> String {
    match dialect {
        Dialect::GoogleSql => format!("`{}`", name.replace('\\', "\\\\").replace('`', "\\`")),
        Dialect::PostgreSql => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}
