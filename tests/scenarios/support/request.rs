//! A request in the making, with any bytes in its headers that the protocol can carry.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use anyhow::Result;
use hyper::HeaderMap;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::header::{HeaderName, HeaderValue};

#[derive(Clone, Debug)]
pub struct Request {
    method: String,
    path: String,
    /// In place of the gateway's own address.
    authority: Option<String>,
    headers: HeaderMap,
    chunks: Vec<Vec<u8>>,
    /// Sent as `content-length`, or as the protocol's own way to say that there is no body.
    length: Option<u64>,
    trailers: HeaderMap,
}

impl Request {
    pub fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            authority: None,
            headers: HeaderMap::new(),
            chunks: Vec::new(),
            length: Some(0),
            trailers: HeaderMap::new(),
        }
    }

    pub fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    /// A body of known length.
    pub fn post(path: &str, json: &serde_json::Value) -> Self {
        Self::text(path, &json.to_string())
    }

    /// The same where the text is more, or less, than JSON can say.
    pub fn text(path: &str, text: &str) -> Self {
        let request = Self::new("POST", path).header("content-type", "application/json");
        Self { length: Some(text.len() as u64), chunks: vec![text.into()], ..request }
    }

    /// A body of so many bytes.
    pub fn sized(self, size: usize) -> Self {
        Self { length: Some(size as u64), chunks: vec![vec![b' '; size]], ..self }
    }

    /// As if it were sent to another name.
    pub fn authority(self, authority: &str) -> Self {
        Self { authority: Some(authority.to_owned()), ..self }
    }

    /// A body of unknown length, chunk by chunk.
    pub fn in_chunks(mut self, size: usize) -> Self {
        let body = self.chunks.concat();
        self.chunks = body.chunks(size).map(<[u8]>::to_vec).collect();
        self.length = None;
        self
    }

    /// Adds a header, beside one that is there already.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        self.headers.append(name, HeaderValue::from_bytes(value.as_ref()).unwrap());
        self
    }

    pub fn token(self, token: &str) -> Self {
        self.header("authorization", token)
    }

    /// Trailers after the body, whose length is not told then.
    pub fn trailer(mut self, name: &'static str, value: &'static str) -> Self {
        self.trailers.insert(name, HeaderValue::from_static(value));
        self.length = None;
        self
    }

    pub(super) fn build(self, authority: &str, whole_uri: bool) -> Result<hyper::Request<Frames>> {
        let authority = self.authority.as_deref().unwrap_or(authority);
        let request = hyper::Request::builder().method(self.method.as_str());
        let mut request = match whole_uri {
            true => request.uri(format!("http://{authority}{}", self.path)),
            false => request.uri(self.path).header("host", authority),
        };
        if let Some(headers) = request.headers_mut() {
            headers.extend(self.headers);
        }
        let data = self.chunks.into_iter().map(|chunk| Frame::data(chunk.into()));
        let trailers = (!self.trailers.is_empty()).then(|| Frame::trailers(self.trailers));
        Ok(request.body(Frames { frames: data.chain(trailers).collect(), length: self.length })?)
    }
}

/// A body that is there already.
pub struct Frames {
    frames: VecDeque<Frame<Bytes>>,
    length: Option<u64>,
}

impl Frames {
    pub fn of(frames: impl IntoIterator<Item = Frame<Bytes>>) -> Self {
        Self { frames: frames.into_iter().collect(), length: None }
    }
}

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.frames.pop_front().map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.frames.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
