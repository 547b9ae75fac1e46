//! Keys and tokens of the development issuer, which runs only while they are fetched.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use spangate_stack::{Process, dist, http};

/// Longer than any run.
const LIFETIME: &str = "86400";

const PEOPLE: &str = "audience: api://storefront
people:
  alice: {sub: alice, tid: t1, roles: [Storefront.Read, Storefront.Write]}
  mallory: {sub: mallory, tid: t1, roles: [Other.Read]}
";

pub struct Credentials {
    pub jwks: Value,
    /// As the value of `authorization`, like the next.
    pub reader: String,
    /// Of somebody who is known and may nothing.
    pub stranger: String,
}

impl Credentials {
    pub fn issue(directory: &Path) -> Result<Self> {
        let people = directory.join("people.yaml");
        std::fs::write(&people, PEOPLE)?;
        let mut command = Command::new(dist().join("spangate"));
        command.args(["issuer", "--listen", "127.0.0.1:0", "--people"]).arg(&people);
        let mut issuer = Process::start("issuer", command, &directory.join("issuer.log"))
            .context("no spangate: run `cargo xtask build`")?;
        let mut address = None;
        issuer.wait_until(Duration::from_secs(60), &|| false, || {
            address =
                std::fs::read_to_string(directory.join("issuer.log")).ok().and_then(|log| listens_on(&log));
            address.is_some()
        })?;
        let url = format!("http://{}", address.context("the issuer listens nowhere")?);
        Ok(Self {
            jwks: http::get(&format!("{url}/jwks"), &[])?.json()?,
            reader: token(&url, "alice")?,
            stranger: token(&url, "mallory")?,
        })
    }
}

/// The issuer tells its port in an event.
fn listens_on(log: &str) -> Option<String> {
    log.lines().find_map(|line| {
        let event: Value = serde_json::from_str(line).ok()?;
        Some(event.get("address")?.as_str()?.to_owned())
    })
}

fn token(url: &str, name: &str) -> Result<String> {
    let form = format!("grant_type=password&username={name}&lifetime={LIFETIME}");
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let answer = http::post(&format!("{url}/token"), &headers, form.as_bytes())?.json()?;
    let token = answer.get("access_token").and_then(Value::as_str);
    Ok(format!("Bearer {}", token.with_context(|| format!("no token for {name}: {answer}"))?))
}
