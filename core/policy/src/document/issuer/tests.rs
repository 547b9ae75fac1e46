use expect_test::{Expect, expect};
use serde_json::Value as Json;
use spangate_document::from_yaml;

use super::*;

fn read_yaml(source: &str) -> (Option<Issuer>, String) {
    let mut diagnostics = Diagnostics::default();
    let node = from_yaml(source).unwrap();
    let issuer = read(&node, Path::root(), &mut diagnostics);
    (issuer, diagnostics.to_string())
}

/// What is read, in a few words.
fn check(source: &str, expected: Expect) {
    let (issuer, faults) = read_yaml(source);
    if !faults.is_empty() {
        return expected.assert_eq(&faults);
    }
    let Issuer { name: _, url, audiences, algorithms, keys: _, clock_skew: _, claims, .. } = issuer.unwrap();
    let Audiences::OneOf(audiences) = audiences else { panic!("an audience is always checked") };
    let algorithms: Vec<_> = algorithms.into_iter().map(Algorithm::name).collect();
    let ClaimPaths { subject, tenant, roles, scopes, forward, audience } = claims;
    expected.assert_eq(&format!(
        "{url} for {audiences:?} in {audience:?}, {algorithms:?}\n\
         subject {subject} tenant {tenant:?} roles {roles:?} scopes {scopes:?} forward {forward:?}"
    ));
}

const KEYS: &str = "audiences: [a]\njwks: {cluster: c, url: 'https://a.example/keys'}\n";

