//! How callers say who they are: a scheme for each issuer and place of its tokens.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use spangate_policy::Policy;
use spangate_policy::document::CredentialPlace;
use spangate_policy::token::{Audiences, Issuer, KeySource};

use crate::operation::Described;

/// Every scheme that some operation names.
pub fn schemes(policy: &Policy) -> Map<String, Value> {
    let mut schemes = Map::new();
    for operation in policy.operations() {
        for credential in policy.contract(operation, &[]).credentials {
            for issuer in &credential.issuers {
                schemes.insert(name(issuer, credential.from), scheme(issuer, credential.from));
            }
        }
    }
    schemes
}

/// Alternatives, each of which names what is needed together.
pub fn of(described: &Described<'_>) -> Value {
    let mut alternatives: Vec<BTreeMap<String, [Value; 0]>> = vec![BTreeMap::new()];
    for credential in &described.contract.credentials {
        let with = |issuer: &&Issuer, others: &BTreeMap<String, [Value; 0]>| {
            let mut together = others.clone();
            together.insert(name(issuer, credential.from), []);
            together
        };
        let mut next: Vec<_> = if credential.optional { alternatives.clone() } else { Vec::new() };
        for others in &alternatives {
            next.extend(credential.issuers.iter().map(|issuer| with(issuer, others)));
        }
        next.dedup();
        alternatives = next;
    }
    // One that asks nothing is no alternative but the absence of any.
    alternatives.retain(|together| {
        !together.is_empty() || described.contract.credentials.iter().any(|credential| credential.optional)
    });
    json!(alternatives)
}

fn name(issuer: &Issuer, from: &CredentialPlace) -> String {
    match from {
        CredentialPlace::Bearer => issuer.name.clone(),
        CredentialPlace::Header(place) => format!("{}.header.{place}", issuer.name),
        CredentialPlace::Cookie(place) => format!("{}.cookie.{place}", issuer.name),
        CredentialPlace::Query(place) => format!("{}.query.{place}", issuer.name),
    }
}

fn scheme(issuer: &Issuer, from: &CredentialPlace) -> Value {
    let description = match &issuer.audiences {
        Audiences::Unchecked => format!("A token of {}", issuer.url),
        Audiences::OneOf(audiences) => format!("A token of {} for {}", issuer.url, audiences.join(" or ")),
    };
    let place = |place: &str, name: &str| json!({"type": "apiKey", "in": place, "name": name, "description": description});
    match (from, &issuer.keys) {
        (CredentialPlace::Bearer, KeySource::Fetched(endpoint)) if endpoint.discovery => {
            json!({"type": "openIdConnect", "openIdConnectUrl": endpoint.url.to_string(), "description": description})
        }
        (CredentialPlace::Bearer, _) => {
            json!({"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": description})
        }
        (CredentialPlace::Header(name), _) => place("header", name),
        (CredentialPlace::Cookie(name), _) => place("cookie", name),
        (CredentialPlace::Query(name), _) => place("query", name),
    }
}
