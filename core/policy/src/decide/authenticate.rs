//! The step `authenticate`: one bearer token (RFC 6750, section 2.1), verified once and remembered.

use std::cell::OnceCell;
use std::rc::Rc;

use super::scene::Scene;
use super::{Caller, Host, Need, Progress, Verdict};
use crate::facts::{Call, Occurrence};
use crate::policy::Policy;
use crate::problem::Refusal;
use crate::reason::Reason;
use crate::token::{KeySource, Rejection, Verified, verify};

impl Policy {
    pub(super) fn authenticate(
        &self,
        issuers: &[usize],
        optional: bool,
        progress: &mut Progress,
        call: &impl Call,
        host: &mut impl Host,
    ) -> Verdict {
        let authorization = call.header("authorization");
        let token = match bearer(&authorization) {
            Ok(Some(token)) => token,
            Ok(None) if optional || progress.operation(self).is_some_and(|operation| operation.public) => {
                return Verdict::Pass;
            }
            Ok(None) => return self.challenge(Reason::TokenMissing),
            Err(reason) => return self.challenge(reason),
        };
        let now = i64::try_from(call.time().nanoseconds.div_euclid(1_000_000_000)).unwrap_or(i64::MAX);

        if let Some(caller) = host.known_caller(token) {
            return match self.still_good(&caller.token, issuers, now) {
                Ok(()) => {
                    progress.caller = Some(caller);
                    Verdict::Pass
                }
                Err(reason) => self.challenge(reason),
            };
        }
        let verified = verify(token, &self.issuers, issuers, |issuer| host.keys(issuer), host, now);
        match verified {
            Ok(verified) => {
                let caller = Rc::new(self.caller(verified, progress, call));
                host.remember_caller(token, &caller);
                progress.caller = Some(caller);
                Verdict::Pass
            }
            Err(Rejection::Refused(reason)) => self.challenge(reason),
            // The host tries to get keys once; that it could not is not the caller's fault, and no 401.
            Err(Rejection::KeysMissing(issuer)) if !progress.awaited_keys => {
                self.await_keys(issuer, progress)
            }
            Err(Rejection::KeysMissing(_)) => {
                Verdict::Refuse(Refusal::from(Reason::KeysUnavailable).header("retry-after", "5"))
            }
            Err(Rejection::KeyUnknown(issuer)) if !progress.awaited_keys && self.fetches_keys(issuer) => {
                self.await_keys(issuer, progress)
            }
            Err(Rejection::KeyUnknown(_)) => self.challenge(Reason::TokenKeyUnknown),
        }
    }

    fn await_keys(&self, issuer: usize, progress: &mut Progress) -> Verdict {
        progress.awaited_keys = true;
        Verdict::Need(Need::Keys { issuer })
    }

    fn fetches_keys(&self, issuer: usize) -> bool {
        self.issuers.get(issuer).is_some_and(|issuer| matches!(issuer.keys, KeySource::Fetched(_)))
    }

    /// A remembered token still has to be of an issuer that this step accepts, and in time.
    fn still_good(&self, token: &Verified, issuers: &[usize], now: i64) -> Result<(), Reason> {
        let issuer = self
            .issuers
            .get(token.issuer())
            .filter(|_| issuers.contains(&token.issuer()))
            .ok_or(Reason::TokenIssuerUnknown)?;
        token.in_time(issuer, now)
    }

    /// Roles see nothing but the identity, so they are decided once for each token.
    fn caller(&self, token: Verified, progress: &Progress, call: &impl Call) -> Caller {
        let scene = Scene::new(self, progress, call).identified(token.identity());
        let roles = self.roles.iter().map(|role| role.evaluate(&scene)).collect();
        Caller { token, roles, rendering: OnceCell::new() }
    }

    /// A refusal that says how to authenticate (RFC 6750, section 3).
    fn challenge(&self, reason: Reason) -> Verdict {
        let mut challenge = format!("Bearer realm=\"{}\"", self.name.replace(['"', '\\'], "_"));
        if reason != Reason::TokenMissing {
            challenge.push_str(", error=\"invalid_token\", error_description=\"");
            challenge.push_str(reason.detail());
            challenge.push('"');
        }
        Verdict::Refuse(Refusal::from(reason).header("www-authenticate", challenge))
    }
}

/// The token of the one credential. More than one, in whatever form, is refused: two readers might each take
/// another for the caller's.
fn bearer<'a>(authorization: &'a Occurrence<'_>) -> Result<Option<&'a str>, Reason> {
    let value = match authorization {
        Occurrence::Absent => return Ok(None),
        Occurrence::Repeated => return Err(Reason::TokenRepeated),
        Occurrence::Malformed => return Err(Reason::TokenMalformed),
        Occurrence::Once(value) => value.trim_matches(' '),
    };
    if value.contains(',') {
        return Err(Reason::TokenRepeated);
    }
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Ok(None);
    }
    let token = token.trim_start_matches(' ');
    if token.is_empty() || token.contains(|c: char| !c.is_ascii_graphic()) {
        return Err(Reason::TokenMalformed);
    }
    Ok(Some(token))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn check(value: &'static str, expected: Result<Option<&str>, Reason>) {
        assert_eq!(bearer(&Occurrence::Once(Cow::Borrowed(value))), expected, "{value}");
    }

    #[test]
    fn one_credential_in_any_legal_form() {
        check("Bearer a.b.c", Ok(Some("a.b.c")));
        check("bearer  a.b.c", Ok(Some("a.b.c")));
        check("BEARER a", Ok(Some("a")));
        check("Basic YTpi", Ok(None));
        check("", Ok(None));
        check("Bearer", Err(Reason::TokenMalformed));
        check("Bearer ", Err(Reason::TokenMalformed));
        check("Bearer a b", Err(Reason::TokenMalformed));
        check("Bearer a\tb", Err(Reason::TokenMalformed));
        check("Bearer a, Bearer b", Err(Reason::TokenRepeated));
        check("Bearer a,Basic b", Err(Reason::TokenRepeated));
        assert_eq!(bearer(&Occurrence::Repeated), Err(Reason::TokenRepeated));
        assert_eq!(bearer(&Occurrence::Malformed), Err(Reason::TokenMalformed));
        assert_eq!(bearer(&Occurrence::Absent), Ok(None));
    }
}
