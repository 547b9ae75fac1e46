//! No token that differs from a good one in a byte is accepted.

use proptest::prelude::*;
use serde_json::json;
use spangate_policy::token::Algorithm;

use super::{KEYS, good, issuer, verdict};

/// Where most encodings have spare bits: every other character at the end of each part, and beside each dot.
#[test]
fn at_the_ends_of_the_parts() {
    let issuer = issuer();
    for algorithm in Algorithm::ALL.map(Algorithm::name) {
        // Claims of three lengths, so that each part ends in each way that base64url can.
        for name in ["a", "al", "ali"] {
            let token = good(&KEYS, algorithm, json!({"sub": name}));
            let dots = token.match_indices('.').map(|(at, _)| at);
            let places: Vec<_> =
                dots.chain([token.len()]).flat_map(|end| [end.saturating_sub(1), end]).collect();
            for at in places.into_iter().filter(|at| *at < token.len()) {
                for other in (0..128_u8).map(char::from).filter(|other| !token[at..].starts_with(*other)) {
                    let mutant = format!("{}{other}{}", &token[..at], &token[at + 1..]);
                    assert_ne!(verdict(&mutant, &issuer), "accept", "{algorithm}: byte {at} as {other:?}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn anywhere(
        algorithm in prop::sample::select(vec!["RS256", "ES256", "ES384"]),
        at in any::<prop::sample::Index>(),
        change in prop_oneof![
            (0..128_u8).prop_map(|byte| Some(char::from(byte))),
            Just(None),
        ],
        insert in any::<bool>(),
    ) {
        let token = good(&KEYS, algorithm, json!({}));
        let at = at.index(token.len());
        let rest = if insert && change.is_some() { &token[at..] } else { &token[at + 1..] };
        let mutant = [&token[..at], &change.map(String::from).unwrap_or_default(), rest].concat();
        prop_assume!(mutant != token);
        prop_assert_ne!(verdict(&mutant, &issuer()), "accept");
    }
}
