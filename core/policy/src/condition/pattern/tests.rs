//! The automaton against the library: what both take, both must take alike.

use proptest::prelude::*;

use super::Pattern;

#[test]
fn what_the_automaton_takes() {
    for (source, takes) in [
        ("^/storefront/v[0-9]+/customers/[0-9]+/orders$", true),
        ("ubb", true),
        ("^(?:a|b)+$", true),
        ("a{2,4}b*c?", true),
        (r"^[\w.-]+@example\.com$", true),
        ("", true),
        ("^$", true),
        (r"\$$", true),
        ("^a|b$", false),
        (r"\bword\b", false),
        (r"\<word\>", false),
        ("(?i)a", false),
        ("(?P<name>a)", false),
        ("ä", false),
        ("[[:alpha:]]", false),
        ("[a&&b]", false),
        ("a{65}", false),
        ("(a{8}){9}", false),
        (r"a\$", true),
        ("a$b", false),
        ("[]a]", false),
    ] {
        let pattern = Pattern::compile(source);
        let automaton = pattern.is_ok_and(|pattern| pattern.automaton.is_some());
        assert_eq!(automaton, takes, "{source}");
    }
}

/// Patterns of all that the automaton knows.
fn pattern() -> impl Strategy<Value = String> {
    const ATOMS: &[&str] = &[
        "a", "b", "-", "/", ".", r"\.", r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", r"\-", "[ab]", "[^a]",
        "[a-c0]", "[-a]", "[a-]", r"[\d_]", r"[^\w-]", "()", "(a|)", "[^-a]", "[a-b-]", r"\t", r"[\]a]", " ",
    ];
    let atom = prop::sample::select(ATOMS).prop_map(str::to_owned);
    let inner = atom.prop_recursive(4, 16, 3, |inner| {
        let quantifier = prop::sample::select(&["*", "+", "?", "{2}", "{0,2}", "{1,}", "*?", "{0}"][..]);
        prop_oneof![
            (inner.clone(), quantifier).prop_map(|(one, quantifier)| format!("(?:{one}){quantifier}")),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
            prop::collection::vec(inner, 2..4).prop_map(|parts| format!("({})", parts.join("|"))),
        ]
    });
    (any::<bool>(), inner, any::<bool>()).prop_map(|(start, inner, end)| {
        format!("{}{inner}{}", if start { "^" } else { "" }, if end { "$" } else { "" })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_automaton_agrees_with_the_library(source in pattern(), text in "[abc0_/. \t\n-]{0,12}|.{0,8}") {
        let pattern = Pattern::compile(&source).unwrap();
        prop_assert_eq!(pattern.is_match(&text), pattern.regex.is_match(&text));
    }

    #[test]
    fn any_pattern_means_what_the_library_says(source in r"[ab^$|().*+?{}\[\]\\0-9,&~:<>P=!-]{0,12}", text in "[ab0-]{0,8}") {
        if let Ok(pattern) = Pattern::compile(&source) {
            prop_assert_eq!(pattern.is_match(&text), pattern.regex.is_match(&text), "{}", source);
        }
    }
}
