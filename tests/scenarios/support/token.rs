//! Tokens as the issuer makes them on request, and as only a forger would.

use anyhow::{Context, Result};
use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Value, json};
use spangate_stack::{Stack, http};

/// A token to ask the issuer for.
#[derive(Clone, Debug)]
pub struct Token<'t> {
    pub person: &'t str,
    pub algorithm: &'t str,
    pub lifetime: i64,
    /// Over the person's own; a null takes a claim away.
    pub claims: Value,
}

impl<'t> Token<'t> {
    pub fn of(person: &'t str) -> Self {
        Self { person, algorithm: "RS256", lifetime: 3600, claims: json!({}) }
    }

    pub fn claims(person: &'t str, claims: Value) -> Self {
        Self { claims, ..Self::of(person) }
    }

    /// As the value of `authorization`.
    pub fn ask(&self, stack: &Stack) -> Result<String> {
        let Self { person, algorithm, lifetime, claims } = self;
        let claims: String = claims.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect();
        let form = format!(
            "grant_type=password&username={person}&alg={algorithm}&lifetime={lifetime}&claims={claims}"
        );
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let answer = http::post(&stack.issuer("/token"), &headers, form.as_bytes())?.json()?;
        let token = answer["access_token"].as_str().with_context(|| format!("no token: {answer}"))?;
        Ok(format!("Bearer {token}"))
    }
}

/// Takes a good token apart, changes its three parts and puts them together again.
pub fn forge(token: &str, change: impl FnOnce(&mut Value, &mut Value, &mut Vec<u8>)) -> String {
    let parts: Vec<Vec<u8>> = token
        .trim_start_matches("Bearer ")
        .split('.')
        .map(|part| Base64UrlUnpadded::decode_vec(part).unwrap())
        .collect();
    let [header, payload, signature] = parts.try_into().unwrap();
    let mut header = serde_json::from_slice(&header).unwrap();
    let mut payload = serde_json::from_slice(&payload).unwrap();
    let mut signature = signature;
    change(&mut header, &mut payload, &mut signature);
    let encoded = [header.to_string().into_bytes(), payload.to_string().into_bytes(), signature]
        .map(|part| Base64UrlUnpadded::encode_string(&part));
    format!("Bearer {}", encoded.join("."))
}
