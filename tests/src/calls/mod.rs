//! `calls.yaml`: the calls to try and the answers to expect, for the reader and for the check alike. The check is here
//! and not with the demo, so that tests can show that it fails when it should.

mod check;
mod expectation;

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Map, Value};

use crate::{read_yaml, root};
pub use check::{Checked, check};

pub struct Calls(pub Vec<Call>);

pub struct Call {
    /// What it shows.
    pub name: String,
    pub method: String,
    /// May name what an earlier answer bound, as `{order_id}`.
    pub path: String,
    /// Whose token.
    pub token: Option<String>,
    pub headers: Map<String, Value>,
    pub body: Option<Value>,
    pub times: u64,
    pub expect: Expect,
}

pub struct Expect {
    pub status: u64,
    /// The whole body, or `None` where there must be none.
    pub body: Option<Value>,
    /// These headers; others are free.
    pub headers: Map<String, Value>,
    pub rows: Option<Rows>,
}

/// What the emulator itself must say.
pub struct Rows {
    pub sql: String,
    pub are: Value,
}

impl Calls {
    pub fn storefront() -> Result<Self> {
        Self::read(&root().join("examples/storefront/calls.yaml"))
    }

    fn read(path: &Path) -> Result<Self> {
        let document = read_yaml(path)?;
        let calls = document.get("calls").and_then(Value::as_array).context("no `calls`")?;
        let calls: Result<_> = calls.iter().map(Call::read).collect();
        Ok(Self(calls.with_context(|| path.display().to_string())?))
    }
}

impl Call {
    fn read(node: &Value) -> Result<Self> {
        let name = text(node, "name")?;
        let read = || -> Result<Self> {
            let call = node.get("call").context("no `call`")?;
            Ok(Self {
                name: name.clone(),
                method: text(call, "method")?,
                path: text(call, "path")?,
                token: call.get("token").and_then(Value::as_str).map(str::to_owned),
                headers: map(call, "headers"),
                body: call.get("body").cloned(),
                times: node.get("times").and_then(Value::as_u64).unwrap_or(1),
                expect: Expect::read(node.get("expect").context("no `expect`")?)?,
            })
        };
        read().with_context(|| format!("`{name}`"))
    }
}

impl Expect {
    fn read(node: &Value) -> Result<Self> {
        let status = node.get("status").and_then(Value::as_u64).context("no `status`")?;
        let (mut body, mut headers) = (node.get("body").cloned(), map(node, "headers"));
        // A refusal is told by its reason; all else of a problem document follows.
        if let Some(reason) = node.get("reason") {
            body = Some(serde_json::json!({
                "status": status, "title": "{_}", "detail": "{_}", "reason": reason, "request_id": "{_}"
            }));
            headers.insert("content-type".to_owned(), "application/problem+json".into());
        }
        let rows = node.get("rows").map(|rows| {
            Ok::<_, anyhow::Error>(Rows {
                sql: text(rows, "sql")?,
                are: rows.get("are").context("no `are`")?.clone(),
            })
        });
        Ok(Self { status, body, headers, rows: rows.transpose()? })
    }
}

fn text(node: &Value, name: &str) -> Result<String> {
    node.get(name).and_then(Value::as_str).map(str::to_owned).with_context(|| format!("no `{name}`"))
}

fn map(node: &Value, name: &str) -> Map<String, Value> {
    node.get(name).and_then(Value::as_object).cloned().unwrap_or_default()
}
