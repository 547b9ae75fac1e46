//! The step `authenticate`: one token, wherever the step says it stands, verified once and remembered.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::rc::Rc;

use serde_json::Value;

use super::progress::Progress;
use super::scene::Scene;
use super::step::Ruling;
use super::trace::{Place, Verdict};
use super::{Host, KeysSince, Need};
use crate::condition::EvaluationError;
use crate::document::{CredentialPlace, Mode};
use crate::facts::{Call, Occurrence};
use crate::policy::Policy;
use crate::problem::{Answer, Refusal};
use crate::reason::Reason;
use crate::step::{Authenticate, StepId};
use crate::token::{Demands, KeySource, Rejection, Verified, WELL_KNOWN, verify};

/// A verified token and the roles that its claims give.
#[derive(Debug)]
pub struct Caller {
    token: Verified,
    /// For each role of the policy.
    roles: Vec<Result<bool, EvaluationError>>,
    rendering: OnceCell<Vec<u8>>,
}

impl Caller {
    pub fn token(&self) -> &Verified {
        &self.token
    }

    /// Whether each role of the policy is held, in its order.
    pub fn roles(&self) -> &[Result<bool, EvaluationError>] {
        &self.roles
    }

    /// Bytes that it takes, roughly, for whoever remembers it.
    pub fn bytes(&self) -> usize {
        weight(&self.token.identity().claims).saturating_add(IDENTITY_BYTES)
    }

    /// What a host tells its upstream of this caller: made once for all calls with this token.
    pub fn rendered(&self, render: impl FnOnce(&Verified) -> Vec<u8>) -> &[u8] {
        self.rendering.get_or_init(|| render(&self.token))
    }
}

/// What a caller takes beside its claims: what was read from them, its key, its roles, what an upstream is told.
const IDENTITY_BYTES: usize = 1024;

/// Bytes of a claim, with what each text and each list costs the allocator.
fn weight(claim: &Value) -> usize {
    const OVERHEAD: usize = 48;
    let inner = match claim {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| weight(value).saturating_add(name.len())).sum()
        }
    };
    OVERHEAD.saturating_add(inner)
}

/// What asking for a token comes to.
enum Asked {
    Known(Rc<Caller>),
    /// There is none, and none is needed.
    Nobody,
    Refused(Refusal),
    Need(usize),
}

impl Policy {
    /// Whether a token is asked for is never a matter of trial: no mode changes it.
    pub(super) fn authenticate(
        &self,
        id: StepId,
        step: &Authenticate,
        progress: &mut Progress,
        call: &impl Call,
        host: &mut impl Host,
    ) -> Ruling {
        let place = Place::Step(id);
        match self.ask(step, progress, call, host) {
            Asked::Nobody => progress.record(place, Mode::Enforce, Verdict::Passed),
            Asked::Known(caller) => {
                progress.caller = Some(caller);
                if !step.forward {
                    progress.credentials.push(id);
                }
                progress.record(place, Mode::Enforce, Verdict::Passed);
            }
            Asked::Refused(refusal) => {
                progress.record(place, Mode::Enforce, Verdict::refused(&refusal, None));
                return Ruling::Refuse(refusal);
            }
            Asked::Need(issuer) => {
                progress.awaited_keys = true;
                progress.record(place, Mode::Enforce, Verdict::Awaited);
                return Ruling::Need(Need::Keys { issuer });
            }
        }
        Ruling::Pass
    }

    fn ask(&self, step: &Authenticate, progress: &Progress, call: &impl Call, host: &mut impl Host) -> Asked {
        let credential = credential(&step.from, call);
        let token = match credential.token().and_then(|token| only(token, &step.from, call)) {
            Ok(Some(token)) => token,
            Ok(None)
                if step.optional || progress.operation(self).is_some_and(|operation| operation.public) =>
            {
                return Asked::Nobody;
            }
            Ok(None) => return self.challenge(step, Reason::TokenMissing),
            Err(reason) => return self.challenge(step, reason),
        };
        let now = i64::try_from(call.time().nanoseconds.div_euclid(1_000_000_000)).unwrap_or(i64::MAX);
        let demands = Demands { issuers: &step.issuers, token_types: &step.token_types, bound: step.bound };
        let certificate = || call.peer_certificate();
        // One that is known as another issuer's may be of one that this step accepts, too.
        let known = host.known_caller(token).filter(|caller| step.issuers.contains(&caller.token.issuer()));
        if let Some(caller) = known {
            return match caller.token.stands(&self.issuers, &demands, now, certificate) {
                Ok(()) => Asked::Known(caller),
                Err(fault) => self.challenge(step, fault.reason()),
            };
        }
        let keys = |issuer| host.keys(issuer);
        match verify(token, &self.issuers, &demands, keys, host, now, certificate) {
            Ok(verified) => {
                let caller = Rc::new(self.caller(verified, progress, call));
                host.remember_caller(token, &caller);
                Asked::Known(caller)
            }
            Err(Rejection::Refused(fault)) => self.challenge(step, fault.reason()),
            // That the host could not get keys is not the caller's fault, and no 401.
            Err(Rejection::KeysMissing(issuer)) if !progress.awaited_keys => Asked::Need(issuer),
            Err(Rejection::KeysMissing(_)) => keys_unavailable(),
            Err(Rejection::KeyUnknown(issuer, fault)) => {
                if !self.fetches_keys(issuer) || host.knows_of_no_key(token) {
                    return self.challenge(step, fault.reason());
                }
                if !progress.awaited_keys {
                    return Asked::Need(issuer);
                }
                match host.keys_since(issuer) {
                    KeysSince::Fetched => {
                        host.remember_no_key(token);
                        self.challenge(step, fault.reason())
                    }
                    KeysSince::Awaited => Asked::Need(issuer),
                    KeysSince::Unavailable => keys_unavailable(),
                }
            }
        }
    }

