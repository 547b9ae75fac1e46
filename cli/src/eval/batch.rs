//! Many expressions, one JSON object a line: each is answered by one line, in order, and none stops the rest.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};
use spangate_policy::condition::{Form, evaluate_alone};

use super::answer;
use crate::Verdict;

pub fn run(file: &Path, form: Form) -> Result<Verdict> {
    if file == Path::new("-") {
        return answer_all(io::stdin().lock(), form);
    }
    let opened = File::open(file).with_context(|| format!("cannot open `{}`", file.display()))?;
    answer_all(BufReader::new(opened), form)
}

/// Each answer is written before the next line is waited for: two programs may talk so.
fn answer_all(lines: impl BufRead, form: Form) -> Result<Verdict> {
    let mut verdict = Verdict::Fine;
    let mut out = io::stdout().lock();
    for (index, line) in lines.split(b'\n').enumerate() {
        let answer = match read(&line?) {
            Ok((source, bindings)) => answer(&evaluate_alone(&source, &bindings, form)),
            Err(fault) => {
                verdict = Verdict::Findings;
                json!({"error": {"code": "parse", "message": format!("line {}: {fault:#}", index + 1)}})
            }
        };
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(verdict)
}

/// The expression of a line, and its bindings. Other members are a caller's own.
fn read(line: &[u8]) -> Result<(String, Map<String, Value>)> {
    let mut object: Map<String, Value> = serde_json::from_slice(line).context("no JSON object")?;
    let Some(Value::String(source)) = object.remove("expr") else { bail!("`expr` must be a string") };
    match object.remove("bindings") {
        None | Some(Value::Null) => Ok((source, Map::new())),
        Some(Value::Object(bindings)) => Ok((source, bindings)),
        Some(_) => bail!("`bindings` must be an object"),
    }
}
