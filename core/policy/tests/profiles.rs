//! Tokens in the shapes that providers document, and what their profiles make of them. Names and ids are made up; a
//! signature holds if it is the name of its hash.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what a test did not expect fails it")]

use base64ct::{Base64UrlUnpadded, Encoding};
use expect_test::{Expect, expect};
use serde_json::{Value, json};
use spangate_document::from_yaml;
use spangate_policy::load;
use spangate_policy::token::{Demands, Issuer, KeySource, Rejection, SignatureCheck, verify};

const NOW: i64 = 1_800_000_000;

struct Pretend;

impl SignatureCheck for Pretend {
    fn holds(&self, hash: &'static str, _key: &[u8], _message: &[u8], signature: &[u8]) -> bool {
        signature == hash.as_bytes()
    }
}

/// The issuer of a policy that says these lines of it.
fn issuer(lines: &str) -> Issuer {
    let modulus = Base64UrlUnpadded::encode_string(&[0xc3; 256]);
    let policy = format!(
        "apiVersion: spangate/v1\nname: p\nissuers:\n  i: {{{lines}, keys: {{keys: [{{kty: RSA, n: {modulus}, e: AQAB}}]}}}}\n\
         steps: [authenticate: [i]]\napis: {{a: {{path: /a, operations: {{o: {{route: GET /o, public: true, call: O}}}}}}}}\n"
    );
    let policy = load(&from_yaml(&policy).unwrap()).unwrap_or_else(|faults| panic!("{faults}"));
    policy.issuers().first().unwrap().clone()
}

/// Who is calling, by a token with this header and these claims; times are added.
fn check(lines: &str, header: Value, mut claims: Value, expected: Expect) {
    let issuer = issuer(lines);
    for (name, at) in [("iat", NOW - 60), ("nbf", NOW - 60), ("exp", NOW + 3_540)] {
        claims.as_object_mut().unwrap().insert(name.to_owned(), at.into());
    }
    let parts = [header.to_string(), claims.to_string(), "sha256".to_owned()];
    let token = parts.map(|part| Base64UrlUnpadded::encode_string(part.as_bytes())).join(".");
    let KeySource::Inline(keys) = &issuer.keys else { panic!("inline keys are inline") };
    let demands = Demands { issuers: &[0], ..Demands::default() };
    let keys = |_| Some(keys.clone());
    let outcome = match verify(&token, std::slice::from_ref(&issuer), &demands, keys, &Pretend, NOW, || None)
    {
        Ok(verified) => {
            let identity = verified.identity();
            format!(
                "subject {:?} tenant {:?}\nroles {:?} scopes {:?}",
                identity.subject, identity.tenant, identity.roles, identity.scopes
            )
        }
        Err(Rejection::Refused(fault)) => fault.reason().as_str().to_owned(),
        Err(other) => format!("{other:?}"),
    };
    expected.assert_eq(&outcome);
}

const TENANT: &str = "9a1b2c3d-0000-4000-8000-00000000000a";

