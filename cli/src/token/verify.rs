//! `spangate token verify`: the gateway's verdict on a token, at an instant, with the keys that are given.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Value, json};
use spangate_document::{Diagnostics, Duration, parse_duration};
use spangate_policy::condition::parse_timestamp;
use spangate_policy::reason::Reason;
use spangate_policy::token::{
    Algorithm, Audiences, Demands, Issuer, IssuerUrl, KeySource, Rejection, Thumbprint, Verified, verify,
};

use super::key_source::{self, Keys};
use super::signature::Native;
use crate::Verdict;
use crate::report::Report;
use crate::source::Source;

#[derive(clap::Args)]
pub struct Arguments {
    /// The issuer's keys: a JWK Set in a file or at a URL. With a policy its own keys by default.
    #[arg(long, value_name = "FILE|URL", required_unless_present = "policy")]
    jwks: Option<String>,
    /// What `iss` must be.
    #[arg(long, required_unless_present = "policy")]
    issuer: Option<String>,
    /// One that `aud` may name; may be repeated. Without any the audience is not checked.
    #[arg(long, conflicts_with = "policy")]
    audience: Vec<String>,
    /// Algorithms that the issuer may use, such as `RS256,ES256`, which is the default.
    #[arg(long, value_delimiter = ',', value_name = "NAMES", conflicts_with = "policy", value_parser = algorithm)]
    algorithms: Vec<Named>,
    /// How far clocks may differ.
    #[arg(long, value_name = "DURATION", conflicts_with = "policy", value_parser = parse_duration)]
    clock_skew: Option<Duration>,
    /// When the token is presented: RFC 3339 or seconds since 1970. Now by default.
    #[arg(long, value_name = "TIME", value_parser = instant, allow_negative_numbers = true)]
    at: Option<i64>,
    /// What `typ` must be, such as `at+jwt`; may be repeated.
    #[arg(long, value_name = "TYP")]
    token_type: Vec<String>,
    /// The SHA-256 of the certificate that the client shows, in hexadecimal, for tokens that are bound to one.
    #[arg(long, value_name = "HEX", value_parser = thumbprint)]
    certificate_sha256: Option<Thumbprint>,
    /// Take all settings from an issuer of this policy.
    #[arg(long, value_name = "FILE", conflicts_with = "issuer")]
    policy: Option<PathBuf>,
    /// The issuer's name in the policy; may be left out where there is only one.
    #[arg(long, value_name = "NAME", requires = "policy")]
    issuer_name: Option<String>,
    /// The token, or `-` for standard input.
    #[arg(allow_hyphen_values = true)]
    token: String,
}

/// An algorithm by its name; none for those that are never accepted, so that to name them changes nothing.
type Named = Option<Algorithm>;

/// Algorithms of the registry (RFC 7518, RFC 8037, RFC 8812) that no token is accepted with here.
const NEVER: [&str; 10] =
    ["none", "HS256", "HS384", "HS512", "PS256", "PS384", "PS512", "ES512", "ES256K", "Ed448"];

pub fn run(arguments: &Arguments) -> Result<Verdict> {
    let token = super::read(&arguments.token)?;
    let (issuer, keys) = issuer(arguments)?;
    let at = arguments.at.map_or_else(now, Ok)?;
    let demands = Demands { issuers: &[0], token_types: &arguments.token_type, bound: false };
    let outcome = verify(
        &token,
        std::slice::from_ref(&issuer),
        &demands,
        |_| keys.as_ref().ok().cloned(),
        &Native,
        at,
        || arguments.certificate_sha256,
    );
    let (answer, verdict) = match outcome {
        Ok(verified) => (accepted(&verified, arguments.policy.is_some()), Verdict::Fine),
        Err(rejection) => (refused(rejection, &keys), Verdict::Findings),
    };
    anstream::println!("{answer}");
    Ok(verdict)
}

