//! `spangate eval EXPRESSION`: the value of a CEL expression over JSON bindings, by the evaluator that runs in the
//! filter. Values and errors go to standard output as JSON, for programs; a picture of each fault goes to standard
//! error, for people.

mod batch;

use std::io::Write;
use std::ops::Range;
use std::path::PathBuf;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use anyhow::{Context, Result};
use serde_json::{Map, Value, json};
use spangate_policy::condition::{ConditionFault, Form, Unevaluated, evaluate_alone};

use crate::Verdict;

#[derive(clap::Args)]
pub struct Arguments {
    /// The expression.
    #[arg(required_unless_present = "batch", allow_hyphen_values = true)]
    expression: Option<String>,
    /// What its variables stand for: a JSON object.
    #[arg(long, value_name = "JSON", default_value = "{}", conflicts_with = "batch")]
    bindings: String,
    /// Write each value with its CEL type: `{"type": "int", "value": "1"}`.
    #[arg(long)]
    typed: bool,
    /// Evaluate the lines of a file (`-`: standard input), each `{"expr": …, "bindings": {…}}`, and answer each with
    /// a line. The exit code tells whether each was such an object, not whether each had a value.
    #[arg(long, value_name = "FILE", conflicts_with = "expression")]
    batch: Option<PathBuf>,
    /// Write nothing to standard error about an expression that has no value.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Result<Verdict> {
    let form = if arguments.typed { Form::Typed } else { Form::Plain };
    if let Some(file) = &arguments.batch {
        return batch::run(file, form);
    }
    let source = arguments.expression.as_deref().unwrap_or_default();
    let bindings: Map<String, Value> =
        serde_json::from_str(&arguments.bindings).context("--bindings is no JSON object")?;
    let outcome = evaluate_alone(source, &bindings, form);
    writeln!(std::io::stdout(), "{}", answer(&outcome))?;
    let Err(unevaluated) = outcome else { return Ok(Verdict::Fine) };
    if !arguments.json {
        anstream::eprintln!("{}", picture(source, &unevaluated));
    }
    Ok(Verdict::Findings)
}

/// The value, or `{"error": {"code": …, "message": …}}`.
fn answer(outcome: &Result<Value, Unevaluated>) -> Value {
    match outcome {
        Ok(value) => value.clone(),
        Err(unevaluated) => json!({"error": unevaluated.to_json()}),
    }
}

/// Each fault, where it stands.
fn picture(source: &str, unevaluated: &Unevaluated) -> String {
    let renderer = Renderer::styled();
    match unevaluated {
        Unevaluated::Faults(faults) => {
            renderer.render(&faults.iter().map(|fault| group(source, fault)).collect::<Vec<_>>())
        }
        Unevaluated::Error(error) => {
            let title = Level::ERROR.primary_title(error.to_string()).id(unevaluated.class().code());
            renderer.render(&[Group::with_title(title)])
        }
    }
}

fn group<'f>(source: &'f str, fault: &'f ConditionFault) -> Group<'f> {
    let title = Level::ERROR.primary_title(&fault.message).id(fault.class().code());
    let snippet = Snippet::source(source);
    let group = title.element(match fault.offset {
        Some(offset) => snippet.annotation(AnnotationKind::Primary.span(character(source, offset))),
        None => snippet,
    });
    match &fault.help {
        Some(help) => group.element(Level::HELP.message(help)),
        None => group,
    }
}

/// A place in characters, as bytes; at the end of the text there is nothing to underline.
fn character(source: &str, offset: usize) -> Range<usize> {
    source
        .char_indices()
        .nth(offset)
        .map_or(source.len()..source.len(), |(start, character)| start..start + character.len_utf8())
}
