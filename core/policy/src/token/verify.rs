//! Verifying a token (RFC 7519, 7515, 8725): structure, issuer, key, signature, and only then its claims, so
//! that a refusal tells a forger nothing about them. What may change while a token is remembered (the time, the step,
//! the connection) is asked last, of a new token as of a remembered one, by the same code.

use std::borrow::Borrow;

use jwt_compact::{Algorithm as _, AlgorithmSignature as _};
use serde_json::{Map, Value};

use super::algorithm::{Algorithm, Delegated, PublicKey, RawSignature, SignatureCheck};
use super::binding::{Binding, Thumbprint};
use super::claims::{claim, numeric_date, text, words};
use super::compact::{Untrusted, bare};
use super::fault::Fault;
use super::identity::Identity;
use super::issuer::{Audiences, Issuer};
use super::keys::{KeySet, Signer};

/// A token whose signature and claims hold. Nothing but [`verify`] makes one.
#[derive(Clone, Debug)]
pub struct Verified {
    identity: Identity,
    issuer: usize,
    key: PublicKey,
    not_before: Option<i64>,
    token_type: Option<String>,
    binding: Binding,
}

/// What a step demands beyond what the issuers do.
#[derive(Clone, Copy, Debug, Default)]
pub struct Demands<'s> {
    /// Indices of the issuers that it accepts.
    pub issuers: &'s [usize],
    /// Accepted values of `typ`; any where there are none.
    pub token_types: &'s [String],
    /// Only tokens that are bound to the client's certificate.
    pub bound: bool,
}

/// Why a token was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    Refused(Fault),
    /// The issuer with this index has no keys yet.
    KeysMissing(usize),
    /// None of this issuer's keys signed it, as far as is known: newer ones may have.
    KeyUnknown(usize, Fault),
}

impl From<Fault> for Rejection {
    fn from(fault: Fault) -> Self {
        Self::Refused(fault)
    }
}

/// Verifies `token` for a step. `keys` gives an issuer's keys, `now` is in seconds since 1970, and `certificate` is that
/// of the client, asked for only where it matters.
pub fn verify<K: Borrow<KeySet>>(
    token: &str,
    issuers: &[Issuer],
    demands: &Demands<'_>,
    keys: impl Fn(usize) -> Option<K>,
    check: &(impl SignatureCheck + ?Sized),
    now: i64,
    certificate: impl FnOnce() -> Option<Thumbprint>,
) -> Result<Verified, Rejection> {
    let token = Untrusted::parse(token)?;
    let claimed = token.claims().get("iss").and_then(Value::as_str).ok_or(Fault::Issuer)?;
    let (index, issuer, tenant) =
        issuer_of(&token, claimed, issuers, demands.issuers).ok_or(Fault::Issuer)?;
    let algorithm = token
        .text("alg")
        .and_then(Algorithm::from_name)
        .filter(|algorithm| issuer.algorithms.contains(algorithm))
        .ok_or(Fault::Algorithm)?;
    let set = keys(index).ok_or(Rejection::KeysMissing(index))?;
    let signer = Signer {
        id: token.text("kid"),
        algorithm,
        issuer: claimed,
        tenant: token.claims().get("tid").and_then(Value::as_str),
    };
    let key = signing_key(&token, &signer, set.borrow(), check).map_err(|fault| match fault {
        KeyFault::Refused(fault) => Rejection::Refused(fault),
        KeyFault::Unknown(fault) => Rejection::KeyUnknown(index, fault),
    })?;
    let token_type = token.text("typ").map(str::to_owned);
    let (claimed, tenant) = (claimed.to_owned(), tenant.map(str::to_owned));
    let mut verified = Verified {
        identity: identity(issuer, claimed, tenant, token.claims(), now)?,
        issuer: index,
        key,
        not_before: date(token.claims(), "nbf")?.max(date(token.claims(), "iat")?),
        token_type,
        binding: Binding::of(token.claims()),
    };
    verified.stands(issuers, demands, now, certificate)?;
    verified.identity.claims = Value::Object(token.into_claims());
    Ok(verified)
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

    /// Whether it does for a step, now and on this connection.
    pub fn stands(
        &self,
        issuers: &[Issuer],
        demands: &Demands<'_>,
        now: i64,
        certificate: impl FnOnce() -> Option<Thumbprint>,
    ) -> Result<(), Fault> {
        let issuer = issuers.get(self.issuer).filter(|_| demands.issuers.contains(&self.issuer));
        let issuer = issuer.ok_or(Fault::Issuer)?;
        let skew = seconds(issuer.clock_skew);
        if self.identity.expires.saturating_add(skew) <= now {
            return Err(Fault::Expired);
        }
        if self.not_before.is_some_and(|not_before| not_before.saturating_sub(skew) > now) {
            return Err(Fault::NotYetValid);
        }
        if ![&issuer.token_types[..], demands.token_types]
            .into_iter()
            .all(|accepted| self.is_of_type(accepted))
        {
            return Err(Fault::Type);
        }
        self.binding.proven(demands.bound, certificate)
    }

    /// `at+jwt` and `application/at+jwt` are the same, in any case.
    fn is_of_type(&self, accepted: &[String]) -> bool {
        let is = |name: &String| {
            self.token_type.as_deref().is_some_and(|own| bare(own).eq_ignore_ascii_case(bare(name)))
        };
        accepted.is_empty() || accepted.iter().any(is)
    }
}

