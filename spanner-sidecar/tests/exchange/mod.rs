//! A token exchange on loopback, as three clouds have it together: the instance metadata of Azure and of AWS, Google's
//! security token service, and its service that lends an account's identity.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a stand fails by panicking")]

pub mod tunnel;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Form, Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What a workload proves who it is with. None of these may ever be in a log.
pub const SUBJECT_TOKEN: &str = "canary-subject-token";
pub const AWS_KEY: &str = "canary-aws-secret-key";
pub const FEDERATED_TOKEN: &str = "canary-federated-token";
pub const LENT_TOKEN: &str = "canary-lent-token";
pub const CLIENT_SECRET: &str = "canary-client-secret";
pub const REFRESH_TOKEN: &str = "canary-refresh-token";
/// Where the account is lent that the tests' configurations name.
pub const LENDING: &str = "/v1/projects/-/serviceAccounts/spanner@project:generateAccessToken";
/// What a token service quotes when it refuses.
pub const QUOTED: &str = "canary-quoted-by-the-token-service";

pub const CANARIES: [&str; 5] = [SUBJECT_TOKEN, AWS_KEY, FEDERATED_TOKEN, LENT_TOKEN, QUOTED];

#[derive(Clone)]
pub struct Exchange {
    pub url: String,
    state: Arc<Mutex<Told>>,
}

/// Who is asked on the way to a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    Metadata,
    Exchange,
    Lending,
}

/// What goes wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    Status(u16),
    Garbage,
    /// JSON without what it should hold.
    OtherJson,
    /// No answer, ever.
    Silence,
    /// A token that has expired already.
    Expired,
}

#[derive(Default)]
struct Told {
    trouble: Option<(Service, Trouble)>,
    /// Seconds that a token lasts.
    lifetime: u64,
    subject: String,
    token: &'static str,
    refused: usize,
    /// The latest request for an account that is lent: who asked for whom, and how.
    lent: Value,
}

impl Exchange {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let exchange = Self {
            url,
            state: Arc::new(Mutex::new(Told { lifetime: 3600, token: FEDERATED_TOKEN, ..Told::default() })),
        };
        let aws = "/latest/meta-data/iam/security-credentials";
        let router = Router::new()
            .route("/azure/token", get(azure))
            .route("/latest/api/token", put(async || "aws-session"))
            .route("/latest/meta-data/zone", get(async |headers| of_aws(&headers, "eu-west-1a")))
            .route(aws, get(async |headers| of_aws(&headers, "spangate-role")))
            .route(&format!("{aws}/spangate-role"), get(aws_credentials))
            .route("/sts", post(exchange_token))
            .route("/oauth", post(refresh))
            .route("/computeMetadata/v1/instance/service-accounts/default/token", get(google))
            .route("/v1/projects/-/serviceAccounts/{account}", post(lend))
            .layer(middleware::from_fn_with_state(exchange.clone(), troubled))
            .with_state(exchange.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        exchange
    }

    /// The token service refuses whatever it is asked.
    pub fn refuse(&self, status: u16) {
        self.trouble(Service::Exchange, Trouble::Status(status));
    }

    pub fn trouble(&self, service: Service, trouble: Trouble) {
        self.state.lock().unwrap().trouble = Some((service, trouble));
    }

    pub fn heal(&self) {
        self.state.lock().unwrap().trouble = None;
    }

    /// Who asked last for an account that is lent, for whom, and how.
    pub fn lent(&self) -> Value {
        self.state.lock().unwrap().lent.clone()
    }

    pub fn refused(&self) -> usize {
        self.state.lock().unwrap().refused
    }

    /// Tokens are handed out that last so long.
    pub fn lifetime(&self, seconds: u64) {
        self.state.lock().unwrap().lifetime = seconds;
    }

    /// Another token from now on.
    pub fn hand_out(&self, token: &'static str) {
        self.state.lock().unwrap().token = token;
    }

    fn token(&self) -> Json<Value> {
        let told = self.state.lock().unwrap();
        Json(json!({"access_token": told.token, "token_type": "Bearer", "expires_in": told.lifetime}))
    }

    /// The subject's token of the latest exchange.
    pub fn subject(&self) -> String {
        self.state.lock().unwrap().subject.clone()
    }

    /// A configuration as Google's console writes it, for this source of the subject's token.
    pub fn configuration(&self, source: Value) -> Value {
        json!({
            "type": "external_account",
            "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/other",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": format!("{}/sts", self.url),
            "credential_source": source,
        })
    }

