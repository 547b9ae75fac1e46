//! What was measured, and the three comparisons that it is for.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use super::stage::{Contender, Turn};
use super::{Form, Sidecar};
use crate::statistics::Spread;

#[derive(Debug, Serialize)]
pub struct Report {
    cores: usize,
    rounds: usize,
    seconds: u64,
    in_flight: usize,
    operation: &'static str,
    turns: BTreeMap<Contender, Vec<Turn>>,
}

impl Report {
    pub fn new(run: &Sidecar) -> Self {
        let form: Form = run.read;
        Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            rounds: run.rounds,
            seconds: run.seconds,
            in_flight: run.in_flight,
            operation: form.operation(),
            turns: BTreeMap::new(),
        }
    }

    pub fn note(&mut self, contender: Contender, turn: Turn) {
        self.turns.entry(contender).or_default().push(turn);
    }

    pub fn write(&self, path: &Path) -> Result<()> {
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory)?;
        }
        std::fs::write(path, serde_json::to_string_pretty(self)?)
            .with_context(|| format!("cannot write {}", path.display()))
    }

    /// Round by round, within which the machine changed least.
    fn compared(&self, one: Contender, other: Contender, by: impl Fn(&Turn, &Turn) -> f64) -> Option<Spread> {
        let (one, other) = (self.turns.get(&one)?, self.turns.get(&other)?);
        Some(Spread::of(one.iter().zip(other).map(|(one, other)| by(one, other))))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cores, rounds, seconds, in_flight, operation, turns } = self;
        writeln!(
            f,
            "{operation}, {in_flight} in flight, {rounds} rounds of {seconds} s, {cores} cores: median (range)\n"
        )?;
        writeln!(f, "{:<10}{:>26}{:>26}{:>26}", "", "CPU µs an operation", "the mock's", "operations/s")?;
        for (contender, turns) in turns {
            let of = |value: fn(&Turn) -> f64| Spread::of(turns.iter().map(value));
            writeln!(
                f,
                "{:<10}{:>26}{:>26}{:>26}",
                contender.name(),
                format!("{:.1}", of(|turn| turn.cpu)),
                format!("{:.1}", of(|turn| turn.mock_cpu)),
                format!("{:.0}", of(|turn| turn.operations_per_second)),
            )?;
        }
        writeln!(f)?;
        let rate = |one: &Turn, other: &Turn| one.operations_per_second / other.operations_per_second;
        let ratio = |one: &Turn, other: &Turn| one.cpu / other.cpu;
        let more = |one: &Turn, other: &Turn| one.cpu - other.cpu;
        let lines = [
            ("layer's operations/s, of client's", self.compared(Contender::Layer, Contender::Client, rate)),
            ("layer's CPU, of client's", self.compared(Contender::Layer, Contender::Client, ratio)),
            ("CPU µs that gRPC adds to layer", self.compared(Contender::Sidecar, Contender::Layer, more)),
            ("CPU µs of a hit beyond nothing", self.compared(Contender::Hit, Contender::Nothing, more)),
        ];
        for (what, spread) in lines {
            if let Some(spread) = spread {
                writeln!(f, "{what:<36}{spread:.2}")?;
            }
        }
        Ok(())
    }
}
