//! This program once more, as another part: it is told by lines what to do, answers each with a line, and ends when
//! nobody can tell it anything any more.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::drive::Driven;

pub struct Helper {
    child: Child,
    told: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Helper {
    /// Starts the part with these arguments, and returns with its first line: it is ready then. Its database, if it
    /// needs one, is at the port.
    pub fn start(arguments: &[&str], port: Option<u16>) -> Result<(Self, String)> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("part").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        if let Some(port) = port {
            point_at(&mut command, port);
        }
        let mut child = command.spawn().context("cannot start this program once more")?;
        let told = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().context("no output")?);
        let mut helper = Self { child, told, answers };
        let ready = helper.line().with_context(|| format!("{arguments:?} did not start"))?;
        Ok((helper, ready))
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Has it read one item.
    pub fn read(&mut self, id: i64) -> Result<Value> {
        Ok(serde_json::from_str(&self.ask(&format!("read {id}"))?)?)
    }

    /// Has it read in a closed loop.
    pub fn drive(&mut self, in_flight: usize, during: Duration) -> Result<Driven> {
        let line = self.ask(&format!("drive {in_flight} {}", during.as_millis()))?;
        let numbers = line.split_once(' ').context("a drive is told in two numbers")?;
        Ok(Driven { operations: numbers.0.parse()?, took: Duration::from_micros(numbers.1.parse()?) })
    }

    pub fn ask(&mut self, line: &str) -> Result<String> {
        let told = self.told.as_mut().context("it has ended")?;
        writeln!(told, "{line}").with_context(|| format!("`{line}` was not taken"))?;
        self.line()
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        ensure!(self.answers.read_line(&mut line)? > 0, "it ended without an answer");
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.told = None;
        // An error says that it is gone already.
        let _ = self.child.wait();
    }
}

/// Has a program that speaks to Spanner speak to what listens at the port.
pub fn point_at(command: &mut Command, port: u16) {
    command.env("SPANNER_EMULATOR_HOST", format!("127.0.0.1:{port}")).env("NO_PROXY", "127.0.0.1");
}