    /// A user's credentials as `gcloud auth application-default login` leaves them.
    pub fn user(&self) -> Value {
        json!({
            "type": "authorized_user",
            "client_id": "client",
            "client_secret": CLIENT_SECRET,
            "refresh_token": REFRESH_TOKEN,
            "token_uri": format!("{}/oauth", self.url),
        })
    }

    pub fn lending(&self, mut configuration: Value) -> Value {
        let url = format!("{}{LENDING}", self.url);
        configuration["service_account_impersonation_url"] = url.into();
        configuration
    }
}

async fn azure(headers: HeaderMap) -> Result<Json<Value>, StatusCode> {
    match headers.get("metadata").map(|value| value.as_bytes()) {
        Some(b"True") => Ok(Json(json!({"access_token": SUBJECT_TOKEN, "token_type": "Bearer"}))),
        _ => Err(StatusCode::BAD_REQUEST),
    }
}

/// Version 2 of AWS's metadata: nothing without a session.
fn of_aws(headers: &HeaderMap, text: &'static str) -> Result<&'static str, StatusCode> {
    let session = headers.get("x-aws-ec2-metadata-token").map(|value| value.as_bytes());
    if session == Some(b"aws-session") { Ok(text) } else { Err(StatusCode::UNAUTHORIZED) }
}

async fn aws_credentials(headers: HeaderMap) -> Result<Json<Value>, StatusCode> {
    of_aws(&headers, "")?;
    Ok(Json(json!({"AccessKeyId": "AKIDEXAMPLE", "SecretAccessKey": AWS_KEY, "Token": "aws-token"})))
}

async fn exchange_token(
    State(exchange): State<Exchange>,
    Form(form): Form<HashMap<String, String>>,
) -> Json<Value> {
    let mut told = exchange.state.lock().unwrap();
    told.subject = form.get("subject_token").cloned().unwrap_or_default();
    Json(json!({
        "access_token": told.token,
        "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "token_type": "Bearer",
        "expires_in": told.lifetime,
    }))
}

/// What a user may get a token by.
async fn refresh(
    State(exchange): State<Exchange>,
    Json(asked): Json<Value>,
) -> Result<Json<Value>, StatusCode> {
    if asked["client_secret"] != CLIENT_SECRET || asked["refresh_token"] != REFRESH_TOKEN {
        return Err(StatusCode::BAD_REQUEST);
    }
    Ok(exchange.token())
}

/// The metadata of Google's own machines.
async fn google(State(exchange): State<Exchange>, headers: HeaderMap) -> Result<Json<Value>, StatusCode> {
    match headers.get("metadata-flavor").map(|value| value.as_bytes()) {
        Some(b"Google") => Ok(exchange.token()),
        _ => Err(StatusCode::FORBIDDEN),
    }
}

async fn lend(
    State(exchange): State<Exchange>,
    Path(account): Path<String>,
    headers: HeaderMap,
    Json(wanted): Json<Value>,
) -> Json<Value> {
    let authorization = headers.get("authorization").and_then(|value| value.to_str().ok());
    let mut told = exchange.state.lock().unwrap();
    told.lent = json!({"account": account, "by": authorization, "wanted": wanted});
    let expires = match told.trouble {
        Some((Service::Lending, Trouble::Expired)) => "2020-01-01T00:00:00Z",
        _ => "2099-01-01T00:00:00Z",
    };
    Json(json!({"accessToken": LENT_TOKEN, "expireTime": expires}))
}

/// What goes wrong goes wrong before anything is done.
async fn troubled(State(exchange): State<Exchange>, request: Request, next: Next) -> Response {
    let service = match request.uri().path() {
        "/sts" | "/oauth" => Service::Exchange,
        path if path.starts_with("/v1/") => Service::Lending,
        _ => Service::Metadata,
    };
    let trouble = {
        let mut told = exchange.state.lock().unwrap();
        let due = told.trouble.filter(|(of, trouble)| *of == service && *trouble != Trouble::Expired);
        told.refused += usize::from(due.is_some());
        due.map(|(_, trouble)| trouble)
    };
    match trouble {
        None | Some(Trouble::Expired) => next.run(request).await,
        Some(Trouble::Status(status)) => {
            let body = json!({"error": "invalid_grant", "error_description": QUOTED});
            (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
        }
        Some(Trouble::Garbage) => format!("<html>{QUOTED}").into_response(),
        Some(Trouble::OtherJson) => Json(json!({"other": QUOTED})).into_response(),
        Some(Trouble::Silence) => std::future::pending().await,
    }
}
