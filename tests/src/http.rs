//! A small blocking HTTP/1.1 client. Every status is an answer, redirects are not followed, and a call that gets no
//! answer in time is an error.

use std::time::Duration;

use anyhow::{Context, Result};
use ureq::http::Request;

/// Headers as they are sent.
pub type Headers<'h> = [(&'h str, &'h str)];

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    /// In the order of the wire, names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// The header's first value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Result<serde_json::Value> {
        serde_json::from_slice(&self.body).with_context(|| format!("no JSON: `{}`", self.text()))
    }
}

pub fn get(url: &str, headers: &Headers<'_>) -> Result<Answer> {
    call("GET", url, headers, None)
}

pub fn post(url: &str, headers: &Headers<'_>, body: &[u8]) -> Result<Answer> {
    call("POST", url, headers, Some(body))
}

pub fn call(method: &str, url: &str, headers: &Headers<'_>, body: Option<&[u8]>) -> Result<Answer> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(Duration::from_secs(30)))
        .proxy(None)
        .build()
        .into();
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = match body {
        Some(body) => agent.run(request.body(body)?),
        None => agent.run(request.body(())?),
    };
    let mut answer = answer.with_context(|| format!("{method} {url} got no answer"))?;
    let headers = answer.headers().iter();
    Ok(Answer {
        status: answer.status().as_u16(),
        headers: headers.map(|(name, value)| (name.to_string(), lossy(value.as_bytes()))).collect(),
        body: answer
            .body_mut()
            .read_to_vec()
            .with_context(|| format!("{method} {url}: the answer was cut"))?,
    })
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
