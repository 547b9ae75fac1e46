//! What holds for every expression: nothing that an author writes brings the compiler down, what is computed at
//! configuration is what would be computed for the call, and errors follow the laws of logic.

use proptest::prelude::*;

use super::Call;
use crate::condition::{Condition, Conditions, Scope};

/// Pieces of expressions, put together with no sense at all.
const PIECES: &[&str] = &[
    "request",
    "auth",
    "source.ip",
    ".headers",
    ".query",
    ".claims",
    "['x-tier']",
    ".all(x, ",
    ".map(x, ",
    "x",
    ".exists(y, ",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":",
    ",",
    "?",
    " && ",
    " || ",
    "!",
    "-",
    " + ",
    " / ",
    " % ",
    " in ",
    " == ",
    " < ",
    "has(",
    "size(",
    "int(",
    "string(",
    "cidr('10.0.0.0/8')",
    ".containsIP(",
    ".split('')",
    ".matches('a+')",
    ".substring(1)",
    "'ä€😀'",
    "b'\\xff'",
    "9223372036854775807",
    "-9223372036854775808",
    "0",
    "1u",
    "1e308",
    "null",
    "true",
    "timestamp(0)",
    "duration('1h')",
    ".getHours()",
    "`a`",
    "// ",
    "\n",
    "\\",
    "\"",
    "§",
    "r'",
    "'''",
    "@",
    ".",
    "0x",
    "1.",
    "conditions.c",
    "dyn(",
    "type(",
    "google.protobuf.Timestamp",
    "é",
    "\u{0}",
];

fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..24).prop_map(|pieces| pieces.concat())
}

/// Arithmetic over the variables `a` to `d`, any of which may err.
fn arithmetic() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(&["a", "b", "c", "d"][..]).prop_map(str::to_owned);
    leaf.prop_recursive(4, 24, 2, |inner| {
        let sign = prop::sample::select(&["+", "-", "*", "/", "%"][..]);
        (inner.clone(), sign, inner).prop_map(|(one, sign, other)| format!("({one} {sign} {other})"))
    })
}

/// True, false, an error, or a matter of the call.
fn truth() -> impl Strategy<Value = String> {
    let leaves =
        &["true", "false", "1 / 0 == 1", "auth.authenticated", "auth.tenant == 'x'", "auth.subject == 'bob'"];
    let leaf = prop::sample::select(&leaves[..]).prop_map(str::to_owned);
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("({one} && {other})")),
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("({one} || {other})")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(one, then, other)| format!("({one} ? {then} : {other})")),
            inner.prop_map(|one| format!("!({one})")),
        ]
    })
}

fn outcome(source: &str) -> Option<bool> {
    super::compile(source).evaluate(&Call::default()).ok()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_brings_the_compiler_down(source in soup()) {
        let call = Call::default();
        if let Ok(condition) = Condition::compile(&source, Scope::Request, &Conditions::default()) {
            let _ = condition.evaluate(&call);
            if let Ok(value) = condition.value(&call) {
                value.write_key(&mut Vec::new());
            }
        }
    }

    #[test]
    fn what_is_computed_early_is_what_is_computed_late(
        source in arithmetic(),
        numbers in prop::array::uniform4(prop_oneof![Just(0), Just(i64::MAX), Just(i64::MIN), -9i64..9]),
    ) {
        let names = ["a", "b", "c", "d"];
        let bindings = names.iter().zip(numbers).map(|(name, number)| ((*name).to_owned(), number.into())).collect();
        let late = Condition::compile(&source, Scope::Dynamic(names.map(str::to_owned).into()), &Conditions::default());
        let late = late.unwrap();
        let literal = names.iter().zip(numbers).fold(source, |text, (name, number)| text.replace(name, &number.to_string()));
        let early = super::compile(&literal);
        prop_assert_eq!(
            format!("{:?}", early.value(&Call::default()).map_err(|error| error.kind)),
            format!("{:?}", late.value_of(&bindings).map_err(|error| error.kind))
        );
    }

    #[test]
    fn errors_follow_the_laws_of_logic(one in truth(), other in truth()) {
        prop_assert_eq!(outcome(&format!("({one}) && ({other})")), outcome(&format!("({other}) && ({one})")));
        prop_assert_eq!(outcome(&format!("({one}) || ({other})")), outcome(&format!("({other}) || ({one})")));
        prop_assert_eq!(outcome(&format!("!(({one}) && ({other}))")), outcome(&format!("!({one}) || !({other})")));
        prop_assert_eq!(outcome(&format!("!!({one})")), outcome(&one));
    }
}
