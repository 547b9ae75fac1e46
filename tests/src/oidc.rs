//! A certified OpenID provider that is not of our making (`oidc-provider` of npm), as one more issuer of a stack. Its
//! keys are made when it starts, and whoever started it may rotate them, withdraw them, and break what it publishes.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::programs::root;
use crate::{Ports, Process, http};

const READY_WITHIN: Duration = Duration::from_secs(120);

/// Dropped, it stops.
pub struct OidcProvider {
    port: u16,
    running: Option<Process>,
    directory: TempDir,
}

/// How often it was asked for each document since it started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetches {
    pub discovery: u64,
    pub jwks: u64,
}

impl OidcProvider {
    /// Where the program and, once it is installed, its packages are.
    pub fn directory() -> PathBuf {
        root().join("tests/oidc")
    }

    /// Whether its packages are those of the lock file, which a copy beside them tells.
    pub fn is_installed() -> bool {
        let lock = |path: PathBuf| std::fs::read(path).ok();
        let wanted = lock(Self::directory().join("package-lock.json"));
        wanted.is_some() && wanted == lock(Self::installed_lock())
    }

    /// That copy: to be written when all else is there.
    pub fn installed_lock() -> PathBuf {
        Self::directory().join("node_modules/installed-lock.json")
    }

    /// On a port that stays its own while this process lives. Not running yet.
    pub fn prepare() -> Result<Self> {
        anyhow::ensure!(Self::is_installed(), "oidc-provider is missing: run `cargo xtask setup`");
        // A stack's worth of ports, of which it needs one.
        let port = Ports::free()?.issuer;
        let directory = tempfile::Builder::new().prefix("spangate-oidc-").tempdir()?;
        Ok(Self { port, running: None, directory })
    }

    /// Starts it, with new keys, and waits until it answers.
    pub fn start(&mut self) -> Result<()> {
        let mut command = Command::new("node");
        command.arg(Self::directory().join("provider.mjs")).arg(self.port.to_string());
        let mut process = Process::start("oidc-provider", command, &self.log())?;
        process.wait_until(READY_WITHIN, &|| false, || self.fetches().is_ok())?;
        self.running = Some(process);
        Ok(())
    }

    /// Ends it at once, as a crash would, and its keys with it.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.running.take() {
            process.kill();
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its `iss`, and where it is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Itself as an issuer of a policy, found by discovery in the cluster `oidc`.
    pub fn issuer(&self) -> Value {
        json!({
            "issuer": self.url(),
            "audiences": ["api://storefront"],
            "discovery": {"cluster": "oidc", "url": format!("{}/.well-known/openid-configuration", self.url())},
            "token_types": ["at+jwt"],
            "claims": {"subject": "sub", "tenant": "tid", "roles": "roles", "scopes": "scope"},
        })
    }

    /// An access token by client credentials (RFC 6749, section 4.4), as the value of `authorization`.
    pub fn token(&self, algorithm: &str) -> Result<String> {
        let form = format!(
            "grant_type=client_credentials&client_id={algorithm}&client_secret=of-a-test&scope=orders.cancel"
        );
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let answer = http::post(&format!("{}/token", self.url()), &headers, form.as_bytes())?;
        let token = answer.json()?.get("access_token").and_then(Value::as_str).map(str::to_owned);
        Ok(format!("Bearer {}", token.with_context(|| format!("no token: {}", answer.text()))?))
    }

    /// Publishes new keys and signs with them from the same instant on. The ones before stay published.
    pub fn rotate(&self) -> Result<()> {
        self.control("rotate").map(drop)
    }

    /// Takes back every key of an algorithm.
    pub fn withdraw(&self, algorithm: &str) -> Result<()> {
        self.control(&format!("withdraw?algorithm={algorithm}")).map(drop)
    }

    /// Breaks a document (`discovery` or `jwks`) in one of the ways of `faults.mjs`; mends it where `how` is empty.
    pub fn break_document(&self, document: &str, how: &str) -> Result<()> {
        self.control(&format!("break?document={document}&how={how}")).map(drop)
    }

    pub fn fetches(&self) -> Result<Fetches> {
        let counts = self.control("fetches")?;
        let count = |name| counts.get(name).and_then(Value::as_u64).context("no count");
        Ok(Fetches { discovery: count("discovery")?, jwks: count("jwks")? })
    }

    fn control(&self, what: &str) -> Result<Value> {
        let answer = http::post(&format!("{}/control/{what}", self.url()), &[], b"")?;
        anyhow::ensure!(answer.status == 200, "`{what}` was answered with {}", answer.status);
        answer.json()
    }

    fn log(&self) -> PathBuf {
        Path::new(self.directory.path()).join("oidc-provider.log")
    }
}