    fn fetches_keys(&self, issuer: usize) -> bool {
        self.issuers.get(issuer).is_some_and(|issuer| matches!(issuer.keys, KeySource::Fetched(_)))
    }

    /// Roles see nothing but the identity, so they are decided once for each token.
    fn caller(&self, token: Verified, progress: &Progress, call: &impl Call) -> Caller {
        let scene = Scene::new(self, progress, call).identified(token.identity());
        let roles = self.roles.iter().map(|role| role.condition.evaluate(&scene)).collect();
        Caller { token, roles, rendering: OnceCell::new() }
    }

    /// A refusal that says how to authenticate (RFC 6750, section 3), and where to read about it (RFC 9728, section 5.1).
    fn challenge(&self, step: &Authenticate, reason: Reason) -> Asked {
        let mut challenge = format!("Bearer realm=\"{}\"", self.name.replace(['"', '\\'], "_"));
        if reason != Reason::TokenMissing {
            let error = if reason == Reason::TokenRepeated { "invalid_request" } else { "invalid_token" };
            for text in [", error=\"", error, "\", error_description=\"", reason.detail(), "\""] {
                challenge.push_str(text);
            }
        }
        let mut issuers = step.issuers.iter().filter_map(|issuer| self.issuers.get(*issuer));
        if let Some(metadata) = issuers.find_map(|issuer| issuer.resource_metadata.as_ref()) {
            challenge.push_str(&format!(", resource_metadata=\"{}\"", metadata.url));
        }
        Asked::Refused(Refusal::from(reason).header("www-authenticate", challenge))
    }

    /// The document of a resource, for clients that have no token yet. Whoever asks is answered, whatever the policy's
    /// steps.
    pub(super) fn resource_metadata(&self, call: &impl Call) -> Option<Answer> {
        if !call.path().starts_with(WELL_KNOWN) || !matches!(call.method(), "GET" | "HEAD") {
            return None;
        }
        let documents = || self.issuers.iter().filter_map(|issuer| issuer.resource_metadata.as_ref());
        let mut here = documents().filter(|metadata| metadata.url.path == call.path());
        // Behind another proxy a call's host may be none of the policy's: then the path alone tells.
        let url = &documents()
            .find(|metadata| metadata.url.path == call.path() && metadata.url.authority == call.authority())
            .or_else(|| here.next())?
            .url;
        let mut all = documents().filter(|metadata| metadata.url == *url);
        let mut document = all.next()?.clone();
        all.for_each(|other| document.join(other));
        Some(Answer {
            status: 200,
            headers: vec![
                ("content-type".into(), "application/json".to_owned()),
                // Public, and read by pages of any origin.
                ("access-control-allow-origin".into(), "*".to_owned()),
            ],
            body: Value::Object(document.members).to_string().into(),
        })
    }
}

fn keys_unavailable() -> Asked {
    Asked::Refused(Refusal::from(Reason::KeysUnavailable).header("retry-after", "5"))
}

/// A credential as it stands in the request.
enum Credential<'c> {
    /// After the name of its scheme.
    Bearer(Occurrence<'c>),
    Alone(Occurrence<'c>),
}

impl Credential<'_> {
    fn token(&self) -> Result<Option<&str>, Reason> {
        match self {
            Self::Bearer(authorization) => bearer(authorization),
            Self::Alone(Occurrence::Absent) => Ok(None),
            // Some clients write the scheme whatever the header's name.
            Self::Alone(Occurrence::Once(value)) => match bearer_token(value.trim_matches(' ')) {
                Some(token) => alone(token).map(Some),
                None => alone(value).map(Some),
            },
            Self::Alone(Occurrence::Repeated) => Err(Reason::TokenRepeated),
            Self::Alone(Occurrence::Malformed) => Err(Reason::TokenMalformed),
        }
    }
}

fn credential<'c>(from: &CredentialPlace, call: &'c impl Call) -> Credential<'c> {
    match from {
        CredentialPlace::Bearer => Credential::Bearer(call.header("authorization")),
        CredentialPlace::Header(name) => Credential::Alone(call.header(name)),
        CredentialPlace::Query(name) => Credential::Alone(call.query(name)),
        CredentialPlace::Cookie(name) => Credential::Alone(cookie(call, name)),
    }
}

