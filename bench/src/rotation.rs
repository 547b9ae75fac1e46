//! A rotation of keys under load, at a fixed pace: the issuer publishes a new key and signs with it in the same instant,
//! its old tokens go on, and whoever refuses one is counted. A pace, unlike a full load, does not slow down for a gateway
//! that lets calls wait.

mod provider;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use spangate_stack::envoy::{Envoy, write_plugin};
use spangate_stack::{envoy_config, read_yaml, root};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use self::provider::Provider;
use crate::contender::{JWT_AUTHN_PROVIDER, Kind, TARGET};
use crate::{module, upstream};

/// Connections, each with as many calls at once as it takes.
const CONNECTIONS: usize = 4;

const ROUTE: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/route_config/virtual_hosts/0/routes/0";
const OPERATION: &str = "/apis/storefront/operations/any";

#[derive(clap::Args)]
pub struct Rotation {
    /// Calls a second
    #[arg(long, default_value_t = 2000)]
    rate: u32,
    /// How long; the keys are changed after each third
    #[arg(long, default_value_t = 18)]
    seconds: u32,
    /// Envoy's worker threads
    #[arg(long, default_value_t = 2)]
    workers: u32,
}

/// What became of the calls of one contender.
#[derive(Default)]
struct Outcome {
    /// By status and, where it is no 200, what the client was told.
    answers: BTreeMap<String, usize>,
    slowest: Duration,
    took: Duration,
    fetches: usize,
}

impl Rotation {
    pub fn run(&self, envoy: &Path, directory: &Path) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        println!("{} calls/s for {} s, two rotations, {} workers", self.rate, self.seconds, self.workers);
        for kind in [Kind::Native, Kind::Spangate] {
            let provider = Arc::new(Provider::new(2));
            let port = runtime.block_on(provider::serve(Arc::clone(&provider)))?;
            let place = directory.join(format!("rotation-{}", kind.name()));
            furnish(kind, &place, directory, port)?;
            let running = Envoy::start(kind.name(), envoy, &place, self.workers)?;
            let outcome = runtime.block_on(self.drive(running.port("gateway")?, &provider))?;
            println!("{:9} {outcome}", kind.name());
        }
        Ok(())
    }

    async fn drive(&self, port: u16, provider: &Arc<Provider>) -> Result<Outcome> {
        let mut senders = Vec::new();
        for _ in 0..CONNECTIONS {
            let stream = TcpStream::connect(("127.0.0.1", port)).await?;
            let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
            tokio::spawn(connection);
            senders.push(sender);
        }
        // Both have their first keys before anything counts.
        for sender in &mut senders {
            while call(sender, port, provider.token(false)).await != GOOD {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        let total = self.rate.saturating_mul(self.seconds);
        let (mut calls, mut outcome) = (JoinSet::new(), Outcome::default());
        let start = Instant::now();
        for (number, sender) in (0..total).zip(senders.iter().cycle()) {
            let due = start + Duration::from_secs_f64(f64::from(number) / f64::from(self.rate));
            tokio::time::sleep_until(due.into()).await;
            if number == total / 3 || number == total / 3 * 2 {
                provider.rotate();
            }
            // A quarter of the tokens are of the key before.
            let token = provider.token(number % 8 < 2);
            let mut sender = sender.clone();
            calls.spawn(async move {
                let sent = Instant::now();
                (call(&mut sender, port, token).await, sent.elapsed())
            });
            while let Some(done) = calls.try_join_next() {
                outcome.count(done?);
            }
        }
        while let Some(done) = calls.join_next().await {
            outcome.count(done?);
        }
        outcome.took = start.elapsed();
        outcome.fetches = provider.fetches();
        Ok(outcome)
    }
}

const GOOD: &str = "200";

impl Outcome {
    fn count(&mut self, (answer, took): (String, Duration)) {
        *self.answers.entry(answer).or_default() += 1;
        self.slowest = self.slowest.max(took);
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let calls: usize = self.answers.values().sum();
        let refused = calls - self.answers.get(GOOD).copied().unwrap_or_default();
        let Self { answers: _, slowest, took, fetches } = self;
        write!(
            f,
            "{calls} calls in {took:.1?}, {refused} refused, the slowest {slowest:.0?}, {fetches} fetches"
        )?;
        let others = self.answers.iter().filter(|(answer, _)| *answer != GOOD);
        others.into_iter().try_for_each(|(answer, count)| write!(f, "\n{count:10} {answer}"))
    }
}

async fn call(sender: &mut SendRequest<Empty<Bytes>>, port: u16, token: String) -> String {
    let request = Request::builder()
        .uri(format!("http://127.0.0.1:{port}{TARGET}"))
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .body(Empty::new());
    let Ok(request) = request else { return "no request".to_owned() };
    let answer = match sender.send_request(request).await {
        Ok(answer) => answer,
        Err(error) => return error.to_string(),
    };
    let status = answer.status().as_u16();
    match answer.into_body().collect().await {
        Ok(_) if status == 200 => GOOD.to_owned(),
        Ok(body) => format!("{status} {}", told(&body.to_bytes())),
        Err(error) => error.to_string(),
    }
}

/// The reason of a problem document, or the text.
fn told(body: &[u8]) -> String {
    let problem: Value = serde_json::from_slice(body).unwrap_or_default();
    let reason = problem.get("reason").and_then(Value::as_str).map(str::to_owned);
    reason.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned())
}

/// The configurations of `authenticated`, but that keys are fetched and what is accepted is answered at once: an upstream has
/// limits of its own for what has waited and goes on together.
fn furnish(kind: Kind, place: &Path, parent: &Path, port: u16) -> Result<()> {
    let folder = root().join("bench/contenders").join(kind.folder());
    std::fs::create_dir(place)?;
    let mut envoy = read_yaml(&folder.join("authenticated.yaml"))?;
    envoy_config::add_cluster(&mut envoy, "issuer", port).context("no clusters")?;
    let url = format!("{}/keys", provider::ISSUER);
    if kind == Kind::Native {
        let route = envoy.pointer_mut(ROUTE).context("no route")?;
        *route = json!({"match": {"prefix": "/"}, "direct_response": {"status": 200}});
        let provider =
            envoy.pointer_mut(JWT_AUTHN_PROVIDER).and_then(Value::as_object_mut).context("no provider")?;
        provider.remove("local_jwks");
        provider.insert(
            "remote_jwks".into(),
            json!({"http_uri": {"uri": url, "cluster": "issuer", "timeout": "5s"}, "async_fetch": {}}),
        );
    } else {
        let mut policy = read_yaml(&folder.join("authenticated-policy.yaml"))?;
        let issuer =
            policy.pointer_mut("/issuers/development").and_then(Value::as_object_mut).context("no issuer")?;
        issuer.insert("jwks".into(), json!({"cluster": "issuer", "url": url}));
        let operation =
            policy.pointer_mut(OPERATION).and_then(Value::as_object_mut).context("no operation")?;
        operation.remove("forward");
        operation.insert("respond".into(), json!({"status": 200, "body": ""}));
        std::fs::write(place.join("policy.json"), policy.to_string())?;
        write_plugin(place, &module())?;
    }
    std::fs::write(place.join("envoy.yaml"), envoy.to_string())?;
    // The cluster is there, though nothing goes to it.
    std::os::unix::fs::symlink(parent.join(upstream::SOCKET), place.join(upstream::SOCKET))?;
    Ok(())
}
