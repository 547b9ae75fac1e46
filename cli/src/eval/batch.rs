//! Many expressions, one JSON object a line: each is answered by one line, in order, and none stops the rest.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use spangate_policy::condition::{Form, evaluate_alone};

use super::answer;
use crate::Verdict;

#[derive(Deserialize)]
struct Line {
    expr: String,
    #[serde(default)]
    bindings: Option<Map<String, Value>>,
}

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
        let answer = match serde_json::from_slice::<Line>(&line?) {
            Ok(Line { expr, bindings }) => answer(&evaluate_alone(&expr, &bindings.unwrap_or_default(), form)),
            Err(fault) => {
                verdict = Verdict::Findings;
                let message = format!("line {} is no {{\"expr\": …, \"bindings\": {{…}}}}: {fault}", index + 1);
                json!({"error": {"code": "parse", "message": message}})
            }
        };
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(verdict)
}
