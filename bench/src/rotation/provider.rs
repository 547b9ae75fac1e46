//! An issuer whose keys rotate: what it signs with is published from the same instant on.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use bytes::Bytes;
use http::{Response, header};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use spangate_signing::Keys;
use tokio::net::TcpListener;

pub const ISSUER: &str = "http://localhost:9000";

pub struct Provider {
    /// Made beforehand: an RSA key takes its time.
    generations: Vec<Generation>,
    /// Which one signs. It is published with the one before it.
    current: AtomicUsize,
    fetches: AtomicUsize,
}

struct Generation {
    jwk: Value,
    token: String,
}

impl Generation {
    fn new(number: usize) -> Self {
        let (keys, kid) = (Keys::generate(), format!("key-{number}"));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let claims = json!({"iss": ISSUER, "aud": "api://storefront", "sub": "alice", "iat": now, "exp": now + 86_400});
        let token = keys.token("RS256", &json!({"alg": "RS256", "kid": kid}), &claims);
        let mut jwk = keys.jwk("RS256");
        if let Some(jwk) = jwk.as_object_mut() {
            jwk.insert("kid".to_owned(), kid.into());
        }
        Self { jwk, token }
    }
}

impl Provider {
    /// With keys for so many rotations.
    pub fn new(rotations: usize) -> Self {
        Self {
            generations: (0..=rotations).map(Generation::new).collect(),
            current: AtomicUsize::new(0),
            fetches: AtomicUsize::new(0),
        }
    }

    pub fn rotate(&self) {
        self.current.fetch_add(1, Ordering::SeqCst);
    }

    /// The newest first.
    fn published(&self) -> impl Iterator<Item = &Generation> {
        let current = self.current.load(Ordering::SeqCst);
        self.generations.get(current.saturating_sub(1)..=current).into_iter().flatten().rev()
    }

    /// Of the newest key, or of the one before.
    pub fn token(&self, is_old: bool) -> String {
        let mut published = self.published();
        let newest = published.next();
        let chosen = if is_old { published.next().or(newest) } else { newest };
        chosen.map(|generation| generation.token.clone()).unwrap_or_default()
    }

    pub fn fetches(&self) -> usize {
        self.fetches.load(Ordering::Relaxed)
    }

    fn answer(&self) -> Response<Full<Bytes>> {
        self.fetches.fetch_add(1, Ordering::Relaxed);
        let keys: Vec<_> = self.published().map(|generation| generation.jwk.clone()).collect();
        let mut response = Response::new(Full::from(json!({"keys": keys}).to_string()));
        response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("max-age=600"));
        response
    }
}

/// Serves until the runtime is dropped; the port.
pub async fn serve(provider: Arc<Provider>) -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let provider = Arc::clone(&provider);
            let service = service_fn(move |_| {
                let answer = provider.answer();
                async { Ok::<_, Infallible>(answer) }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    Ok(port)
}