/// Whose the token claims to be. Of two that differ in their audiences alone it is the one that the token is for.
fn issuer_of<'i, 't>(
    token: &'t Untrusted<'_>,
    claimed: &'t str,
    issuers: &'i [Issuer],
    accepted: &[usize],
) -> Option<(usize, &'i Issuer, Option<&'t str>)> {
    let matching = || {
        accepted.iter().filter_map(|index| {
            let issuer = issuers.get(*index)?;
            Some((*index, issuer, issuer.issues(claimed)?))
        })
    };
    matching()
        .find(|(_, issuer, _)| is_for(issuer, &audience(issuer, token.claims())))
        .or_else(|| matching().next())
}

enum KeyFault {
    Refused(Fault),
    /// Newer keys may do.
    Unknown(Fault),
}

/// The key under which the signature holds.
fn signing_key(
    token: &Untrusted<'_>,
    signer: &Signer<'_>,
    set: &KeySet,
    check: &(impl SignatureCheck + ?Sized),
) -> Result<PublicKey, KeyFault> {
    let signature =
        RawSignature::try_from_slice(&token.signature).map_err(|_| KeyFault::Refused(Fault::Signature))?;
    let algorithm = Delegated { algorithm: signer.algorithm, check };
    let mut tried = false;
    for key in set.candidates(signer) {
        tried = true;
        if algorithm.verify_signature(&signature, key.public(), token.signed.as_bytes()) {
            return Ok(key.public().clone());
        }
    }
    Err(match (signer.id, tried) {
        (Some(id), tried) if set.names(id) => {
            KeyFault::Refused(if tried { Fault::Signature } else { Fault::KeyUnfit })
        }
        // A token that names no key may be of one that is not here yet.
        (None, true) => KeyFault::Unknown(Fault::Signature),
        (None, false) | (Some(_), _) => KeyFault::Unknown(Fault::KeyUnknown),
    })
}

/// The claims, once the signature holds.
fn identity(
    issuer: &Issuer,
    claimed: String,
    tenant: Option<String>,
    claims: &Map<String, Value>,
    now: i64,
) -> Result<Identity, Fault> {
    let expires = date(claims, "exp")?.ok_or(Fault::NoExpiry)?;
    let issued = date(claims, "iat")?;
    let audience = audience(issuer, claims);
    if !is_for(issuer, &audience) {
        return Err(Fault::Audience);
    }
    let lifetime = expires.saturating_sub(issued.unwrap_or(now));
    if issuer.max_lifetime.is_some_and(|longest| lifetime > seconds(longest)) {
        return Err(Fault::Lifetime);
    }
    if issuer.required_claims.iter().any(|path| claim(claims, path).is_none_or(Value::is_null)) {
        return Err(Fault::ClaimMissing);
    }
    let paths = &issuer.claims;
    if paths.roles.iter().any(|path| is_elsewhere(claims, path)) {
        return Err(Fault::GroupsOverage);
    }
    let named = paths.tenant.as_deref().and_then(|path| text(claims, path));
    // Entra demands that both are the same: what is decided by one must not be undone by the other.
    if tenant.is_some() && named.is_some() && tenant != named {
        return Err(Fault::Tenant);
    }
    Ok(Identity {
        issuer: issuer.name.clone(),
        issuer_url: claimed,
        subject: text(claims, &paths.subject),
        tenant: named.or(tenant),
        roles: paths.roles.iter().flat_map(|path| words(claims, path)).collect(),
        scopes: paths.scopes.iter().flat_map(|path| words(claims, path)).collect(),
        expires,
        issued,
        token_id: text(claims, "jti"),
        audience,
        claims: Value::Null,
    })
}

/// Whether the claim is one that the token only tells the place of (OpenID Connect Core 1.0, section 5.6.2). Entra does
/// so with the groups of whoever has too many: taken for none, they would be rights lost without a word.
fn is_elsewhere(claims: &Map<String, Value>, path: &str) -> bool {
    claim(claims, path).is_none()
        && claims.get("_claim_names").and_then(Value::as_object).is_some_and(|names| names.contains_key(path))
}

/// A text or a list of texts; and a text is one audience however many spaces it has.
fn audience(issuer: &Issuer, claims: &Map<String, Value>) -> Vec<String> {
    match issuer.claims.audience.iter().find_map(|name| claims.get(*name)) {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn is_for(issuer: &Issuer, audience: &[String]) -> bool {
    match &issuer.audiences {
        Audiences::Unchecked => true,
        Audiences::OneOf(accepted) => audience.iter().any(|audience| accepted.contains(audience)),
    }
}

fn date(claims: &Map<String, Value>, name: &str) -> Result<Option<i64>, Fault> {
    numeric_date(claims, name).map_err(|_| Fault::Date)
}

fn seconds(duration: spangate_document::Duration) -> i64 {
    i64::try_from(duration.as_std().as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
