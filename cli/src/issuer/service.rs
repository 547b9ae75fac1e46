//! The issuer's endpoints: discovery (OpenID Connect Discovery 1.0), keys, tokens in the forms of RFC 6749, and
//! rotation for tests.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::{Form, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::WARNING;
use super::keys::{Algorithm, Keys};
use super::people::People;
use super::token::Claims;

pub struct Issuer {
    pub url: String,
    pub people: People,
    pub keys: Mutex<Keys>,
}

impl Issuer {
    fn keys(&self) -> MutexGuard<'_, Keys> {
        // Keys change as a whole or not at all, so those of a panicked request are as good as before it.
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub fn routes(issuer: Arc<Issuer>) -> Router {
    Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/jwks", get(jwks))
        .route("/token", post(token))
        .route("/rotate", post(rotate))
        .with_state(issuer)
}

async fn discovery(State(issuer): State<Arc<Issuer>>) -> Response {
    let url = &issuer.url;
    let document = json!({
        "issuer": url,
        "jwks_uri": format!("{url}/jwks"),
        "token_endpoint": format!("{url}/token"),
        "grant_types_supported": ["password", "client_credentials"],
        "response_types_supported": ["token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "spangate_warning": WARNING,
    });
    (CACHED, Json(document)).into_response()
}

async fn jwks(State(issuer): State<Arc<Issuer>>) -> Response {
    (CACHED, Json(issuer.keys().jwks())).into_response()
}

const CACHED: [(header::HeaderName, &str); 1] = [(header::CACHE_CONTROL, "public, max-age=60")];

/// A request for a token: OAuth's fields, and ours for odd tokens.
#[derive(Deserialize)]
struct TokenRequest {
    grant_type: String,
    username: Option<String>,
    client_id: Option<String>,
    #[serde(default)]
    alg: Algorithm,
    /// A JSON object.
    claims: Option<String>,
    #[serde(default = "one_hour")]
    lifetime: i64,
}

fn one_hour() -> i64 {
    3600
}

async fn token(State(issuer): State<Arc<Issuer>>, Form(request): Form<TokenRequest>) -> Response {
    let name = match request.grant_type.as_str() {
        "password" => request.username,
        "client_credentials" => request.client_id,
        _ => return refusal("unsupported_grant_type", "`password` or `client_credentials`"),
    };
    let Some((name, person)) = name.and_then(|name| issuer.people.people.get_key_value(&name)) else {
        return refusal("invalid_grant", "nobody of that name is in the file of people");
    };
    let asked = request.claims.as_deref().map_or(Ok(Map::new()), serde_json::from_str);
    let Ok(asked) = asked else { return refusal("invalid_request", "`claims` is no JSON object") };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let claims = Claims {
        issuer: &issuer.url,
        name,
        audience: &issuer.people.audience,
        now: i64::try_from(now).unwrap_or(i64::MAX),
        lifetime: request.lifetime,
        person,
        asked: &asked,
    };
    match claims.sign(issuer.keys().signer(request.alg)) {
        Ok(token) => {
            let headers = [("cache-control", "no-store"), ("spangate-warning", WARNING)];
            let lifetime = request.lifetime;
            let answer = json!({"access_token": token, "token_type": "Bearer", "expires_in": lifetime});
            (headers, Json(answer)).into_response()
        }
        Err(error) => failure(&error),
    }
}

#[derive(Deserialize)]
struct Rotation {
    /// Take back the keys that signed until now.
    #[serde(default)]
    withdraw: bool,
}

async fn rotate(State(issuer): State<Arc<Issuer>>, Query(rotation): Query<Rotation>) -> Response {
    let mut keys = issuer.keys();
    match keys.rotate(rotation.withdraw) {
        Ok(()) => Json(keys.jwks()).into_response(),
        Err(error) => failure(&error),
    }
}

/// RFC 6749, section 5.2.
fn refusal(error: &str, description: &str) -> Response {
    let body: Value = json!({"error": error, "error_description": description});
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}

fn failure(error: &anyhow::Error) -> Response {
    let body: Value = json!({"error": "server_error", "error_description": format!("{error:#}")});
    (StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response()
}