#[test]
fn what_stands_when_nothing_is_said() {
    check(
        &format!("issuer: https://a.example\n{KEYS}"),
        expect![[r#"
        https://a.example for ["a"] in ["aud"], ["RS256", "ES256"]
        subject sub tenant None roles ["roles"] scopes ["scope", "scp"] forward []"#]],
    );
}

#[test]
fn profiles() {
    let check = |name: &str, expected: Expect| {
        check(&format!("profile: {name}\nissuer: https://a.example\n{KEYS}"), expected);
    };
    check(
        "entra",
        expect![[r#"
        https://a.example for ["a"] in ["aud"], ["RS256"]
        subject oid tenant Some("tid") roles ["roles", "groups"] scopes ["scp"] forward []"#]],
    );
    check(
        "entra_v1",
        expect![[r#"
        https://a.example for ["a"] in ["aud"], ["RS256"]
        subject oid tenant Some("tid") roles ["roles", "groups"] scopes ["scp"] forward []"#]],
    );
    check(
        "okta",
        expect![[r#"
        https://a.example for ["a"] in ["aud"], ["RS256"]
        subject sub tenant None roles ["groups"] scopes ["scp"] forward []"#]],
    );
    check(
        "auth0",
        expect![[r#"
        https://a.example for ["a"] in ["aud"], ["RS256"]
        subject sub tenant Some("org_id") roles ["permissions"] scopes ["scope"] forward []"#]],
    );
    check(
        "keycloak",
        expect![[r#"
        https://a.example for ["a"] in ["aud"], ["RS256", "ES256"]
        subject sub tenant None roles ["realm_access.roles", "groups"] scopes ["scope"] forward []"#]],
    );
    check(
        "google",
        expect![[r#"
        https://a.example for ["a"] in ["aud"], ["RS256"]
        subject sub tenant Some("hd") roles [] scopes [] forward []"#]],
    );
    check(
        "cognito",
        expect![[r#"
        https://a.example for ["a"] in ["aud", "client_id"], ["RS256"]
        subject sub tenant None roles ["cognito:groups"] scopes ["scope"] forward []"#]],
    );
    check(
        "kubernetes",
        expect![[r#"
        https://a.example for ["a"] in ["aud"], ["RS256", "ES256"]
        subject sub tenant Some("kubernetes.io.namespace") roles [] scopes [] forward []"#]],
    );
    check(
        "octa",
        expect![
            "1:10: error[invalid_value]: profile: `octa` is no value of `profile` (help: did you mean `okta`?)"
        ],
    );
}

#[test]
fn the_authors_own_words_go_before_a_profile() {
    check(
        &format!(
            "profile: entra\nissuer: https://a.example\nalgorithms: RS512\nclaims: {{subject: sub, roles: wids}}\n{KEYS}"
        ),
        expect![[r#"
            https://a.example for ["a"] in ["aud"], ["RS512"]
            subject sub tenant Some("tid") roles ["wids"] scopes ["scp"] forward []"#]],
    );
    check(
        &format!("profile: google\n{KEYS}"),
        expect![[r#"
        https://accounts.google.com for ["a"] in ["aud"], ["RS256"]
        subject sub tenant Some("hd") roles [] scopes [] forward []"#]],
    );
    check(&format!("profile: okta\n{KEYS}"), expect!["1:1: error[missing_key]: `issuer` is missing"]);
}

#[test]
fn tenants() {
    let check = |lines: &str, expected: Expect| check(&format!("{lines}\n{KEYS}"), expected);
    check(
        "issuer: 'https://a.example/{tenant}/v2.0'\ntenants: [t1, t2]",
        expect![[r#"
        https://a.example/{tenant}/v2.0 for ["a"] in ["aud"], ["RS256", "ES256"]
        subject sub tenant None roles ["roles"] scopes ["scope", "scp"] forward []"#]],
    );
    check(
        "issuer: 'https://a.example/{tenant}/v2.0'",
        expect![
            "1:1: error[invalid_value]: tenants: a template of issuers needs the tenants that it may stand for (help: write `tenants: [TENANT, …]`)"
        ],
    );
    check(
        "issuer: 'https://a.example/{tenant}/v2.0'\ntenants: []",
        expect![
            "2:10: error[invalid_value]: tenants: a template of issuers needs the tenants that it may stand for (help: write `tenants: [TENANT, …]`)"
        ],
    );
    check(
        "issuer: 'https://a.example/{tenantid}/'\ntenants: [t1]",
        expect![[r#"
        1:9: error[invalid_value]: issuer: a template of issuers has one place, `{tenant}`, and no other
        2:10: error[invalid_value]: tenants: `issuer` has no place for a tenant (help: write `{tenant}` where the tenant's id stands in it)"#]],
    );
    check(
        "issuer: https://a.example/\ntenants: [t1]",
        expect![
            "2:10: error[invalid_value]: tenants: `issuer` has no place for a tenant (help: write `{tenant}` where the tenant's id stands in it)"
        ],
    );
}

#[test]
fn faults() {
    check(
        "issuer: x\naudiences: []",
        expect![[r#"
        2:12: error[invalid_value]: audiences: at least one audience is needed
        1:1: error[key_source]: exactly one of `jwks`, `discovery` and `keys` is needed, none is there (help: write `jwks: {cluster: NAME, url: "https://…"}`)"#]],
    );
    check(
        "audiences: [a]\nkeys: {keys: []}\njwks: {}",
        expect![[r#"
        1:1: error[missing_key]: `issuer` is missing
        1:1: error[key_source]: exactly one of `jwks`, `discovery` and `keys` is needed, more are there (help: write `jwks: {cluster: NAME, url: "https://…"}`)"#]],
    );
    check(
        "issuer: x\naudiences: [a]\nkeys: {keys: []}",
        expect!["3:7: error[invalid_value]: keys: the key set has no usable key: it is empty"],
    );
    check(
        "issuer: x\naudiences: [a]\ndiscovery: {cluster: c, url: 'ftp://x', path: y}",
        expect![[r#"
        3:30: error[invalid_value]: discovery.url: `ftp://x` is no URL of http or https
        3:41: error[unknown_key]: discovery: unknown key `path` (help: known keys are `cluster`, `url`)"#]],
    );
    check(
        &format!("issuer: x\nalgorithms: [RS265, HS256, none, PS256]\n{KEYS}"),
        expect![[r#"
            2:13: error[invalid_value]: algorithms: `RS265` is no supported algorithm (help: did you mean `RS256`?)
            2:13: error[invalid_value]: algorithms: `HS256` is no supported algorithm (help: did you mean `RS256`?)
            2:13: error[invalid_value]: algorithms: `none` is no supported algorithm (help: known are `RS256`, `RS384`, `RS512`, `ES256`, `ES384`, `EdDSA`)
            2:13: error[invalid_value]: algorithms: `PS256` is no supported algorithm (help: did you mean `RS256`?)"#]],
    );
    check(
        &format!("issuer: x\nalgorithms: []\n{KEYS}"),
        expect!["2:13: error[invalid_value]: algorithms: at least one algorithm is needed"],
    );
}

#[test]
fn where_keys_come_from() {
    let source = |line: &str| {
        let source = format!("issuer: https://a.example\naudiences: [a]\n{line}\nrefresh: 5m\n");
        match read_yaml(&source).0.unwrap().keys {
            crate::token::KeySource::Fetched(endpoint) => format!("{endpoint:?}"),
            crate::token::KeySource::Inline(set) => format!("{set:?}"),
        }
    };
    expect![[r#"KeyEndpoint { cluster: "c", url: HttpUrl { scheme: "https", authority: "a.example", path: "/keys?v=1" }, discovery: false, refresh: Duration { milliseconds: 300000 }, serve_stale: Duration { milliseconds: 86400000 } }"#]].assert_eq(&source("jwks: {cluster: c, url: 'https://a.example/keys?v=1'}"));
    expect![[r#"KeyEndpoint { cluster: "c", url: HttpUrl { scheme: "https", authority: "a.example", path: "/.well-known/openid-configuration" }, discovery: true, refresh: Duration { milliseconds: 300000 }, serve_stale: Duration { milliseconds: 86400000 } }"#]].assert_eq(&source("discovery: {cluster: c, url: 'https://a.example/.well-known/openid-configuration'}"));
}

#[test]
fn resource_metadata() {
    let metadata = |lines: &str| {
        let (issuer, faults) =
            read_yaml(&format!("issuer: https://a.example\n{KEYS}resource_metadata: {lines}\n"));
        match issuer.unwrap().resource_metadata {
            Some(metadata) => format!("{} {}", metadata.url, Json::Object(metadata.members)),
            None => faults,
        }
    };
    expect![[r#"https://api.example/.well-known/oauth-protected-resource/shop {"authorization_servers":["https://a.example"],"resource":"https://api.example/shop"}"#]].assert_eq(&metadata("https://api.example/.well-known/oauth-protected-resource/shop"));
    expect!["4:20: error[invalid_value]: resource_metadata: `https://api.example/metadata` is no URL of a resource's metadata (help: write `https://HOST/.well-known/oauth-protected-resource` and the resource's path)"].assert_eq(&metadata("https://api.example/metadata"));
    expect![[r#"https://api.example/.well-known/oauth-protected-resource {"authorization_servers":["https://a.example"],"resource":"https://api.example/","resource_name":"Shop","scopes_supported":["read"]}"#]].assert_eq(&metadata("{resource: https://api.example/, scopes_supported: [read], resource_name: Shop}"));
    expect![[r#"https://api.example/.well-known/oauth-protected-resource/shop {"authorization_servers":["https://b.example"],"resource":"https://api.example/shop"}"#]].assert_eq(&metadata("{resource: https://api.example/shop, authorization_servers: [https://b.example]}"));
    expect![[r#"
        4:31: error[invalid_value]: resource_metadata.resource: `api` is no URL of http or https
        4:36: error[unknown_key]: resource_metadata: unknown key `scope_supported` (help: did you mean `scopes_supported`?)"#]].assert_eq(&metadata("{resource: api, scope_supported: [read]}"));
}
