//! Keys to verify with: from a file, from a URL, or from where a policy says that the gateway fetches them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use spangate_policy::token::{Issuer, KeySet, KeySource, MAX_KEY_SET_BYTES, jwks_url};
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

/// The keys, or why there are none to use.
pub type Keys = Result<Arc<KeySet>, String>;

const TIMEOUT: Duration = Duration::from_secs(10);

/// A file that cannot be read is a mistake of whoever asked; what a URL answers, or a set without a usable key, is a
/// finding.
pub fn named(place: &str) -> Result<Keys> {
    if place.starts_with("http://") || place.starts_with("https://") {
        return Ok(fetch(place).and_then(|text| parse(&text)));
    }
    let bytes = std::fs::read(Path::new(place)).with_context(|| format!("cannot read {place}"))?;
    Ok(std::str::from_utf8(&bytes).map_err(|_| "the key set is no UTF-8".to_owned()).and_then(parse))
}

/// As the gateway would get them, but from the URL's own host: a cluster is the mesh's to know.
pub fn of_policy(issuer: &Issuer) -> Keys {
    let endpoint = match &issuer.keys {
        KeySource::Inline(set) => return Ok(set.clone()),
        KeySource::Fetched(endpoint) => endpoint,
    };
    let text = fetch(&endpoint.url.to_string())?;
    if !endpoint.discovery {
        return parse(&text);
    }
    let url = jwks_url(&text, &issuer.url, &endpoint.url)?;
    fetch(&url.to_string()).and_then(|text| parse(&text))
}

fn parse(text: &str) -> Keys {
    KeySet::parse(text).map(Arc::new)
}

/// With the roots that this machine trusts. Redirects are not followed, as the gateway does not.
fn fetch(url: &str) -> Result<String, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(provider)
        .build();
    let agent =
        Agent::config_builder().timeout_global(Some(TIMEOUT)).max_redirects(0).tls_config(tls).build();
    let failed = |error: ureq::Error| format!("{url} could not be fetched: {error}");
    let mut answer = Agent::from(agent).get(url).call().map_err(failed)?;
    if answer.status() != 200 {
        return Err(format!("{url} answered with status {}", answer.status().as_u16()));
    }
    let limit = u64::try_from(MAX_KEY_SET_BYTES).unwrap_or(u64::MAX);
    answer.body_mut().with_config().limit(limit).read_to_string().map_err(failed)
}
