//! From the sidecar's start until it serves: the sample's operations many times over, each planned against the
//! emulator.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value};
use spangate_stack::{Options, Part, Stack, read_yaml, root};

use super::stage::is_ready;
use crate::cpu;
use crate::statistics::Spread;

const LONGEST: Duration = Duration::from_secs(120);

#[derive(clap::Args)]
pub struct Begin {
    /// How often it starts
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// How many operations it has
    #[arg(long, default_value_t = 200)]
    operations: usize,
}

impl Begin {
    pub fn run(&self) -> Result<()> {
        ensure!(self.rounds > 0 && self.operations > 0, "nothing is measured in no time");
        let document = document(self.operations)?;
        let mut stack = Stack::prepare(Options::storefront()?.operations(document.to_string()))?;
        stack.start_part(Part::Emulator)?;
        let turns = (0..self.rounds).map(|_| turn(&mut stack, self.operations));
        let turns = turns.collect::<Result<Vec<_>>>()?;
        let of = |part: fn(&Turn) -> Duration| Spread::of(turns.iter().map(|turn| part(turn).as_secs_f64()));
        println!("{} operations, {} starts:", self.operations, self.rounds);
        println!("{:.2} s until they are served", of(|turn| turn.took));
        println!("{:.2} s of the sidecar's CPU", of(|turn| turn.cpu));
        Ok(())
    }
}

struct Turn {
    took: Duration,
    cpu: Duration,
}

fn turn(stack: &mut Stack, operations: usize) -> Result<Turn> {
    let begin = Instant::now();
    stack.start_part(Part::Sidecar)?;
    let sidecar = stack.process(Part::Sidecar).context("the sidecar has ended")?;
    let log = sidecar.log().to_owned();
    while !is_ready(&log) {
        ensure!(begin.elapsed() < LONGEST, "not ready within {LONGEST:?}:\n{}", sidecar.tail(10));
        sleep(Duration::from_millis(5));
    }
    let told = sidecar.tail(3);
    let all = format!(r#""operations":{operations},"mismatched":0"#);
    ensure!(told.contains(&all), "not all of them are served:\n{told}");
    let turn = Turn { took: begin.elapsed(), cpu: cpu::spent(sidecar.id())? };
    stack.stop_part(Part::Sidecar);
    clear(&log)?;
    Ok(turn)
}

/// What an earlier start said is not what the next one says.
fn clear(log: &Path) -> Result<()> {
    std::fs::write(log, "").with_context(|| format!("cannot write {}", log.display()))
}

/// The sample's operations in turn, each under a name and with a text of its own, until there are enough.
fn document(count: usize) -> Result<Value> {
    let mut document = read_yaml(&root().join("examples/storefront/operations.yaml"))?;
    let sample = document.get_mut("operations").and_then(Value::as_object_mut);
    let sample = std::mem::take(sample.context("the sample has no operations")?);
    let many = sample.iter().cycle().take(count).enumerate().map(|(number, (name, operation))| {
        let mut operation = operation.clone();
        renew(&mut operation, number);
        (format!("{name}{number}"), operation)
    });
    let many: Map<_, _> = many.collect();
    document
        .as_object_mut()
        .context("the sample is no document")?
        .insert("operations".to_owned(), many.into());
    Ok(document)
}

/// No two statements are the same, so that no plan serves for two.
fn renew(value: &mut Value, number: usize) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(sql) if name == "sql" => sql.push_str(&format!("\n-- {number}")),
                    other => renew(other, number),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| renew(item, number)),
        _ => {}
    }
}
