//! `demo`: the whole way of a call on this machine, with the sample or with a user's own files.

mod arguments;
mod show;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::Value;
use spangate_stack::calls::{self, Calls};
use spangate_stack::{Document, Options, Part, Programs, Spanner, Stack, read_yaml};

use self::arguments::{Files, PortChoice};
use crate::step::step;
use crate::{build, setup};

#[derive(Args, Clone, Debug)]
pub struct Demo {
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    ports: PortChoice,
    /// Print one line of JSON on stdout when all is ready
    #[arg(long)]
    json: bool,
    /// Make the sample's calls, compare the answers, and stop
    #[arg(long, conflicts_with_all = ["policy", "operations", "schema", "data", "people", "json"])]
    check: bool,
    /// Envoy's worker threads [default: as many as cores]
    #[arg(long, value_name = "NUMBER")]
    workers: Option<u32>,
    /// Take what is in dist/ as it is
    #[arg(long)]
    no_build: bool,
}

impl Demo {
    pub fn run(&self) -> Result<()> {
        let interrupted = Arc::new(AtomicBool::new(false));
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP]
        {
            signal_hook::flag::register(signal, Arc::clone(&interrupted))?;
        }
        if !self.no_build {
            build::build(setup::setup()?)?;
        }
        self.run_built(&interrupted)
    }

    fn run_built(&self, interrupted: &Arc<AtomicBool>) -> Result<()> {
        let options = self.options(interrupted)?;
        check_documents(&options)?;
        let mut stack = match step("emulator, issuer, spanner-sidecar, Envoy", || Stack::start(options)) {
            Err(_) if interrupted.load(Ordering::Relaxed) => return Ok(()),
            started => started?,
        };
        if self.check {
            return check(&stack);
        }
        let tokens = tokens(&stack)?;
        if self.json {
            println!("{}", ready(&stack, &tokens));
        } else {
            show::show(&stack, &tokens, self.files.are_the_samples())?;
        }
        watch(&mut stack, interrupted)?;
        eprintln!("stopping");
        Ok(())
    }

    /// `demo --check --free-ports --no-build`.
    pub fn check_on_free_ports() -> Self {
        Self {
            files: Files::default(),
            ports: PortChoice::free(),
            json: false,
            check: true,
            workers: None,
            no_build: true,
        }
    }

    fn options(&self, interrupted: &Arc<AtomicBool>) -> Result<Options> {
        Ok(Options {
            documents: self.files.documents()?,
            ports: self.ports.ports()?,
            programs: Programs::find()?,
            spanner: Spanner::Emulator,
            arguments: BTreeMap::new(),
            workers: self.workers,
            upstreams: Vec::new(),
            breaker: None,
            interrupted: Arc::clone(interrupted),
        })
    }
}

/// Makes the sample's calls, and fails when one answer differs.
fn check(stack: &Stack) -> Result<()> {
    let calls = Calls::storefront()?;
    let checked = calls::check(stack, &calls)?;
    for calls::Checked { call, difference } in &checked {
        let mark = if difference.is_none() { "✔" } else { "✘" };
        println!("{mark} {} → {} ({} {})", call.name, call.expect.status, call.method, call.path);
        if let Some(difference) = difference {
            println!("    {difference}");
        }
    }
    let differing = checked.iter().filter(|checked| checked.difference.is_some()).count();
    println!("demo: {} passed, {differing} failed", checked.len().saturating_sub(differing));
    if differing > 0 {
        bail!("{differing} of {} answers differ\n{}", checked.len(), stack.tails());
    }
    Ok(())
}

/// All faults of policy and operations, as `spangate check` tells them, before anything is started.
fn check_documents(options: &Options) -> Result<()> {
    let (Document::File(policy), Document::File(operations)) =
        (&options.documents.policy, &options.documents.operations)
    else {
        return Ok(());
    };
    let mut command = std::process::Command::new(&options.programs.spangate);
    let checked = command.arg("check").arg(policy).arg(operations).output()?;
    let said = String::from_utf8_lossy(&checked.stdout);
    let complained = String::from_utf8_lossy(&checked.stderr);
    anyhow::ensure!(
        checked.status.success(),
        "the documents have faults\n{}",
        [said, complained].concat().trim_end()
    );
    Ok(())
}

/// A fresh token of each of the people.
fn tokens(stack: &Stack) -> Result<Vec<(String, String)>> {
    let people: Value = match &stack.options().documents.people {
        Document::File(path) => read_yaml(path)?,
        Document::Text(text) => serde_json::from_str(text)?,
    };
    let people = people.get("people").and_then(Value::as_object).context("people.yaml names no `people`")?;
    let token = |name: &String| {
        let token = stack.token(name)?;
        Ok((name.clone(), token.trim_start_matches("Bearer ").to_owned()))
    };
    people.keys().map(token).collect()
}

/// One line, in the order that a person reads.
fn ready(stack: &Stack, tokens: &[(String, String)]) -> String {
    let tokens: serde_json::Map<String, Value> =
        tokens.iter().map(|(name, token)| (name.clone(), token.as_str().into())).collect();
    format!(
        r#"{{"event":"ready","gateway":{},"admin":{},"issuer":{},"tokens":{}}}"#,
        Value::from(stack.url("")),
        Value::from(stack.admin("")),
        Value::from(stack.issuer("")),
        Value::from(tokens)
    )
}

/// Until Ctrl-C. A part that ends by itself is started again, as compose would, and what became of a saved policy is
/// told.
fn watch(stack: &mut Stack, interrupted: &AtomicBool) -> Result<()> {
    let mut told = said(stack, Part::Policy).len();
    while !interrupted.load(Ordering::Relaxed) {
        if let Some((part, words)) = stack.ended() {
            eprintln!("{words}starting it again");
            stack.stop_part(part);
            match stack.start_part(part) {
                Err(_) if interrupted.load(Ordering::Relaxed) => break,
                started => started?,
            }
            eprintln!("{} runs again", part.name());
        }
        let policy = said(stack, Part::Policy);
        eprint!("{}", policy.get(told..).unwrap_or_default());
        told = policy.len();
        sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// All that a part has said so far.
fn said(stack: &Stack, part: Part) -> String {
    let log = stack.process(part).map(|process| std::fs::read(process.log()).unwrap_or_default());
    String::from_utf8_lossy(&log.unwrap_or_default()).into_owned()
}
