//! The issuer: its keys and its tokens, all made here, and as many of them as a workload wants.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use serde_json::{Value, json};
use spangate_signing::Keys;

/// Longer than any run, in seconds.
const LIFETIME: u64 = 86_400;

pub struct Issuer {
    keys: Keys,
    /// Since 1970, in seconds.
    now: u64,
}

impl Issuer {
    pub fn new() -> Result<Self> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        Ok(Self { keys: Keys::generate(), now })
    }

    pub fn jwks(&self) -> Value {
        json!({"keys": [self.keys.jwk("RS256"), self.keys.jwk("ES256")]})
    }

    /// Somebody who may read, as the value of `authorization`.
    pub fn reader(&self) -> String {
        format!("Bearer {}", self.token("RS256", 0, "Storefront.Read"))
    }

    /// The same of somebody who is known and may nothing.
    pub fn stranger(&self) -> String {
        format!("Bearer {}", self.token("RS256", 0, "Other.Read"))
    }

    /// A file of as many tokens that differ in their `jti`, a line each.
    pub fn write_tokens(&self, directory: &Path, algorithm: &str, count: usize) -> Result<PathBuf> {
        let path = directory.join(format!("{algorithm}-{count}.txt"));
        if !path.exists() {
            let tokens: Vec<_> =
                (0..count).map(|number| self.token(algorithm, number, "Storefront.Read")).collect();
            std::fs::write(&path, tokens.join("\n"))?;
        }
        Ok(path)
    }

    /// What an issuer of some size says in an access token.
    fn token(&self, algorithm: &str, number: usize, role: &str) -> String {
        let kid = self.keys.jwk(algorithm).get("kid").cloned().unwrap_or_default();
        let header = json!({"alg": algorithm, "kid": kid, "typ": "JWT"});
        let claims = json!({
            "iss": "http://localhost:9000", "aud": "api://storefront", "sub": "alice", "tid": "t1",
            "iat": self.now, "nbf": self.now, "exp": self.now.saturating_add(LIFETIME),
            "jti": format!("{number:022}"), "roles": [role, "Storefront.Write"],
        });
        self.keys.token(algorithm, &header, &claims)
    }
}
