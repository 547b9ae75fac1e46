//! Files are made of pieces whose quoting is known: where statements end is then known too.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// What quoting, commenting and ending is written with, and a little of what is not.
const SIGNS: &str = "[;'\"`$#@a-e1 \\\\\n\r/*é-]{0,12}";

#[derive(Clone, Debug)]
enum Piece {
    Code(String),
    Comment(String),
    Semicolon,
}

/// A text as the dialect quotes it, by every way that it has.
fn quoted_text(dialect: Dialect) -> BoxedStrategy<String> {
    let escaped = |text: String, quote: &str| {
        let text = text.replace('\\', "\\\\");
        quote.chars().next().map_or(text.clone(), |sign| text.replace(sign, &format!("\\{sign}")))
    };
    let doubled = |text: String, quote: &str| text.replace(quote, &quote.repeat(2));
    match dialect {
        Dialect::GoogleSql => {
            let quotes = select(vec!["'", "\"", "`", "'''", "\"\"\"", "r'", "b\"", "rB'''"]);
            (quotes, SIGNS)
                .prop_map(move |(open, text)| {
                    let quote = open.trim_start_matches(['r', 'b', 'B']);
                    format!("{open}{}{quote}", escaped(text, quote))
                })
                .boxed()
        }
        Dialect::PostgreSql => prop_oneof![
            (select(vec!["'", "\"", "b'", "U&'", "U&\""]), SIGNS).prop_map(move |(open, text)| {
                let quote = &open[open.len() - 1..];
                format!("{open}{}{quote}", doubled(text, quote))
            }),
            SIGNS.prop_map(move |text| format!("E'{}'", escaped(text, "'"))),
            (SIGNS, SIGNS).prop_map(move |(one, two)| format!(
                "E'{}' -- ;\n '{}'",
                escaped(one, "'"),
                doubled(two.replace('\\', "\\\\"), "'")
            )),
            ("[a-z_é]{0,3}", SIGNS).prop_map(|(tag, text)| {
                let sign = format!("${tag}$");
                // A text must neither hold the sign nor end with the beginning of it.
                format!("{sign}{} {sign}", text.replace('$', "|"))
            }),
            (select(vec!["$x$ $y$ ; $y$ $x$", "$$ $a$ ; $$", "$a$ $$ ; $a$"]).prop_map(str::to_owned)),
        ]
        .boxed(),
    }
}

fn comment(dialect: Dialect) -> BoxedStrategy<String> {
    let of_a_line = move |text: String| {
        let sign = if dialect == GoogleSql && text.len().is_multiple_of(2) { "#" } else { "--" };
        format!("{sign}{}\n", text.replace(['\n', '\r'], " "))
    };
    let of_many = move |text: String| {
        let text = text.replace(['*', '/', '@'], " ");
        if dialect == PostgreSql { format!("/*{text} /* ; */ ; */") } else { format!("/*{text} /* ; */") }
    };
    prop_oneof![SIGNS.prop_map(of_a_line), SIGNS.prop_map(of_many)].boxed()
}

fn pieces(dialect: Dialect) -> impl Strategy<Value = Vec<Piece>> {
    vec(
        prop_oneof![
            4 => quoted_text(dialect).prop_map(Piece::Code),
            2 => select(vec!["SELECT", "x$y$", "(", ",", "1", "-", "é"]).prop_map(|text| Piece::Code(text.to_owned())),
            2 => comment(dialect).prop_map(Piece::Comment),
            2 => Just(Piece::Semicolon),
        ],
        0..12,
    )
}

/// The file, and the statements that it holds.
fn written(pieces: &[Piece]) -> (String, Vec<String>) {
    let mut file = String::new();
    let mut statements = vec![String::new()];
    for piece in pieces {
        let current = statements.last_mut().unwrap();
        match piece {
            Piece::Semicolon => {
                file.push(';');
                statements.push(String::new());
                continue;
            }
            Piece::Comment(text) if current.is_empty() => file.push_str(text),
            Piece::Code(text) | Piece::Comment(text) => {
                file.push_str(text);
                current.push_str(text);
            }
        }
        file.push(' ');
        if let Some(current) = statements.last_mut().filter(|current| !current.is_empty()) {
            current.push(' ');
        }
    }
    let statements = statements.iter().map(|text| text.trim_end().to_owned());
    (file, statements.filter(|text| !text.is_empty()).collect())
}

fn of_both<T: std::fmt::Debug>(
    of: impl Fn(Dialect) -> BoxedStrategy<T>,
) -> impl Strategy<Value = (Dialect, T)> {
    prop_oneof![
        of(GoogleSql).prop_map(|value| (GoogleSql, value)),
        of(PostgreSql).prop_map(|value| (PostgreSql, value))
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_statement_ends_within_a_quote((dialect, pieces) in of_both(|dialect| pieces(dialect).boxed())) {
        let (file, expected) = written(&pieces);
        let actual: Vec<_> = statements(&file, dialect).into_iter().map(|statement| statement.text).collect();
        prop_assert_eq!(actual, expected, "{:?} {}", dialect, file);
    }

    /// Whatever the text is: nothing is lost, and what stands between statements is no code.
    #[test]
    fn nothing_is_lost((dialect, text) in of_both(|_| "[;'\"`$#@EeRr1 \\\\\n/*é-]{0,40}".boxed())) {
        let joined: String = tokens(&text, dialect).map(|(_, source)| source).collect();
        prop_assert_eq!(&joined, &text);
        // A quote that is never closed has the text's last blanks, which no statement has.
        let of_file = code(&text, dialect).filter(|word| *word != ";").map(str::trim_end);
        let statements = statements(&text, dialect);
        let of_statements = statements.iter().flat_map(|statement| code(&statement.text, dialect)).map(str::trim_end);
        prop_assert_eq!(of_statements.collect::<Vec<_>>(), of_file.collect::<Vec<_>>());
    }

    #[test]
    fn a_name_is_one_name_whatever_it_holds((dialect, name) in of_both(|_| SIGNS.boxed())) {
        let quoted = quoted(&name, dialect);
        prop_assert_eq!(code(&quoted, dialect).collect::<Vec<_>>(), [quoted.as_str()]);
        if dialect == PostgreSql {
            prop_assert_eq!(named(&quoted, dialect), name);
        }
    }

    /// No parameter is made of what is quoted, and none is lost by being numbered.
    #[test]
    fn quoted_texts_have_no_parameters((dialect, pieces) in of_both(|dialect| pieces(dialect).boxed())) {
        let (file, _) = written(&pieces);
        let Numbered { sql, parameters } = numbered(&file, dialect);
        prop_assert_eq!((sql, parameters), (file, Vec::new()));
    }
}
