//! What was measured, as JSON for whoever compares runs and as a table for whoever reads.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::conditions::COUNT;
use crate::contender::Kind;
use crate::load::Served;
use crate::statistics::Spread;
use crate::workload::Workload;
use crate::{Arguments, module};

#[derive(Debug, Serialize)]
pub struct Report {
    envoy: String,
    cores: usize,
    /// Size of the module that was measured.
    module_bytes: u64,
    rounds: usize,
    seconds: u64,
    connections: u32,
    pub workloads: BTreeMap<Workload, Measured>,
}

/// One workload: each contender's turns, in the order of the rounds.
#[derive(Debug, Default)]
pub struct Measured {
    pub turns: BTreeMap<Kind, Vec<Turn>>,
    pub memory: BTreeMap<Kind, Memory>,
}

/// Resident bytes of a contender's Envoy, before any load and after all of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Memory {
    pub before: u64,
    pub after: u64,
}

/// In MiB.
impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [before, after] = [self.before, self.after].map(|bytes| bytes >> 20);
        write!(f, "{before} → {after} MiB")
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Turn {
    /// CPU microseconds of the whole Envoy process for each request.
    cpu: f64,
    requests_per_second: f64,
}

impl Turn {
    pub fn new(spent: Duration, served: Served) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "no turn has 2⁵³ requests")]
        let requests = served.requests as f64;
        Self { cpu: spent.as_secs_f64() * 1e6 / requests, requests_per_second: served.per_second }
    }
}

/// A contender's line: ratios are taken round by round, within which the machine changed least.
#[derive(Debug, Serialize)]
struct Line<'m> {
    cpu_microseconds: Spread,
    cpu_of_bare: Spread,
    cpu_of_native: Spread,
    requests_per_second: Spread,
    requests_of_bare: Spread,
    requests_of_native: Spread,
    memory: Memory,
    turns: &'m [Turn],
}

impl Measured {
    fn lines(&self) -> BTreeMap<Kind, Line<'_>> {
        self.turns.iter().map(|(kind, turns)| (*kind, self.line(*kind, turns))).collect()
    }

    fn line<'m>(&'m self, kind: Kind, turns: &'m [Turn]) -> Line<'m> {
        let of = |base: Kind, value: fn(&Turn) -> f64| {
            let base = self.turns.get(&base).map_or(&[][..], Vec::as_slice);
            Spread::of(turns.iter().zip(base).map(|(turn, base)| value(turn) / value(base)))
        };
        let cpu = |turn: &Turn| turn.cpu;
        let rate = |turn: &Turn| turn.requests_per_second;
        Line {
            cpu_microseconds: Spread::of(turns.iter().map(cpu)),
            cpu_of_bare: of(Kind::Bare, cpu),
            cpu_of_native: of(Kind::Native, cpu),
            requests_per_second: Spread::of(turns.iter().map(rate)),
            requests_of_bare: of(Kind::Bare, rate),
            requests_of_native: of(Kind::Native, rate),
            memory: self.memory.get(&kind).copied().unwrap_or_default(),
            turns,
        }
    }
}

impl Measured {
    /// CPU microseconds of one more condition, by the contender that has them.
    fn conditions(&self) -> impl Iterator<Item = (Kind, Spread)> {
        let pairs = [(Kind::Native, Kind::NativeConditions), (Kind::Spangate, Kind::SpangateConditions)];
        pairs.into_iter().filter_map(|(base, with)| {
            let (without, with) = (self.turns.get(&base)?, self.turns.get(&with)?);
            #[expect(clippy::cast_precision_loss, reason = "it is twenty")]
            let each =
                with.iter().zip(without).map(|(with, without)| (with.cpu - without.cpu) / COUNT as f64);
            Some((base, Spread::of(each)))
        })
    }
}

impl Serialize for Measured {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.lines().serialize(serializer)
    }
}

impl Report {
    pub fn new(arguments: &Arguments, envoy: &Path) -> Result<Self> {
        let module = module();
        let version = Command::new(envoy).arg("--version").output()?;
        Ok(Self {
            envoy: version_of(&String::from_utf8_lossy(&version.stdout)),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            module_bytes: std::fs::metadata(&module)
                .with_context(|| format!("{} is missing: run `cargo xtask build`", module.display()))?
                .len(),
            rounds: arguments.rounds,
            seconds: arguments.seconds,
            connections: arguments.connections,
            workloads: BTreeMap::new(),
        })
    }

