//! Verifying a token (RFC 7519, 7515, 8725): structure, issuer, key, signature, and only then its claims, so
//! that a refusal tells a forger nothing about them.

use base64ct::{Base64UrlUnpadded, Encoding};
use jwt_compact::{Algorithm as _, AlgorithmSignature as _, UntrustedToken};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use spangate_document::from_json;

use super::algorithm::{Algorithm, Delegated, PublicKey, RawSignature, SignatureCheck};
use super::claims::{claim, numeric_date, text, words};
use super::identity::Identity;
use super::issuer::Issuer;
use super::keys::KeySet;
use crate::reason::Reason;

/// Longest token that is looked at, in bytes.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// A token whose signature and claims hold. Nothing but [`verify`] makes one.
#[derive(Clone, Debug)]
pub struct Verified {
    identity: Identity,
    issuer: usize,
    key: PublicKey,
    not_before: Option<i64>,
}

impl Verified {
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Index of its issuer in the policy.
    pub fn issuer(&self) -> usize {
        self.issuer
    }

    /// The key that verified it: once that is withdrawn, so is this.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Whether its times still hold.
    pub fn in_time(&self, issuer: &Issuer, now: i64) -> Result<(), Reason> {
        let skew = seconds(issuer.clock_skew);
        if self.identity.expires.saturating_add(skew) <= now {
            return Err(Reason::TokenExpired);
        }
        if self.not_before.is_some_and(|not_before| not_before.saturating_sub(skew) > now) {
            return Err(Reason::TokenNotYetValid);
        }
        Ok(())
    }
}

/// Why a token was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    Refused(Reason),
    /// The issuer with this index has no keys yet.
    KeysMissing(usize),
    /// None of this issuer's keys fits: newer ones may.
    KeyUnknown(usize),
}

impl From<Reason> for Rejection {
    fn from(reason: Reason) -> Self {
        Self::Refused(reason)
    }
}

/// Header parameters that would change what the token means; none is supported (RFC 7515, section 4.1.11).
#[derive(Clone, Debug, Deserialize)]
struct Extensions {
    crit: Option<IgnoredAny>,
    b64: Option<IgnoredAny>,
    zip: Option<IgnoredAny>,
    enc: Option<IgnoredAny>,
}

/// Verifies `token` against those of `issuers` whose indices `accepted` names. `keys` gives an issuer's keys,
/// `now` is in seconds since 1970.
pub fn verify<K: std::borrow::Borrow<KeySet>>(
    token: &str,
    issuers: &[Issuer],
    accepted: &[usize],
    keys: impl Fn(usize) -> Option<K>,
    check: &(impl SignatureCheck + ?Sized),
    now: i64,
) -> Result<Verified, Rejection> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(Reason::TokenMalformed.into());
    }
    let untrusted: UntrustedToken<'_, Extensions> =
        token.try_into().map_err(|_| Rejection::Refused(Reason::TokenMalformed))?;
    let claims = strict_parts(token).ok_or(Reason::TokenMalformed)?;
    let header = untrusted.header();
    let Extensions { crit, b64, zip, enc } = &header.other_fields;
    if [crit, b64, zip, enc].into_iter().any(Option::is_some) {
        return Err(Reason::TokenMalformed.into());
    }

    let claimed = claims.get("iss").and_then(Value::as_str).ok_or(Reason::TokenIssuerUnknown)?;
    let (index, issuer) = accepted
        .iter()
        .filter_map(|index| Some((*index, issuers.get(*index)?)))
        .find(|(_, issuer)| issuer.url == claimed)
        .ok_or(Reason::TokenIssuerUnknown)?;

    let algorithm = Algorithm::from_name(untrusted.algorithm())
        .filter(|algorithm| issuer.algorithms.contains(algorithm))
        .ok_or(Reason::TokenAlgorithmRefused)?;
    let set = keys(index).ok_or(Rejection::KeysMissing(index))?;
    let key =
        signing_key(token, &untrusted, algorithm, set.borrow(), check).map_err(|fault| match fault {
            KeyFault::Unknown => Rejection::KeyUnknown(index),
            KeyFault::Signature => Reason::TokenSignatureInvalid.into(),
        })?;

    let verified = accept(issuer, index, key, claims, header.token_type.as_deref(), now)?;
    Ok(verified)
}

enum KeyFault {
    Unknown,
    Signature,
}

