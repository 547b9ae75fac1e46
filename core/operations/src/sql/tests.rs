use super::*;
use Dialect::{GoogleSql, PostgreSql};

mod properties;

fn check(dialect: Dialect, text: &str, expected: &[(usize, &str)]) {
    let actual = statements(text, dialect);
    let actual: Vec<_> = actual.iter().map(|statement| (statement.line, statement.text.as_str())).collect();
    assert_eq!(actual, expected, "{text}");
}

#[test]
fn semicolons_in_strings_and_comments_end_nothing() {
    check(
        GoogleSql,
        "-- head; er\nSELECT ';', \"a;'b\", `c;d`;\n\n/* ; */ INSERT x # ; y\n  VALUES ('it\\';s', r'\\';', '''a';'b''')\n;-- end",
        &[
            (2, "SELECT ';', \"a;'b\", `c;d`"),
            (4, "INSERT x # ; y\n  VALUES ('it\\';s', r'\\';', '''a';'b''')"),
        ],
    );
    for dialect in [GoogleSql, PostgreSql] {
        check(dialect, "SELECT 'open ; for ever", &[(1, "SELECT 'open ; for ever")]);
        check(dialect, "", &[]);
        check(dialect, "é;'é", &[(1, "é"), (1, "'é")]);
        check(dialect, "a -- x;\rb; c", &[(1, "a -- x;\rb"), (1, "c")]);
    }
}

#[test]
fn each_dialect_quotes_in_its_own_way() {
    for (text, of_googlesql, of_postgresql) in [
        // A backslash is nothing to PostgreSQL but in E'…', a doubled quote is nothing to GoogleSQL.
        (r"a '\'; b '", 1, 2),
        (r"a E'\'; b '", 1, 1),
        (r"name'\'; b '", 1, 2),
        ("a 'it''s; b'", 1, 1),
        ("a \"x\"\"y;\"; b", 2, 2),
        ("a 'x\n;' b; c", 2, 2),
        // Comments nest in PostgreSQL alone, and `#` is one in GoogleSQL alone.
        ("a /* /* */ ; */ b; c", 3, 2),
        ("a # b; c", 1, 2),
        // Texts between dollar signs; a `$` within a name begins none.
        ("a $$ ; $$; b", 3, 2),
        ("a $f$ ; $g$ ; $$ ; $f$; b", 5, 2),
        ("a$$ ; b$$", 2, 2),
        ("a $1$$ ; $$", 2, 1),
        // What goes on in a later line goes on as it began.
        ("a E'x'\n'\\'; b'", 1, 1),
        ("a E'x' -- y\n  '\\'; b'", 1, 1),
        ("a E'x' '\\'; b'", 1, 2),
        ("a 'x'\n'\\'; b'", 1, 2),
        ("a `;`; b", 2, 3),
        ("a /*@ h=';' */ b; c", 2, 2),
    ] {
        let count = |dialect| statements(text, dialect).len();
        assert_eq!((count(GoogleSql), count(PostgreSql)), (of_googlesql, of_postgresql), "{text}");
    }
}

fn check_parameters(dialect: Dialect, sql: &str, sent: &str, parameters: &[(&str, &str)]) {
    let numbered = numbered(sql, dialect);
    let actual: Vec<_> =
        numbered.parameters.iter().map(|(sent, name)| (sent.as_str(), name.as_str())).collect();
    assert_eq!((numbered.sql.as_str(), actual.as_slice()), (sent, parameters));
}

#[test]
fn parameters_are_those_of_code() {
    let sql =
        "SELECT @@var, '@no', @yes /* @no */ FROM t@{FORCE_INDEX=i} WHERE a=@Limit OR b = @limit -- @no";
    let sent = sql.replace("@limit", "@Limit");
    check_parameters(GoogleSql, sql, &sent, &[("yes", "yes"), ("Limit", "Limit")]);
    let sql = "SELECT '$3', $1, $$ $4 $$ FROM t WHERE a = $2 AND b = $1 -- $4";
    check_parameters(PostgreSql, sql, sql, &[("p1", "p1"), ("p2", "p2")]);
}

#[test]
fn postgresql_knows_numbers_where_the_author_names() {
    check_parameters(
        PostgreSql,
        "SELECT '@no', \"@no\", @yes FROM t WHERE a=@limit OR b <@ c OR b<@c OR @ d > 1 OR e = @yes /* @no */",
        "SELECT '@no', \"@no\", $1 FROM t WHERE a=$2 OR b <@ c OR b<@c OR @ d > 1 OR e = $1 /* @no */",
        &[("p1", "yes"), ("p2", "limit")],
    );
    check_parameters(
        PostgreSql,
        "SELECT @a, $2, @p2, $002, @p9",
        "SELECT $3, $2, $2, $2, $4",
        &[("p3", "a"), ("p2", "p2"), ("p4", "p9")],
    );
}

#[test]
fn columns_that_come_back() {
    assert_eq!(
        returned_columns("INSERT INTO t (a) VALUES (1) THEN RETURN a, t.B, `c`, f(a, b) AS d, *", GoogleSql),
        ["a", "B", "c", "d"]
    );
    assert_eq!(
        returned_columns("UPDATE t SET a = 1 WHERE b = 2 RETURNING A, \"A\", \"x\"\"y\", b X", PostgreSql),
        ["a", "A", "x\"y", "x"]
    );
    assert_eq!(returned_columns("DELETE FROM t WHERE a = 1", GoogleSql), [""; 0]);
    assert!(returns_unnamed("DELETE FROM t WHERE a = 1 * 2 THEN RETURN t.*", GoogleSql));
    assert!(!returns_unnamed("DELETE FROM t WHERE a = 1 * 2 THEN RETURN a", GoogleSql));
    assert!(returns_rows("INSERT x VALUES (1) THEN\n  /* */ return a", GoogleSql));
    assert!(!returns_rows("SELECT 'THEN RETURN'", GoogleSql));
    assert!(!returns_rows("INSERT INTO t VALUES ('RETURNING', $$ returning $$)", PostgreSql));
}

#[test]
fn code_is_what_is_neither_blank_nor_comment() {
    let code: Vec<_> = code("SELECT `a b`, @p /* ; */ FROM t.u -- x\nWHERE c='d;'", GoogleSql).collect();
    assert_eq!(code, ["SELECT", "`a b`", ",", "@p", "FROM", "t", ".", "u", "WHERE", "c", "=", "'d;'"]);
}

#[test]
fn verbs() {
    assert_eq!(verb("-- x\n  (select 1)", GoogleSql), Some("select"));
    assert_eq!(verb("@{hint=1} UPDATE t", GoogleSql), Some("UPDATE"));
    assert_eq!(verb("-- x\n@ { a.b='}', c=SELECT } @{d=1}UPDATE t", GoogleSql), Some("UPDATE"));
    assert_eq!(verb("@{hint=1", GoogleSql), None);
    assert_eq!(verb("/*@ hint=1 */ UPDATE t", PostgreSql), Some("UPDATE"));
    assert_eq!(verb("/* /* */ x */ UPDATE t", PostgreSql), Some("UPDATE"));
}

#[test]
fn a_quoted_name_is_one_name() {
    for dialect in [GoogleSql, PostgreSql] {
        for name in ["t", "a\"; DROP TABLE t; --", "b`; DROP TABLE t", "\\", "x\\`\"", ";", "é"] {
            let quoted = quoted(name, dialect);
            assert_eq!(code(&quoted, dialect).collect::<Vec<_>>(), [quoted.as_str()]);
        }
        assert_eq!(named(&quoted("Name", dialect), dialect), "Name");
    }
}
