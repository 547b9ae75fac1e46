//! The spanner-sidecar against the Spanner client that it is made of, on a mock Spanner: one point read by the bare
//! client, by the sidecar's operations called in process, and through its gRPC; and what it takes to answer from the
//! cache, against a server that does nothing. Everyone is a process of its own and has its turn within one run.

pub mod begin;
pub mod caller;
mod client;
mod drive;
pub mod held;
pub mod helper;
mod layer;
mod nothing;
pub mod part;
mod reader;
mod report;
pub mod stage;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, ensure};
use spangate_stack::target;

use self::report::Report;
use self::stage::{Contender, Stage};

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// By Spanner's read API.
    Keys,
    /// By a query.
    Sql,
}

impl Form {
    pub const fn operation(self) -> &'static str {
        match self {
            Self::Keys => "ReadByKey",
            Self::Sql => "ReadBySql",
        }
    }
}

#[derive(clap::Args)]
pub struct Sidecar {
    /// How often each contender has its turn
    #[arg(long, default_value_t = 15)]
    pub rounds: usize,
    /// How long a turn is
    #[arg(long, default_value_t = 2)]
    pub seconds: u64,
    /// Operations in flight
    #[arg(long, default_value_t = 64)]
    pub in_flight: usize,
    /// How the row is read
    #[arg(long, value_enum, default_value = "keys")]
    pub read: Form,
    /// Only this contender; may be repeated
    #[arg(long, value_enum)]
    pub contender: Vec<Contender>,
    /// Only show that all answer alike
    #[arg(long)]
    pub check: bool,
}

impl Sidecar {
    pub fn run(&self, directory: &Path) -> Result<()> {
        ensure!(self.rounds > 0 && self.seconds > 0 && self.in_flight > 0, "nothing is measured in no time");
        let mut stage = Stage::set(self.read, self.in_flight, directory)?;
        stage.check()?;
        if self.check {
            println!("all answer alike");
            return Ok(());
        }
        let mut contenders: Vec<Contender> = Contender::ALL.to_vec();
        contenders.retain(|contender| self.contender.is_empty() || self.contender.contains(contender));
        let mut report = Report::new(self);
        // The first round warms up and does not count; every second one goes the other way round.
        for round in 0..=self.rounds {
            eprint!("\rsidecar: round {round} of {} ", self.rounds);
            for contender in &contenders {
                let turn = stage.turn(*contender, Duration::from_secs(self.seconds))?;
                if round > 0 {
                    report.note(*contender, turn);
                }
            }
            contenders.reverse();
        }
        eprintln!();
        let path: PathBuf = target().join("bench/sidecar.json");
        report.write(&path)?;
        println!("{report}");
        println!("written to {}", path.display());
        Ok(())
    }
}
