//! SQL of both dialects, looked into just far enough to tell code from strings and comments: where statements end, which
//! parameters they name, how they begin. Whether a statement is right, Spanner alone knows.

use crate::Dialect;

/// A statement of a file, and the line on which it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub line: usize,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'s> {
    Word(&'s str),
    /// Without the `@`.
    Parameter(&'s str),
    Semicolon,
    /// A string, bytes, or name in backquotes, or a sign.
    Other,
    /// Blank or comment.
    Space,
}

/// The statements of a file, which `;` ends; those of comments alone are left out.
pub fn statements(text: &str) -> Vec<Statement> {
    let mut statements = Vec::new();
    let mut current = String::new();
    let mut has_code = false;
    let mut begin = 1;
    let mut line = 1;
    for (token, source) in tokens(text) {
        match token {
            Token::Semicolon => {
                if has_code {
                    statements.push(Statement { line: begin, text: current.trim().to_owned() });
                }
                current.clear();
                has_code = false;
            }
            Token::Space if !has_code => {}
            Token::Space | Token::Word(_) | Token::Parameter(_) | Token::Other => {
                if !has_code {
                    begin = line;
                }
                has_code = true;
                current.push_str(source);
            }
        }
        line += source.matches('\n').count();
    }
    if has_code {
        statements.push(Statement { line: begin, text: current.trim().to_owned() });
    }
    statements
}

/// Names of the parameters that a statement uses, each once, in the order of the text. PostgreSQL numbers them: `$1` is
/// the parameter `p1`.
pub fn parameters(sql: &str, dialect: Dialect) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut after_sign = false;
    for (token, text) in tokens(sql) {
        let name = match (dialect, token) {
            (Dialect::GoogleSql, Token::Parameter(name)) => Some(name.to_owned()),
            (Dialect::PostgreSql, Token::Word(number))
                if after_sign && number.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                Some(format!("p{number}"))
            }
            _ => None,
        };
        after_sign = text == "$";
        if let Some(name) = name
            && !names.iter().any(|known| known.eq_ignore_ascii_case(&name))
        {
            names.push(name);
        }
    }
    names
}

/// Whether the statement changes rows.
pub fn is_dml(sql: &str) -> bool {
    let verbs = ["INSERT", "UPDATE", "DELETE"];
    verb(sql).is_some_and(|verb| verbs.iter().any(|known| known.eq_ignore_ascii_case(verb)))
}

/// Names of the columns that a DML statement returns, as far as its text tells: what `*` stands for it does not.
pub fn returned_columns(sql: &str) -> Vec<&str> {
    let code: Vec<&str> = code(sql).collect();
    let is = |word: &&str, wanted: &str| word.eq_ignore_ascii_case(wanted);
    let Some(start) = code.iter().enumerate().position(|(at, word)| {
        is(word, "RETURNING")
            || (is(word, "RETURN") && at > 0 && code.get(at - 1).is_some_and(|word| is(word, "THEN")))
    }) else {
        return Vec::new();
    };
    let mut columns = Vec::new();
    let mut depth = 0_usize;
    let mut last = None;
    for word in code.get(start + 1..).unwrap_or_default() {
        match *word {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            "," if depth == 0 => columns.extend(last.take()),
            _ if depth == 0 => last = Some(word.trim_matches(['`', '"'])),
            _ => {}
        }
    }
    columns.extend(last);
    columns.retain(|name| name.starts_with(|c: char| c.is_alphabetic() || c == '_'));
    columns
}

/// The first word, such as `SELECT`, whatever its case.
pub fn verb(sql: &str) -> Option<&str> {
    words(sql).next()
}

/// Whether a DML statement returns rows, by `THEN RETURN` or PostgreSQL's `RETURNING`.
pub fn returns_rows(sql: &str) -> bool {
    let words: Vec<_> = words(sql).collect();
    words.iter().any(|word| word.eq_ignore_ascii_case("RETURNING"))
        || words.windows(2).any(|pair| {
            matches!(pair, [then, r#return] if then.eq_ignore_ascii_case("THEN") && r#return.eq_ignore_ascii_case("RETURN"))
        })
}

/// The text of each token that is code: words, parameters, names and strings with their quotes, signs one by one.
pub fn code(sql: &str) -> impl Iterator<Item = &str> {
    tokens(sql).filter_map(|(token, text)| (token != Token::Space).then_some(text))
}

fn words(sql: &str) -> impl Iterator<Item = &str> {
    tokens(sql).filter_map(|(token, _)| match token {
        Token::Word(word) => Some(word),
        _ => None,
    })
}

/// Every token with its own text; together the texts are the whole.
fn tokens(text: &str) -> impl Iterator<Item = (Token<'_>, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (token, length) = next(rest)?;
        // A length is always that of whole characters; were it not, the rest would be one token.
        let (source, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        rest = after;
        Some((token, source))
    })
}

fn next(text: &str) -> Option<(Token<'_>, usize)> {
    let first = text.chars().next()?;
    let length = |end: Option<usize>| end.unwrap_or(text.len());
    if first.is_whitespace() {
        return Some((Token::Space, length(text.find(|c: char| !c.is_whitespace()))));
    }
    if first == '#' || text.starts_with("--") {
        return Some((Token::Space, length(text.find('\n'))));
    }
    if text.starts_with("/*") {
        return Some((Token::Space, length(text.find("*/").map(|at| at + 2))));
    }
    if first == ';' {
        return Some((Token::Semicolon, 1));
    }
    if let Some(end) = quoted(text) {
        return Some((Token::Other, end));
    }
    if let Some(name) = text.strip_prefix('@') {
        // `@@name` is a system variable, `@{…}` a hint.
        if name.starts_with('@') {
            return Some((Token::Other, 2 + word(name.get(1..).unwrap_or_default())));
        }
        let length = word(name);
        return match name.get(..length) {
            Some(name) if length > 0 => Some((Token::Parameter(name), length + 1)),
            _ => Some((Token::Other, 1)),
        };
    }
    match word(text) {
        0 => Some((Token::Other, first.len_utf8())),
        length => Some((text.get(..length).map_or(Token::Other, Token::Word), length)),
    }
}

fn word(text: &str) -> usize {
    text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len())
}

