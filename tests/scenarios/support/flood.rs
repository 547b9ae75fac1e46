//! Calls at a steady rate, however long those before them take: where calls have to wait, a client that waited with them
//! would be no load. Many connections of HTTP/2, so that thousands may wait at the same time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, RwLock};
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use spangate_stack::Stack;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::client::PATIENCE;
use super::request::{Frames, Request};
use super::stack::eventually;

/// Each carries a hundred calls at a time (`max_concurrent_streams` of envoy.yaml), so together more than are on the way.
const CONNECTIONS: usize = 80;
const MOST_ON_THE_WAY: usize = 7000;

/// Two calls each: 2,000 a second, where the machine gives as many.
const TICK: Duration = Duration::from_millis(1);
const PER_TICK: usize = 2;

/// In use at the same time, each renewed in its turn.
const TOKENS: usize = 64;

pub struct Flood {
    tokens: RwLock<Vec<String>>,
    renewed: AtomicUsize,
    passed: AtomicUsize,
    /// How often for each other answer, or for none.
    refused: Mutex<BTreeMap<String, u64>>,
    over: AtomicBool,
}

/// Ends the flood, also where a test fails.
pub struct UntilDropped<'f>(&'f Flood);

impl Drop for UntilDropped<'_> {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::SeqCst);
    }
}

impl Flood {
    pub fn new(token: &str) -> Self {
        Self {
            tokens: RwLock::new(vec![token.to_owned(); TOKENS]),
            renewed: AtomicUsize::new(0),
            passed: AtomicUsize::new(0),
            refused: Mutex::default(),
            over: AtomicBool::new(false),
        }
    }

    pub fn until_dropped(&self) -> UntilDropped<'_> {
        UntilDropped(self)
    }

    /// Renews one token after the other until it is over.
    pub fn renew(&self, ask: impl Fn(usize) -> String) {
        while !self.is_over() {
            let number = self.renewed.load(Ordering::SeqCst);
            let token = ask(number);
            self.tokens.write().unwrap()[number % TOKENS] = token;
            self.renewed.store(number + 1, Ordering::SeqCst);
        }
    }

    /// Calls until it is over, and waits for every answer.
    pub fn run(&self, stack: &Stack, path: &str) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(self.calls(stack.options().ports.gateway, path));
    }

    /// Returns once every token is a newer one, and has been used.
    #[track_caller]
    pub fn go_on(&self) {
        let renewed = self.renewed.load(Ordering::SeqCst);
        eventually("tokens are renewed", || self.renewed.load(Ordering::SeqCst) > renewed + TOKENS);
        let passed = self.passed.load(Ordering::SeqCst);
        eventually("calls pass", || self.passed.load(Ordering::SeqCst) > passed + MOST_ON_THE_WAY);
    }

    /// How many calls have passed, and what became of the others.
    pub fn told(self) -> (usize, BTreeMap<String, u64>) {
        (self.passed.into_inner(), self.refused.into_inner().unwrap())
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    async fn calls(&self, port: u16, path: &str) {
        let authority = format!("127.0.0.1:{port}");
        let mut senders = Vec::new();
        for _ in 0..CONNECTIONS {
            let stream = TokioIo::new(tokio::net::TcpStream::connect(&authority).await.unwrap());
            let (sender, connection) = handshake(TokioExecutor::new(), stream).await.unwrap();
            tokio::spawn(connection);
            senders.push(sender);
        }
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut calls = JoinSet::new();
        let mut number = 0_usize;
        while !self.is_over() {
            ticks.tick().await;
            for _ in 0..PER_TICK {
                let token = self.tokens.read().unwrap()[number % TOKENS].clone();
                let request = Request::get(path).token(&token).build(&authority, true).unwrap();
                calls.spawn(call(senders[number % CONNECTIONS].clone(), request));
                number += 1;
            }
            while let Some(answer) = calls.try_join_next() {
                self.count(answer.unwrap());
            }
            while calls.len() > MOST_ON_THE_WAY {
                self.count(calls.join_next().await.unwrap().unwrap());
            }
        }
        while let Some(answer) = calls.join_next().await {
            self.count(answer.unwrap());
        }
    }

    fn count(&self, answer: String) {
        if answer.starts_with("200 ") {
            self.passed.fetch_add(1, Ordering::SeqCst);
        } else {
            *self.refused.lock().unwrap().entry(answer).or_default() += 1;
        }
    }
}

/// What came, in words: the same for all that are refused for the same reason.
async fn call(mut sender: SendRequest<Frames>, request: hyper::Request<Frames>) -> String {
    let whole = async {
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        let problem: Option<serde_json::Value> = serde_json::from_slice(&body).ok();
        let reason = problem.and_then(|problem| Some(problem["reason"].as_str()?.to_owned()));
        Ok(format!("{} {}", head.status.as_u16(), reason.unwrap_or_default()))
    };
    match timeout(PATIENCE, whole).await {
        Ok(told) => told.unwrap_or_else(|error: hyper::Error| error.to_string()),
        Err(_) => "no answer in time".to_owned(),
    }
}
