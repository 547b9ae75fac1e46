//! What tokens of well-known providers look like, as the providers document it: defaults for an issuer that says
//! `profile: NAME`. None demands a claim or a `typ` that a provider's good tokens may lack.

use crate::token::{Algorithm, ClaimPaths, Issuer, IssuerUrl};

#[derive(Clone, Copy, Debug)]
pub(super) struct Profile {
    /// Where all of its tokens have the same.
    issuer: Option<&'static str>,
    /// The other form in which that issuer writes its `iss`.
    alias: Option<&'static str>,
    algorithms: &'static [Algorithm],
    subject: &'static str,
    tenant: Option<&'static str>,
    roles: &'static [&'static str],
    scopes: &'static [&'static str],
    audience: &'static [&'static str],
}

const PLAIN: Profile = Profile {
    issuer: None,
    alias: None,
    algorithms: &[Algorithm::Rs256],
    subject: "sub",
    tenant: None,
    roles: &[],
    scopes: &[],
    audience: &["aud"],
};

/// `sub` is another for each application that one person uses; `oid` is the same in the whole tenant.
const ENTRA: Profile =
    Profile { subject: "oid", tenant: Some("tid"), roles: &["roles", "groups"], scopes: &["scp"], ..PLAIN };

pub(super) const PROFILES: &[(&str, Profile)] = &[
    ("entra", ENTRA),
    // Differs in `iss`, which is `https://sts.windows.net/TENANT/`, and in claims that say nothing of rights.
    ("entra_v1", ENTRA),
    ("okta", Profile { roles: &["groups"], scopes: &["scp"], ..PLAIN }),
    // An API's permissions are there once its role-based access control is switched on.
    ("auth0", Profile { tenant: Some("org_id"), roles: &["permissions"], scopes: &["scope"], ..PLAIN }),
    (
        "keycloak",
        Profile {
            algorithms: &[Algorithm::Rs256, Algorithm::Es256],
            roles: &["realm_access.roles", "groups"],
            scopes: &["scope"],
            ..PLAIN
        },
    ),
    // Of identity tokens: access tokens of Google are no JWTs. `hd` is the organisation's domain. Both forms of `iss` are
    // issued, its documents say.
    (
        "google",
        Profile {
            issuer: Some("https://accounts.google.com"),
            alias: Some("accounts.google.com"),
            tenant: Some("hd"),
            ..PLAIN
        },
    ),
    // An access token has no `aud`; the application is in `client_id`.
    (
        "cognito",
        Profile { roles: &["cognito:groups"], scopes: &["scope"], audience: &["aud", "client_id"], ..PLAIN },
    ),
    // Of service accounts, projected into pods.
    (
        "kubernetes",
        Profile {
            algorithms: &[Algorithm::Rs256, Algorithm::Es256],
            tenant: Some("kubernetes.io.namespace"),
            ..PLAIN
        },
    ),
];

impl Profile {
    pub fn issuer(self) -> Option<&'static str> {
        self.issuer
    }

    pub fn apply(self, issuer: &mut Issuer) {
        let Self { issuer: of_all, alias, algorithms, subject, tenant, roles, scopes, audience } = self;
        let owned = |texts: &[&str]| texts.iter().copied().map(str::to_owned).collect();
        // It is the alias of that issuer alone, whatever else an author calls by the profile's name.
        issuer.alias = alias.filter(|_| matches!(&issuer.url, IssuerUrl::Exact(url) if of_all == Some(url)));
        issuer.algorithms = algorithms.to_vec();
        issuer.claims = ClaimPaths {
            subject: subject.to_owned(),
            tenant: tenant.map(str::to_owned),
            roles: owned(roles),
            scopes: owned(scopes),
            forward: Vec::new(),
            audience,
        };
    }
}