    pub fn write(&self, path: &Path) -> Result<()> {
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory)?;
        }
        std::fs::write(path, serde_json::to_string_pretty(self)?)
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

/// Of `/usr/bin/envoy  version: 9e55…/1.40.0/Clean/RELEASE/BoringSSL`, without where it lies.
fn version_of(said: &str) -> String {
    let version = said.split_once("version:").map_or(said, |(_, version)| version);
    format!("Envoy {}", version.trim())
}

/// Median and range over the rounds.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rounds, seconds, connections, .. } = self;
        writeln!(f, "{}", self.envoy)?;
        writeln!(f, "one worker, {connections} connections, {rounds} rounds of {seconds} s: median (range)")?;
        writeln!(f, "filter.wasm: {} bytes", self.module_bytes)?;
        for (workload, measured) in &self.workloads {
            let columns =
                ["CPU µs a request", "of bare", "of native", "requests/s", "of bare", "of native", "memory"];
            write!(f, "\n{:12}", workload.name())?;
            for column in columns {
                write!(f, " {column:>22}")?;
            }
            for (kind, line) in measured.lines() {
                write!(f, "\n{:12}", kind.name())?;
                let cells = [
                    format!("{:.1}", line.cpu_microseconds),
                    format!("{:.2}", line.cpu_of_bare),
                    format!("{:.2}", line.cpu_of_native),
                    format!("{:.0}", line.requests_per_second),
                    format!("{:.2}", line.requests_of_bare),
                    format!("{:.2}", line.requests_of_native),
                    line.memory.to_string(),
                ];
                for cell in cells {
                    write!(f, " {cell:>22}")?;
                }
            }
            writeln!(f)?;
            for (kind, each) in measured.conditions() {
                writeln!(f, "one more condition, {}: {each:.2} µs", kind.name())?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn ratios_are_those_of_one_round() {
        let turn = |cpu, requests_per_second| Turn { cpu, requests_per_second };
        // The second round has half the machine; the ratios do not notice.
        let measured = Measured {
            turns: BTreeMap::from([
                (Kind::Bare, vec![turn(10.0, 60_000.0), turn(20.0, 30_000.0)]),
                (Kind::Native, vec![turn(20.0, 30_000.0), turn(40.0, 15_000.0)]),
                (Kind::Spangate, vec![turn(21.0, 29_000.0), turn(42.0, 14_500.0)]),
            ]),
            memory: BTreeMap::from([(Kind::Native, Memory { before: 40 << 20, after: 55 << 20 })]),
        };
        let report = Report {
            envoy: version_of("/usr/bin/envoy  version: 9e55/1.40.0/Clean/RELEASE/BoringSSL\n"),
            cores: 2,
            module_bytes: 1000,
            rounds: 2,
            seconds: 1,
            connections: 16,
            workloads: BTreeMap::from([(Workload::Decided, measured)]),
        };
        expect![[r#"
            Envoy 9e55/1.40.0/Clean/RELEASE/BoringSSL
            one worker, 16 connections, 2 rounds of 1 s: median (range)
            filter.wasm: 1000 bytes

            decided            CPU µs a request                of bare              of native             requests/s                of bare              of native                 memory
            bare               15.0 (10.0–20.0)       1.00 (1.00–1.00)       0.50 (0.50–0.50)    45000 (30000–60000)       1.00 (1.00–1.00)       2.00 (2.00–2.00)              0 → 0 MiB
            native             30.0 (20.0–40.0)       2.00 (2.00–2.00)       1.00 (1.00–1.00)    22500 (15000–30000)       0.50 (0.50–0.50)       1.00 (1.00–1.00)            40 → 55 MiB
            spangate           31.5 (21.0–42.0)       2.10 (2.10–2.10)       1.05 (1.05–1.05)    21750 (14500–29000)       0.48 (0.48–0.48)       0.97 (0.97–0.97)              0 → 0 MiB
        "#]].assert_eq(&report.to_string());
    }
}
