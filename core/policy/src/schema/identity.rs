//! `issuers` and the step that accepts their tokens.

use schemars::JsonSchema;
use serde_json::{Map, Value};
use spangate_document::schema::{AnyNumber, Duration, OneOrMore};

use super::step::step;

/// Who may issue tokens, and what its tokens look like.
#[derive(JsonSchema)]
#[schemars(
    deny_unknown_fields,
    extend("oneOf" = [{"required": ["jwks"]}, {"required": ["discovery"]}, {"required": ["keys"]}]),
    extend("anyOf" = [{"required": ["issuer"]}, {"required": ["profile"], "properties": {"profile": {"const": "google"}}}])
)]
pub struct Issuer {
    /// What `iss` must be, to the letter; or a template with the place `{tenant}`, and `tenants`.
    issuer: Option<String>,
    /// Which tenants the template stands for.
    tenants: Option<OneOrMore<String>>,
    /// What the tokens of a well-known provider look like: defaults for all that is not said here.
    profile: Option<Profile>,
    /// One of these must be in `aud`.
    audiences: OneOrMore<String>,
    /// The key set, fetched through that cluster of Envoy.
    jwks: Option<Endpoint>,
    /// The provider's `.well-known/openid-configuration`, which tells where its keys are.
    discovery: Option<Endpoint>,
    /// The key set itself (RFC 7517).
    keys: Option<Map<String, Value>>,
    /// Accepted signatures; `RS256` and `ES256` where nothing is said.
    algorithms: Option<OneOrMore<Algorithm>>,
    /// How far clocks may differ; 60 seconds where nothing is said.
    clock_skew: Option<Duration>,
    /// Longest time from `iat` to `exp`.
    max_lifetime: Option<Duration>,
    /// Claims that must be there.
    required_claims: Option<AnyNumber<String>>,
    /// Accepted values of `typ`, such as `at+jwt` (RFC 9068).
    token_types: Option<AnyNumber<String>>,
    /// Where a token says who is calling.
    claims: Option<Claims>,
    /// How old keys may be before they are fetched again; 15 minutes where nothing is said.
    refresh: Option<Duration>,
    /// How old keys may be while the issuer cannot be reached; a day where nothing is said.
    serve_stale: Option<Duration>,
    /// Where clients learn which authorization server to ask (RFC 9728).
    resource_metadata: Option<ResourceMetadata>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum Profile {
    Entra,
    EntraV1,
    Okta,
    Auth0,
    Keycloak,
    Google,
    Cognito,
    Kubernetes,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "UPPERCASE")]
enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Es256,
    Es384,
    #[schemars(rename = "EdDSA")]
    EdDsa,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Endpoint {
    /// A logical name; `spangate envoy --cluster NAME=…` says what the mesh calls it.
    cluster: String,
    /// Of http or https.
    url: String,
}

/// Each the name of a claim, or a path such as `realm_access.roles`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Claims {
    /// Who is calling; `sub` where nothing is said.
    subject: Option<String>,
    /// For which customer or organisation.
    tenant: Option<String>,
    /// Several are put together; lists, or texts with spaces between.
    roles: Option<AnyNumber<String>>,
    /// Several are put together; lists, or texts with spaces between.
    scopes: Option<AnyNumber<String>>,
    /// Further claims, which operations may bind.
    forward: Option<AnyNumber<String>>,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
enum ResourceMetadata {
    /// The URL of the document, `https://HOST/.well-known/oauth-protected-resource…`, which the filter answers.
    Url(String),
    Document(ResourceDocument),
}

/// What the document says (RFC 9728, section 2).
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct ResourceDocument {
    /// The URL under which clients know what this policy guards.
    resource: String,
    /// Issuers that clients may ask for a token; this one where nothing is said.
    authorization_servers: Option<AnyNumber<String>>,
    /// Scopes that a client may ask for.
    scopes_supported: Option<AnyNumber<String>>,
    /// How a token may be sent: `header`, `body` or `query`.
    bearer_methods_supported: Option<AnyNumber<String>>,
    /// For people.
    resource_name: Option<String>,
    /// A page for developers.
    resource_documentation: Option<String>,
    /// A page that says how the data may be used.
    resource_policy_uri: Option<String>,
    /// A page with the terms of service.
    resource_tos_uri: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum Authenticate {
    /// Names of issuers whose tokens are accepted.
    Issuers(OneOrMore<String>),
    Detailed(AuthenticateDetails),
}

step! {
    /// Whose tokens are accepted, and where in a request they stand.
    struct AuthenticateDetails {
        issuers: OneOrMore<String>,
        /// Where the token stands; in `Authorization: Bearer` where nothing is said.
        from: Option<CredentialPlace>,
        /// Whether a call without a token goes on. One with a bad token is refused.
        optional: Option<bool>,
        /// Whether the token goes on to the upstream.
        forward: Option<bool>,
        /// Only tokens that are bound to the client's certificate (RFC 8705).
        bound: Option<Binding>,
        /// Accepted values of `typ`, in place of the issuer's.
        token_types: Option<AnyNumber<String>>,
    }
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum CredentialPlace {
    Bearer,
    /// A header that holds the token alone.
    Header(String),
    Cookie(String),
    /// A query parameter, which ends up in logs.
    Query(String),
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum Binding {
    Mtls,
}
