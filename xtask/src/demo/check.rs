//! `demo --check`: makes the calls over HTTP, compares status, headers and body, and asks the emulator itself what a
//! write has left there.

use anyhow::{Result, bail};
use serde_json::Value;
use spangate_stack::{Stack, http};

use super::calls::{Call, Calls, Rows};
use super::expectation::Bindings;

/// Makes every call, and fails when one answer differs.
pub fn check(stack: &Stack, calls: &Calls) -> Result<()> {
    let mut bindings = Bindings::default();
    let mut differing = 0;
    for call in &calls.0 {
        let difference = make(stack, call, &mut bindings)?;
        let mark = if difference.is_none() { "✔" } else { "✘" };
        println!("{mark} {} → {} ({} {})", call.name, call.expect.status, call.method, call.path);
        if let Some(difference) = difference {
            differing += 1;
            println!("    {difference}");
        }
    }
    println!("demo: {} passed, {differing} failed", calls.0.len().saturating_sub(differing));
    if differing > 0 {
        bail!("{differing} of {} answers differ\n{}", calls.0.len(), stack.tails());
    }
    Ok(())
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