/// The key under which the signature holds.
fn signing_key(
    token: &str,
    untrusted: &UntrustedToken<'_, Extensions>,
    algorithm: Algorithm,
    set: &KeySet,
    check: &(impl SignatureCheck + ?Sized),
) -> Result<PublicKey, KeyFault> {
    let (signed, _) = token.rsplit_once('.').ok_or(KeyFault::Signature)?;
    let signature =
        RawSignature::try_from_slice(untrusted.signature_bytes()).map_err(|_| KeyFault::Signature)?;
    let algorithm_check = Delegated { algorithm, check };
    let mut known = false;
    for key in set.candidates(untrusted.header().key_id.as_deref(), algorithm) {
        known = true;
        if algorithm_check.verify_signature(&signature, key.public(), signed.as_bytes()) {
            return Ok(key.public().clone());
        }
    }
    Err(if known { KeyFault::Signature } else { KeyFault::Unknown })
}

/// The claims, once the signature holds.
fn accept(
    issuer: &Issuer,
    index: usize,
    key: PublicKey,
    claims: Map<String, Value>,
    token_type: Option<&str>,
    now: i64,
) -> Result<Verified, Reason> {
    if !issuer.token_types.is_empty() && !token_type.is_some_and(|actual| type_accepted(issuer, actual)) {
        return Err(Reason::TokenMalformed);
    }
    // A token bound to a key is worth nothing without proof of that key, and none is checked here.
    if claims.contains_key("cnf") {
        return Err(Reason::TokenBindingMismatch);
    }
    let date = |name| numeric_date(&claims, name).map_err(|_| Reason::TokenMalformed);
    let expires = date("exp")?.ok_or(Reason::TokenClaimMissing)?;
    let issued = date("iat")?;
    let not_before = date("nbf")?.max(issued);
    let audience = words_of(&claims, "aud");
    let lifetime = expires.saturating_sub(issued.unwrap_or(now));

    let identity = Identity {
        issuer: issuer.name.clone(),
        issuer_url: issuer.url.clone(),
        subject: text(&claims, &issuer.claims.subject),
        tenant: issuer.claims.tenant.as_deref().and_then(|path| text(&claims, path)),
        roles: issuer.claims.roles.iter().flat_map(|path| words(&claims, path)).collect(),
        scopes: issuer.claims.scopes.iter().flat_map(|path| words(&claims, path)).collect(),
        expires,
        issued,
        token_id: text(&claims, "jti"),
        audience,
        claims: Value::Null,
    };
    let mut verified = Verified { identity, issuer: index, key, not_before };
    verified.in_time(issuer, now)?;
    if !verified.identity.audience.iter().any(|audience| issuer.audiences.contains(audience)) {
        return Err(Reason::TokenAudienceMismatch);
    }
    if issuer.max_lifetime.is_some_and(|longest| lifetime > seconds(longest)) {
        return Err(Reason::TokenLifetimeTooLong);
    }
    if issuer.required_claims.iter().any(|path| claim(&claims, path).is_none_or(Value::is_null)) {
        return Err(Reason::TokenClaimMissing);
    }
    verified.identity.claims = Value::Object(claims);
    Ok(verified)
}

/// `aud` is a text or a list of texts, and a text is one audience however many spaces it has.
fn words_of(claims: &Map<String, Value>, name: &str) -> Vec<String> {
    match claims.get(name) {
        Some(Value::String(text)) => vec![text.clone()],
        _ => words(claims, name),
    }
}

/// `at+jwt` and `application/at+jwt` are the same (RFC 7515, section 4.1.9), in any case.
fn type_accepted(issuer: &Issuer, actual: &str) -> bool {
    fn bare(name: &str) -> &str {
        name.split_at_checked("application/".len())
            .filter(|(prefix, _)| prefix.eq_ignore_ascii_case("application/"))
            .map_or(name, |(_, rest)| rest)
    }
    issuer.token_types.iter().any(|accepted| bare(accepted).eq_ignore_ascii_case(bare(actual)))
}

/// The claims, if header and claims are JSON objects without repeated members: readers that differ on which of
/// two members counts would see two tokens in one (RFC 8725, section 2.4).
fn strict_parts(token: &str) -> Option<Map<String, Value>> {
    let mut parts = token.split('.');
    object(parts.next()?)?;
    object(parts.next()?)
}

fn object(part: &str) -> Option<Map<String, Value>> {
    let bytes = Base64UrlUnpadded::decode_vec(part).ok()?;
    match from_json(std::str::from_utf8(&bytes).ok()?).ok()?.to_json() {
        Value::Object(members) => Some(members),
        _ => None,
    }
}

fn seconds(duration: spangate_document::Duration) -> i64 {
    i64::try_from(duration.as_std().as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
