//! One token: the values of the last row's page columns, sealed with what they belong to. It is worthless to
//! anyone else, for another operation or with other parameters, and after an hour.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use spangate_operations::{Bound, Operation, Source};
use spangate_proto::v1::Identity;

use super::Keys;
use crate::fingerprint::Fingerprint;

/// How long a token may be used. The pages behind it are read when they are asked for: nothing is held open.
pub const LIFETIME: Duration = Duration::from_secs(3600);
/// A key of Spanner has at most 8 KiB.
const LONGEST: usize = 16 * 1024;

/// What a token belongs to, hashed: operation, database, caller, and every parameter but those of paging itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope([u8; 32]);

impl Scope {
    pub fn new(
        operation: &Operation,
        database: &str,
        identity: Option<&Identity>,
        bound: &[Bound<'_>],
    ) -> Self {
        let size = operation.pages.as_ref().map(|pages| pages.size.as_str());
        let kept = |bound: &&Bound<'_>| {
            !matches!(bound.parameter.source, Source::Page(_)) && Some(bound.parameter.name.as_str()) != size
        };
        let print = Fingerprint::new("spangate page 1").text(&operation.name).text(database);
        let print = match identity {
            Some(Identity { issuer, subject, tenant, roles: _, scopes: _, claims: _ }) => {
                print.number(1).text(issuer).text(subject).optional(tenant.as_deref())
            }
            None => print.number(0),
        };
        Self(print.bound(bound.iter().filter(kept)).finish())
    }
}

/// The page columns' values as text, in the order of the operation's parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub values: Vec<String>,
}

impl Token {
    /// `now` is the time since the epoch. `None` if there is no randomness.
    pub fn seal(&self, keys: &Keys, scope: Scope, now: Duration) -> Option<String> {
        let expires = now.saturating_add(LIFETIME).as_secs();
        let mut plain = expires.to_be_bytes().to_vec();
        for value in &self.values {
            plain.extend(u32::try_from(value.len()).ok()?.to_be_bytes());
            plain.extend(value.as_bytes());
        }
        keys.seal(plain, &scope.0).map(|sealed| URL_SAFE_NO_PAD.encode(sealed))
    }

    /// `None` for what is forged, cut, another's or expired: which of these is nobody's business.
    pub fn open(text: &str, keys: &Keys, scope: Scope, now: Duration) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let plain = keys.open(&URL_SAFE_NO_PAD.decode(text).ok()?, &scope.0)?;
        let (expires, mut rest) = plain.split_first_chunk::<8>()?;
        if now.as_secs() >= u64::from_be_bytes(*expires) {
            return None;
        }
        let mut values = Vec::new();
        while let Some((length, after)) = rest.split_first_chunk::<4>() {
            let (value, after) =
                after.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
            values.push(String::from_utf8(value.to_vec()).ok()?);
            rest = after;
        }
        rest.is_empty().then_some(Self { values })
    }
}

#[cfg(test)]
mod tests {
    use super::super::keys::tests::keys;
    use super::*;

    const NOW: Duration = Duration::from_secs(1_000_000);

    fn token() -> Token {
        Token { values: vec!["o-17".to_owned(), String::new()] }
    }

    #[test]
    fn there_and_back_for_an_hour() {
        let (keys, scope) = (keys(1, None), Scope([7; 32]));
        let text = token().seal(&keys, scope, NOW).unwrap();
        let open = |after| Token::open(&text, &keys, scope, NOW + Duration::from_secs(after));
        assert_eq!((open(0), open(3599)), (Some(token()), Some(token())));
        assert_eq!(open(3600), None);
        assert_ne!(text, token().seal(&keys, scope, NOW).unwrap());
    }

    #[test]
    fn what_was_not_sealed_for_this_call_does_not_open() {
        let (keys, scope) = (keys(1, None), Scope([7; 32]));
        let text = token().seal(&keys, scope, NOW).unwrap();
        let open = |text: &str, scope| Token::open(text, &keys, scope, NOW);
        assert_eq!(open(&text, Scope([8; 32])), None);
        for (index, _) in text.char_indices() {
            assert_eq!(open(&text[..index], scope), None, "cut at {index}");
            let other = if text[index..].starts_with('A') { "B" } else { "A" };
            let forged = format!("{}{other}{}", &text[..index], &text[index + 1..]);
            assert_eq!(open(&forged, scope), None, "forged at {index}");
        }
        assert_eq!(open(&"A".repeat(LONGEST + 1), scope), None);
        assert_eq!(open("ä", scope), None);
    }

    #[test]
    fn keys_rotate() {
        let scope = Scope([7; 32]);
        let text = token().seal(&keys(1, None), scope, NOW).unwrap();
        assert_eq!(Token::open(&text, &keys(2, Some(1)), scope, NOW), Some(token()));
        assert_eq!(Token::open(&text, &keys(2, None), scope, NOW), None);
        let text = token().seal(&keys(2, Some(1)), scope, NOW).unwrap();
        assert_eq!(Token::open(&text, &keys(1, None), scope, NOW), None);
    }
}