/// A cookie by its name (RFC 6265, section 4.2.1), over all the headers that hold cookies.
fn cookie<'c>(call: &'c impl Call, name: &str) -> Occurrence<'c> {
    let mut found = Occurrence::Absent;
    for (header, value) in call.headers() {
        if header != "cookie" {
            continue;
        }
        let Some(cookies) = value else { return Occurrence::Malformed };
        for cookie in cookies.split(';') {
            let Some((key, value)) = cookie.trim().split_once('=') else { continue };
            if key == name {
                if found != Occurrence::Absent {
                    return Occurrence::Repeated;
                }
                found = Occurrence::Once(Cow::Owned(value.to_owned()));
            }
        }
    }
    found
}

/// A client must not send its token in two ways at once (RFC 6750, section 2). A header of another name is another
/// scheme: what stands beside it is not for us.
fn only<'t>(
    token: Option<&'t str>,
    from: &CredentialPlace,
    call: &impl Call,
) -> Result<Option<&'t str>, Reason> {
    let elsewhere = matches!(from, CredentialPlace::Cookie(_) | CredentialPlace::Query(_))
        && !matches!(bearer(&call.header("authorization")), Ok(None));
    if token.is_some() && elsewhere { Err(Reason::TokenRepeated) } else { Ok(token) }
}

fn alone(token: &str) -> Result<&str, Reason> {
    if !token.is_empty() && is_one_word(token.as_bytes()) {
        Ok(token)
    } else if token.contains([',', ' ']) {
        Err(Reason::TokenRepeated)
    } else {
        Err(Reason::TokenMalformed)
    }
}

/// Whether there is nothing but visible ASCII without commas: eight bytes at a time, since every call has a token
/// and a token has many hundred.
fn is_one_word(bytes: &[u8]) -> bool {
    const EACH: u64 = u64::MAX / 0xff;
    const TOP_BITS: u64 = EACH << 7;
    // The top bit of some byte is set where a byte is one that must not be there.
    let strange = |word: [u8; 8]| {
        let word = u64::from_le_bytes(word);
        let commas = word ^ (EACH * 0x2c);
        let is_comma = commas.wrapping_sub(EACH) & !commas;
        let is_below_visible = word.wrapping_sub(EACH * 0x21) & !word;
        let is_above_visible = word.wrapping_add(EACH) | word;
        (is_comma | is_below_visible | is_above_visible) & TOP_BITS
    };
    let (words, rest) = bytes.as_chunks::<8>();
    let mut last = [b'x'; 8];
    last.iter_mut().zip(rest).for_each(|(into, byte)| *into = *byte);
    words.iter().fold(strange(last), |seen, word| seen | strange(*word)) == 0
}

/// What follows the name of the scheme, if it is ours (RFC 9110, section 11.1: in any case).
fn bearer_token(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start_matches(' '))
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
    if let Some(token) = bearer_token(value) {
        return alone(token).map(Some);
    }
    // Parameters of other schemes have commas too.
    let is_bearer =
        |part: &str| part.split_whitespace().next().is_some_and(|word| word.eq_ignore_ascii_case("bearer"));
    if value.split(',').any(is_bearer) { Err(Reason::TokenRepeated) } else { Ok(None) }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn check(value: &'static str, expected: Result<Option<&str>, Reason>) {
        assert_eq!(bearer(&Occurrence::Once(Cow::Borrowed(value))), expected, "{value}");
    }

    /// Each byte at each place of a word, beside a byte of every kind.
    #[test]
    fn eight_bytes_at_once_are_judged_as_one_by_one() {
        let plain = |byte: &u8| byte.is_ascii_graphic() && *byte != b',';
        for length in 0..18 {
            for place in 0..length {
                for (byte, others) in
                    (0..=255).flat_map(|byte| [b'x', b'!', b'~', b','].map(|other| (byte, other)))
                {
                    let mut bytes = vec![others; length];
                    bytes[place] = byte;
                    assert_eq!(is_one_word(&bytes), bytes.iter().all(plain), "{bytes:?}");
                }
            }
        }
        assert!(is_one_word(b""));
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
        check("Bearer a b", Err(Reason::TokenRepeated));
        check("bearer  a  Bearer b", Err(Reason::TokenRepeated));
        check("Basic YTpi, bearer b", Err(Reason::TokenRepeated));
        check("Basic YTpi,Bearer b", Err(Reason::TokenRepeated));
        check("Digest username=\"a\", realm=\"b\"", Ok(None));
        check("Bearer a\tb", Err(Reason::TokenMalformed));
        check("Bearer a, Bearer b", Err(Reason::TokenRepeated));
        check("Bearer a,Basic b", Err(Reason::TokenRepeated));
        assert_eq!(bearer(&Occurrence::Repeated), Err(Reason::TokenRepeated));
        assert_eq!(bearer(&Occurrence::Malformed), Err(Reason::TokenMalformed));
        assert_eq!(bearer(&Occurrence::Absent), Ok(None));
    }
}