#[test]
fn entra() {
    let lines = format!(
        "profile: entra, issuer: \"https://login.microsoftonline.com/{TENANT}/v2.0\", audiences: [11112222-bbbb-3333-cccc-4444dddd5555]"
    );
    let header = json!({"typ": "JWT", "alg": "RS256", "kid": "key-of-entra"});
    let user = json!({
        "aud": "11112222-bbbb-3333-cccc-4444dddd5555",
        "iss": format!("https://login.microsoftonline.com/{TENANT}/v2.0"),
        "aio": "ATQAy/8TAAAA", "azp": "00001111-aaaa-2222-bbbb-3333cccc4444", "azpacr": "1",
        "name": "Alice", "oid": "aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb", "preferred_username": "alice@contoso.example",
        "rh": "0.AAAA", "roles": ["Storefront.Read"], "groups": ["22223333-cccc-4444-dddd-5555eeee6666"],
        "scp": "access_as_user profile", "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
        "tid": TENANT, "uti": "fqiBqXLPj0eQa82S-IYFAA", "ver": "2.0"
    });
    // No key named in the set: a name in the token is a hint.
    check(
        &lines,
        header.clone(),
        user.clone(),
        expect![[r#"
        subject Some("aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb") tenant Some("9a1b2c3d-0000-4000-8000-00000000000a")
        roles ["Storefront.Read", "22223333-cccc-4444-dddd-5555eeee6666"] scopes ["access_as_user", "profile"]"#]],
    );
    let application = json!({
        "aud": "11112222-bbbb-3333-cccc-4444dddd5555",
        "iss": format!("https://login.microsoftonline.com/{TENANT}/v2.0"),
        "azp": "00001111-aaaa-2222-bbbb-3333cccc4444", "azpacr": "1", "idtyp": "app",
        "oid": "cccccccc-0000-1111-2222-dddddddddddd", "roles": ["Storefront.Write"],
        "sub": "cccccccc-0000-1111-2222-dddddddddddd", "tid": TENANT, "ver": "2.0"
    });
    check(
        &lines,
        header.clone(),
        application,
        expect![[r#"
        subject Some("cccccccc-0000-1111-2222-dddddddddddd") tenant Some("9a1b2c3d-0000-4000-8000-00000000000a")
        roles ["Storefront.Write"] scopes []"#]],
    );
    let mut overage = user.clone();
    overage.as_object_mut().unwrap().remove("groups");
    overage["_claim_names"] = json!({"groups": "src1"});
    overage["_claim_sources"] =
        json!({"src1": {"endpoint": "https://graph.microsoft.com/v1.0/users/x/getMemberObjects"}});
    check(&lines, header.clone(), overage.clone(), expect!["token_groups_overage"]);
    check(
        &format!("{lines}, claims: {{roles: [roles]}}"),
        header.clone(),
        overage,
        expect![[r#"
        subject Some("aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb") tenant Some("9a1b2c3d-0000-4000-8000-00000000000a")
        roles ["Storefront.Read"] scopes ["access_as_user", "profile"]"#]],
    );
    let many = format!(
        "profile: entra, issuer: \"https://login.microsoftonline.com/{{tenant}}/v2.0\", tenants: [{TENANT}], audiences: [11112222-bbbb-3333-cccc-4444dddd5555]"
    );
    check(
        &many,
        header.clone(),
        user.clone(),
        expect![[r#"
        subject Some("aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb") tenant Some("9a1b2c3d-0000-4000-8000-00000000000a")
        roles ["Storefront.Read", "22223333-cccc-4444-dddd-5555eeee6666"] scopes ["access_as_user", "profile"]"#]],
    );
    let mut foreign = user;
    foreign["iss"] = "https://login.microsoftonline.com/9a1b2c3d-0000-4000-8000-00000000000b/v2.0".into();
    check(&many, header, foreign, expect!["token_issuer_unknown"]);
}

#[test]
fn entra_v1() {
    check(
        &format!(
            "profile: entra_v1, issuer: \"https://sts.windows.net/{TENANT}/\", audiences: [api://storefront]"
        ),
        json!({"typ": "JWT", "alg": "RS256", "x5t": "i6lGk3FZzxRcUb2C3nEQ7syHJlY", "kid": "i6lGk3FZzxRcUb2C3nEQ7syHJlY"}),
        json!({
            "aud": "api://storefront", "iss": format!("https://sts.windows.net/{TENANT}/"), "acr": "1",
            "aio": "AXQAi/8IAAAA", "amr": ["pwd"], "appid": "00001111-aaaa-2222-bbbb-3333cccc4444", "appidacr": "0",
            "family_name": "Example", "given_name": "Alice", "ipaddr": "192.0.2.1", "name": "Alice Example",
            "oid": "aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb", "rh": "I", "roles": ["Storefront.Read"],
            "scp": "user_impersonation", "sub": "l3_roISQU222bULS9yi2k0XpqpOiMz5H3ZACo1GeXA", "tid": TENANT,
            "unique_name": "alice@contoso.example", "uti": "FVsGxYXI30-TuikuuUoFAA", "ver": "1.0"
        }),
        expect![[r#"
            subject Some("aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb") tenant Some("9a1b2c3d-0000-4000-8000-00000000000a")
            roles ["Storefront.Read"] scopes ["user_impersonation"]"#]],
    );
}

#[test]
fn okta() {
    check(
        "profile: okta, issuer: \"https://dev-1234.okta.com/oauth2/default\", audiences: [api://default]",
        json!({"alg": "RS256", "kid": "45js03w0djwedsw"}),
        json!({
            "ver": 1, "jti": "AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE",
            "iss": "https://dev-1234.okta.com/oauth2/default", "aud": "api://default",
            "cid": "0oabucvyc38HLL1ef0h7", "uid": "00ujmkLgagxeRrAg20g3", "scp": ["openid", "orders.read"],
            "sub": "alice@example.com", "groups": ["Everyone", "Readers"]
        }),
        expect![[r#"
            subject Some("alice@example.com") tenant None
            roles ["Everyone", "Readers"] scopes ["openid", "orders.read"]"#]],
    );
}

#[test]
fn auth0() {
    check(
        "profile: auth0, issuer: \"https://shop.eu.auth0.com/\", audiences: [https://api.shop.example]",
        json!({"alg": "RS256", "typ": "JWT", "kid": "NTY2MjBCNzQ1RTA2"}),
        json!({
            "iss": "https://shop.eu.auth0.com/", "sub": "auth0|5f7c8ec7c33c6c004bbafe82",
            "aud": ["https://api.shop.example", "https://shop.eu.auth0.com/userinfo"],
            "azp": "my_client_id", "scope": "openid profile read:orders", "org_id": "org_9ybsU1dN2dKfDkBi",
            "permissions": ["read:orders", "write:orders"]
        }),
        expect![[r#"
            subject Some("auth0|5f7c8ec7c33c6c004bbafe82") tenant Some("org_9ybsU1dN2dKfDkBi")
            roles ["read:orders", "write:orders"] scopes ["openid", "profile", "read:orders"]"#]],
    );
    // Roles that an action adds are under the author's own URL.
    check(
        "profile: auth0, issuer: \"https://shop.eu.auth0.com/\", audiences: [api], claims: {roles: [\"https://shop.example/roles\"]}",
        json!({"alg": "RS256", "typ": "at+jwt", "kid": "k"}),
        json!({"iss": "https://shop.eu.auth0.com/", "sub": "client@clients", "aud": "api", "gty": "client-credentials",
               "https://shop.example/roles": ["reader"]}),
        expect![[r#"
            subject Some("client@clients") tenant None
            roles ["reader"] scopes []"#]],
    );
}

#[test]
fn keycloak() {
    check(
        "profile: keycloak, issuer: \"https://id.example/realms/shop\", audiences: [storefront]",
        json!({"alg": "RS256", "typ": "JWT", "kid": "FJ86GcF3jTbNLOco4NvZkUCIUmfYCqoqtOQeMfbhNlE"}),
        json!({
            "jti": "onrtro:1b2c", "iss": "https://id.example/realms/shop", "aud": ["storefront", "account"],
            "sub": "f3a1b2c4-0000-4000-8000-00000000000b", "typ": "Bearer", "azp": "shop-web", "sid": "5d0c",
            "acr": "1", "allowed-origins": ["https://shop.example"],
            "realm_access": {"roles": ["offline_access", "reader"]},
            "resource_access": {"account": {"roles": ["view-profile"]}},
            "scope": "openid email profile", "email_verified": true, "preferred_username": "alice"
        }),
        expect![[r#"
            subject Some("f3a1b2c4-0000-4000-8000-00000000000b") tenant None
            roles ["offline_access", "reader"] scopes ["openid", "email", "profile"]"#]],
    );
}

#[test]
fn google() {
    let lines = "profile: google, audiences: [1234987819200.apps.googleusercontent.com]";
    let header = json!({"alg": "RS256", "kid": "a50f6e70ef4b548a5fd9142eecd1fb8f54dce9ee", "typ": "JWT"});
    let of = |issuer: &str| {
        json!({
            "iss": issuer, "azp": "1234987819200.apps.googleusercontent.com",
            "aud": "1234987819200.apps.googleusercontent.com", "sub": "10769150350006150715113082367",
            "at_hash": "HK6E_P6Dh8Y93mRNtsDB1Q", "hd": "example.com", "email": "alice@example.com",
            "email_verified": true, "nonce": "0394852-3190485-2490358"
        })
    };
    for either in ["https://accounts.google.com", "accounts.google.com"] {
        check(
            lines,
            header.clone(),
            of(either),
            expect![[r#"
                subject Some("10769150350006150715113082367") tenant Some("example.com")
                roles [] scopes []"#]],
        );
    }
    check(lines, header.clone(), of("http://accounts.google.com"), expect!["token_issuer_unknown"]);
    // The other form is Google's, and nobody else's who says that its tokens look like Google's.
    let another = format!("{lines}, issuer: \"https://id.example\"");
    check(&another, header, of("accounts.google.com"), expect!["token_issuer_unknown"]);
}

#[test]
fn cognito() {
    let lines = "profile: cognito, issuer: \"https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_example\", audiences: [1example23456789]";
    let header = json!({"kid": "abcdefghijklmnopqrsexample=", "alg": "RS256"});
    let access = json!({
        "sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "device_key": "d", "cognito:groups": ["readers"],
        "iss": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_example", "version": 2,
        "client_id": "1example23456789", "origin_jti": "o", "event_id": "e", "token_use": "access",
        "scope": "phone openid aws.cognito.signin.user.admin", "auth_time": NOW - 60, "jti": "j", "username": "alice"
    });
    check(
        lines,
        header.clone(),
        access.clone(),
        expect![[r#"
        subject Some("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee") tenant None
        roles ["readers"] scopes ["phone", "openid", "aws.cognito.signin.user.admin"]"#]],
    );
    let mut other = access.clone();
    other["client_id"] = "another".into();
    check(lines, header.clone(), other.clone(), expect!["token_audience_mismatch"]);
    // Where there is an `aud`, that counts, and no `client_id` beside it.
    other["aud"] = "1example23456789".into();
    check(
        lines,
        header.clone(),
        other.clone(),
        expect![[r#"
        subject Some("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee") tenant None
        roles ["readers"] scopes ["phone", "openid", "aws.cognito.signin.user.admin"]"#]],
    );
    (other["client_id"], other["aud"]) = ("1example23456789".into(), "another".into());
    check(lines, header, other, expect!["token_audience_mismatch"]);
}

#[test]
fn kubernetes() {
    check(
        "profile: kubernetes, issuer: \"https://kubernetes.default.svc.cluster.local\", audiences: [storefront]",
        json!({"alg": "RS256", "kid": "UiF0T2Kz"}),
        json!({
            "aud": ["storefront"], "iss": "https://kubernetes.default.svc.cluster.local", "jti": "7ee52be0",
            "kubernetes.io": {
                "namespace": "shop", "node": {"name": "n1", "uid": "58456cb0"}, "pod": {"name": "web-1", "uid": "778a530c"},
                "serviceaccount": {"name": "web", "uid": "14ee3fa4"}
            },
            "sub": "system:serviceaccount:shop:web"
        }),
        expect![[r#"
            subject Some("system:serviceaccount:shop:web") tenant Some("shop")
            roles [] scopes []"#]],
    );
}
