//! Makes the calls over HTTP, compares status, headers and body, and asks the emulator itself what a
//! write has left there.

use anyhow::Result;
use serde_json::Value;

use super::expectation::Bindings;
use super::{Call, Calls, Rows};
use crate::{Stack, http};

/// A call that was made.
pub struct Checked<'c> {
    pub call: &'c Call,
    /// Where the answer, or what it left behind, is not what was expected.
    pub difference: Option<String>,
}

/// Makes every call in order, also after one that differs.
pub fn check<'c>(stack: &Stack, calls: &'c Calls) -> Result<Vec<Checked<'c>>> {
    let mut bindings = Bindings::default();
    let made = calls.0.iter().map(|call| Ok(Checked { call, difference: make(stack, call, &mut bindings)? }));
    made.collect()
}

fn make(stack: &Stack, call: &Call, bindings: &mut Bindings) -> Result<Option<String>> {
    for time in 1..=call.times {
        let answer = send(stack, call, bindings)?;
        if let Err(difference) = compare(call, &answer, bindings) {
            return Ok(Some(format!("call {time} of {}: {difference}", call.times)));
        }
    }
    match &call.expect.rows {
        Some(rows) => Ok(read_back(stack, rows, bindings)?.err()),
        None => Ok(None),
    }
}

fn send(stack: &Stack, call: &Call, bindings: &Bindings) -> Result<http::Answer> {
    let token = call.token.as_ref().map(|name| stack.token(name)).transpose()?;
    let mut headers: Vec<(&str, &str)> = Vec::new();
    headers.extend(token.as_deref().map(|token| ("authorization", token)));
    headers.extend(call.headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?))));
    let body = call.body.as_ref().map(Value::to_string);
    headers.extend(body.as_ref().map(|_| ("content-type", "application/json")));
    let url = stack.url(&bindings.fill(&call.path));
    http::call(&call.method, &url, &headers, body.as_deref().map(str::as_bytes))
}

fn compare(call: &Call, answer: &http::Answer, bindings: &mut Bindings) -> Result<(), String> {
    let expect = &call.expect;
    if u64::from(answer.status) != expect.status {
        return Err(format!("expected {}, found {}: {}", expect.status, answer.status, answer.text()));
    }
    for (name, pattern) in &expect.headers {
        let value = answer.header(name).ok_or_else(|| format!("header {name} is missing"))?;
        if !bindings.matches(pattern.as_str().unwrap_or_default(), value) {
            return Err(format!("header {name}: expected {pattern}, found `{value}`"));
        }
    }
    match &expect.body {
        Some(expected) => {
            let actual = answer.json().map_err(|fault| format!("{fault:#}"))?;
            bindings.compare("body", expected, &actual)
        }
        None if answer.body.is_empty() => Ok(()),
        None => Err(format!("expected no body, found `{}`", answer.text())),
    }
}

fn read_back(stack: &Stack, rows: &Rows, bindings: &mut Bindings) -> Result<Result<(), String>> {
    let found = stack.query(&bindings.fill(&rows.sql))?;
    Ok(bindings.compare("rows", &rows.are, &Value::Array(found)))
}