/// What a policy makes of the claims is told where there is one.
fn accepted(verified: &Verified, of_policy: bool) -> Value {
    let identity = verified.identity();
    let mut answer = json!({"verdict": "accept", "claims": identity.claims});
    if of_policy && let Some(answer) = answer.as_object_mut() {
        let seen = json!({
            "issuer": identity.issuer,
            "subject": identity.subject,
            "tenant": identity.tenant,
            "roles": identity.roles,
            "scopes": identity.scopes,
        });
        answer.insert("identity".to_owned(), seen);
    }
    answer
}

fn refused(rejection: Rejection, keys: &Keys) -> Value {
    let (reason, detail) = match rejection {
        Rejection::Refused(fault) | Rejection::KeyUnknown(_, fault) => (fault.reason(), fault.detail()),
        Rejection::KeysMissing(_) => (
            Reason::KeysUnavailable,
            keys.as_ref().err().map_or(Reason::KeysUnavailable.detail(), String::as_str),
        ),
    };
    json!({"verdict": "refuse", "reason": reason.as_str(), "detail": detail})
}

fn issuer(arguments: &Arguments) -> Result<(Issuer, Keys)> {
    let given = arguments.jwks.as_deref().map(key_source::named).transpose()?;
    if let Some(policy) = &arguments.policy {
        let issuer = of_policy(policy, arguments.issuer_name.as_deref())?;
        let keys = given.unwrap_or_else(|| key_source::of_policy(&issuer));
        return Ok((issuer, keys));
    }
    let keys = given.context("--jwks is missing")?;
    let url = IssuerUrl::Exact(arguments.issuer.clone().context("--issuer is missing")?);
    let audiences = match &arguments.audience[..] {
        [] => Audiences::Unchecked,
        audiences => Audiences::OneOf(audiences.to_vec()),
    };
    let mut issuer = Issuer::new(url, audiences, KeySource::Inline(keys.clone().unwrap_or_default()));
    if !arguments.algorithms.is_empty() {
        issuer.algorithms = arguments.algorithms.iter().copied().flatten().collect();
    }
    if let Some(skew) = arguments.clock_skew {
        issuer.clock_skew = skew;
    }
    Ok((issuer, keys))
}

/// The issuer of that name, or the only one.
fn of_policy(path: &std::path::Path, name: Option<&str>) -> Result<Issuer> {
    let source = Source::read(path)?;
    let mut findings = Diagnostics::default();
    let policy = source.policy(&mut findings);
    let Some((policy, _)) = policy else {
        anstream::eprint!("{}", Report { source: &source, findings: findings.sorted() }.picture());
        bail!("{} has faults", path.display());
    };
    let issuers = policy.issuers();
    let found = match (name, issuers) {
        (Some(name), _) => issuers.iter().find(|issuer| issuer.name == name),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    found.cloned().ok_or_else(|| {
        let names: Vec<_> = issuers.iter().map(|issuer| issuer.name.as_str()).collect();
        anyhow!("--issuer-name is one of the policy's issuers: {}", names.join(", "))
    })
}

fn now() -> Result<i64> {
    Ok(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?)
}

fn instant(text: &str) -> Result<i64, String> {
    let read = || {
        let nanoseconds = parse_timestamp(text)?.nanoseconds;
        i64::try_from(nanoseconds.div_euclid(1_000_000_000)).ok()
    };
    text.parse().ok().or_else(read).ok_or_else(|| "neither RFC 3339 nor seconds since 1970".to_owned())
}

fn algorithm(name: &str) -> Result<Named, String> {
    match Algorithm::from_name(name) {
        None if !NEVER.contains(&name) => {
            Err(format!("known are {}", Algorithm::ALL.map(Algorithm::name).join(", ")))
        }
        known => Ok(known),
    }
}

fn thumbprint(hex: &str) -> Result<Thumbprint, String> {
    let digits: String = hex.chars().filter(|c| *c != ':').collect();
    let byte = |at: usize| u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok();
    let mut bytes = [0; 32];
    for (at, slot) in bytes.iter_mut().enumerate() {
        *slot = byte(at).ok_or("32 bytes in hexadecimal are needed")?;
    }
    if digits.len() == 64 { Ok(bytes) } else { Err("32 bytes in hexadecimal are needed".to_owned()) }
}
