//! Tokens and key sets: a token on the first line, a key set on the rest. None is accepted that is not signed, nor one
//! that says it is over.

use std::sync::Arc;

use spangate_policy::token::{
    Audiences, Demands, Issuer, IssuerUrl, KeySet, KeySource, SignatureCheck, Untrusted, verify,
};

const NOW: i64 = 1_800_000_000;

/// Checks of signatures that always hold, or never.
struct Says(bool);

impl SignatureCheck for Says {
    fn holds(&self, _hash: &'static str, _key: &[u8], _message: &[u8], _signature: &[u8]) -> bool {
        self.0
    }
}

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (token, keys) = text.split_once('\n').unwrap_or((text, ""));
    let keys = Arc::new(KeySet::parse(keys).unwrap_or_default());
    let url = IssuerUrl::Exact("https://issuer.example".to_owned());
    let audiences = Audiences::OneOf(vec!["api".to_owned()]);
    let issuers = [Issuer::new(url, audiences, KeySource::Inline(Arc::clone(&keys)))];
    let demands = Demands { issuers: &[0], ..Demands::default() };
    let verdict = |says| {
        verify(token, &issuers, &demands, |_| Some(Arc::clone(&keys)), &Says(says), NOW, || Some([7; 32]))
    };
    assert!(verdict(false).is_err(), "accepted without a signature");
    if let Ok(verified) = verdict(true) {
        let token = Untrusted::parse(token).unwrap_or_else(|_| panic!("accepted, and it is no token"));
        let claim = |name: &str| token.claims().get(name);
        assert!(
            claim("exp").and_then(|at| at.as_f64()).is_some_and(|at| at > (NOW - 61) as f64),
            "it is over"
        );
        assert_eq!(claim("iss").and_then(|issuer| issuer.as_str()), Some("https://issuer.example"));
        assert!(keys.contains(verified.key()), "of a key that nobody has");
    }
}
