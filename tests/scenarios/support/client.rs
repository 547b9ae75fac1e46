//! One connection of one protocol, over which calls go one after another. A whole answer is an `Answer`, a cut one an
//! error: what a client can see of a broken answer is the point of several stories.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use spangate_stack::Stack;
use spangate_stack::http::Answer;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use super::request::{Frames, Request};

/// Nothing here takes as long: what has not come by then will not come.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Http1,
    Http2,
}

pub const PROTOCOLS: [Protocol; 2] = [Protocol::Http1, Protocol::Http2];

/// A connection to the gateway, kept open from call to call for as long as the gateway lets it.
pub struct Connection {
    port: u16,
    protocol: Protocol,
    sender: Sender,
    runtime: Runtime,
}

enum Sender {
    Http1(http1::SendRequest<Frames>),
    Http2(http2::SendRequest<Frames>),
}

impl Connection {
    pub fn open(stack: &Stack, protocol: Protocol) -> Result<Self> {
        Self::to(stack.options().ports.gateway, protocol)
    }

    /// The same where the stack itself is busy.
    pub fn to(port: u16, protocol: Protocol) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let sender = runtime.block_on(Sender::connect(port, protocol))?;
        Ok(Self { port, protocol, sender, runtime })
    }

    /// The whole answer.
    pub fn send(&mut self, request: Request) -> Result<Answer> {
        self.begin(request)?.rest()
    }

    /// The answer's headers; its body is read by whoever wants it, and meanwhile the gateway has to wait.
    pub fn begin(&mut self, request: Request) -> Result<Begun<'_>> {
        let request = request.build(&format!("127.0.0.1:{}", self.port), self.protocol == Protocol::Http2)?;
        let told = format!("{} {}", request.method(), request.uri());
        // Envoy closes a connection of HTTP/1.1 when it has answered before all of the request was there.
        if self.runtime.block_on(self.sender.ready()).is_err() {
            self.sender = self.runtime.block_on(Sender::connect(self.port, self.protocol))?;
        }
        let sender = &mut self.sender;
        let response = self.runtime.block_on(async { timeout(PATIENCE, sender.send(request)).await });
        let response = response.context("no answer in time").and_then(|sent| sent).context(told)?;
        let (parts, body) = response.into_parts();
        let headers = parts.headers.iter();
        let headers = headers
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        let answer = Answer { status: parts.status.as_u16(), headers: headers.collect(), body: Vec::new() };
        Ok(Begun { answer, body, runtime: &self.runtime })
    }
}

impl Sender {
    async fn connect(port: u16, protocol: Protocol) -> Result<Self> {
        let stream = TokioIo::new(tokio::net::TcpStream::connect(("127.0.0.1", port)).await?);
        Ok(match protocol {
            Protocol::Http1 => {
                let (sender, connection) = http1::handshake(stream).await?;
                tokio::spawn(connection);
                Self::Http1(sender)
            }
            Protocol::Http2 => {
                let (sender, connection) = http2::handshake(TokioExecutor::new(), stream).await?;
                tokio::spawn(connection);
                Self::Http2(sender)
            }
        })
    }

    async fn ready(&mut self) -> hyper::Result<()> {
        match self {
            Self::Http1(sender) => sender.ready().await,
            Self::Http2(sender) => sender.ready().await,
        }
    }

    async fn send(&mut self, request: hyper::Request<Frames>) -> Result<hyper::Response<Incoming>> {
        Ok(match self {
            Self::Http1(sender) => sender.send_request(request).await?,
            Self::Http2(sender) => sender.send_request(request).await?,
        })
    }
}

/// An answer whose headers have come.
pub struct Begun<'c> {
    /// Its body is what has been read so far.
    pub answer: Answer,
    body: Incoming,
    runtime: &'c Runtime,
}

impl Begun<'_> {
    /// Reads on by one piece; false at a clean end, an error at any other. Trailers are none of a client's business.
    pub fn read(&mut self) -> Result<bool> {
        let body = &mut self.body;
        let frame = self.runtime.block_on(async { timeout(PATIENCE, body.frame()).await });
        let frame = frame.context("no more in time")?;
        let Some(frame) = frame else { return Ok(false) };
        let frame = frame.context("the answer was cut")?;
        match frame.into_data() {
            Ok(data) => self.answer.body.extend_from_slice(&data),
            Err(frame) => {
                let trailers = frame.into_trailers().unwrap_or_default();
                anyhow::ensure!(trailers.is_empty(), "trailers for a client: {trailers:?}");
            }
        }
        Ok(true)
    }

    pub fn rest(mut self) -> Result<Answer> {
        while self.read()? {}
        Ok(self.answer)
    }
}

/// Sends these very bytes, and reads until the gateway closes the connection.
pub fn raw(stack: &Stack, bytes: &[u8]) -> Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", stack.options().ports.gateway))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    // A gateway that has refused already may close before it has read all.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