/// Where a string, bytes literal or quoted name that `text` begins with ends. Prefixes `r`, `b`, `rb` belong to
/// it; a backslash keeps the next character in a raw string too.
fn quoted(text: &str) -> Option<usize> {
    let prefix = text.find(|c: char| !matches!(c, 'r' | 'R' | 'b' | 'B'))?;
    let body = text.get(prefix..)?;
    let quote = ["\"\"\"", "'''", "\"", "'", "`"].into_iter().find(|quote| body.starts_with(quote))?;
    if prefix > 2 || (quote == "`" && prefix > 0) {
        return None;
    }
    let mut at = prefix + quote.len();
    loop {
        let rest = text.get(at..).unwrap_or_default();
        if rest.starts_with(quote) {
            return Some(at + quote.len());
        }
        let mut characters = rest.chars();
        match characters.next() {
            None => return Some(text.len()),
            Some('\\') => at += 1 + characters.next().map_or(0, char::len_utf8),
            Some(character) => at += character.len_utf8(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(usize, &str)]) {
        let actual = statements(text);
        let actual: Vec<_> =
            actual.iter().map(|statement| (statement.line, statement.text.as_str())).collect();
        assert_eq!(actual, expected, "{text}");
    }

    #[test]
    fn semicolons_in_strings_and_comments_end_nothing() {
        check(
            "-- head; er\nSELECT ';', \"a;'b\", `c;d`;\n\n/* ; */ INSERT x # ; y\n  VALUES ('it\\';s', r'\\';', '''a';'b''');\n;-- end",
            &[
                (2, "SELECT ';', \"a;'b\", `c;d`"),
                (4, "INSERT x # ; y\n  VALUES ('it\\';s', r'\\';', '''a';'b''')"),
            ],
        );
        check("SELECT 'open ; for ever", &[(1, "SELECT 'open ; for ever")]);
        check("", &[]);
        check("é;'é", &[(1, "é"), (1, "'é")]);
    }

    #[test]
    fn parameters_are_those_of_code() {
        let sql =
            "SELECT @@var, '@no', @yes /* @no */ FROM t@{FORCE_INDEX=i} WHERE a=@Limit OR b = @limit -- @no";
        assert_eq!(parameters(sql, Dialect::GoogleSql), ["yes", "Limit"]);
        let sql = "SELECT '$3', $1 FROM t WHERE a = $2 AND b = $1 AND c = @no -- $4";
        assert_eq!(parameters(sql, Dialect::PostgreSql), ["p1", "p2"]);
    }

    #[test]
    fn columns_that_come_back() {
        let columns = |sql| returned_columns(sql);
        assert_eq!(
            columns("INSERT INTO t (a) VALUES (1) THEN RETURN a, t.b, `c`, f(a, b) AS d, *"),
            ["a", "b", "c", "d"]
        );
        assert_eq!(columns("UPDATE t SET a = 1 WHERE b = 2 RETURNING \"a\", b x"), ["a", "x"]);
        assert_eq!(columns("DELETE FROM t WHERE a = 1"), [""; 0]);
    }

    #[test]
    fn code_is_what_is_neither_blank_nor_comment() {
        let code: Vec<_> = code("SELECT `a b`, @p /* ; */ FROM t.u -- x\nWHERE c='d;'").collect();
        assert_eq!(code, ["SELECT", "`a b`", ",", "@p", "FROM", "t", ".", "u", "WHERE", "c", "=", "'d;'"]);
    }

    #[test]
    fn verbs() {
        assert_eq!(verb("-- x\n  (select 1)"), Some("select"));
        assert_eq!(verb("@{hint=1} UPDATE t"), Some("hint"));
        assert!(returns_rows("INSERT x VALUES (1) THEN\n  /* */ return a"));
        assert!(!returns_rows("SELECT 'THEN RETURN'"));
    }
}
