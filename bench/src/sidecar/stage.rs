//! Everyone who takes part, started and shown to answer alike, and one turn of each.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use serde_json::Value;
use spangate_stack::{Process, dist, root};
use tokio::runtime::Runtime;

use super::Form;
use super::caller::Caller;
use super::drive::{Driven, drive};
use super::helper::{Helper, point_at};
use super::reader::Reader;
use crate::cpu;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Contender {
    /// The bare client.
    Client,
    /// The sidecar's operations in process.
    Layer,
    /// The sidecar's own process, by gRPC over its socket.
    Sidecar,
    /// A server that does nothing, in the same way.
    Nothing,
    /// The sidecar, which has the answer in its cache.
    Hit,
}

impl Contender {
    pub const ALL: [Self; 5] = [Self::Client, Self::Layer, Self::Sidecar, Self::Nothing, Self::Hit];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Layer => "layer",
            Self::Sidecar => "sidecar",
            Self::Nothing => "nothing",
            Self::Hit => "hit",
        }
    }
}

/// CPU microseconds of an operation, by whose they are, and how many there were.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Turn {
    pub cpu: f64,
    pub mock_cpu: f64,
    pub operations_per_second: f64,
}

pub struct Stage {
    in_flight: usize,
    client: Helper,
    layer: Helper,
    nothing: Helper,
    sidecar: Process,
    runtime: Runtime,
    callers: Callers,
    // Last: the others speak to it until they end.
    mock: Helper,
}

struct Callers {
    sidecar: Caller,
    nothing: Caller,
    hit: Caller,
}

impl Stage {
    pub fn set(form: Form, in_flight: usize, directory: &Path) -> Result<Self> {
        let name = clap::ValueEnum::to_possible_value(&form).context("a form has a name")?;
        let operations = operations();
        let (mock, port) = Helper::start(&["mock"], None)?;
        let port = port.parse().context("the mock says where it is")?;
        let (client, _) = Helper::start(&["client", name.get_name()], Some(port))?;
        let (layer, _) = Helper::start(&["layer", name.get_name(), &text(&operations)], Some(port))?;
        let idle = directory.join("nothing.sock");
        let (nothing, _) = Helper::start(&["nothing", &text(&idle)], None)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let socket = directory.join("sidecar.sock");
        let sidecar = start(&operations, port, &socket, directory)?;
        let callers = {
            let _within = runtime.enter();
            let operation = form.operation();
            Callers {
                sidecar: Caller::new(&socket, operation),
                nothing: Caller::new(&idle, operation),
                hit: Caller::new(&socket, operation).kept(),
            }
        };
        Ok(Self { in_flight, client, layer, nothing, sidecar, runtime, callers, mock })
    }

    /// All read the same, the kept answer being that of the first item; nothing is nothing.
    pub fn check(&mut self) -> Result<()> {
        for id in [1, 7] {
            let expected = self.client.read(id)?;
            ensure!(expected.get("id") == Some(&id.to_string().into()), "the client reads {expected}");
            let layer = self.layer.read(id)?;
            ensure!(layer == expected, "the operations in process read {layer}, the client {expected}");
            let sidecar = self.called(&self.callers.sidecar, id)?;
            ensure!(sidecar == expected, "the sidecar reads {sidecar}, the client {expected}");
        }
        let (first, hit) = (self.client.read(1)?, self.called(&self.callers.hit, 1)?);
        ensure!(hit == first, "the cache has {hit}, the client reads {first}");
        let nothing = self.called(&self.callers.nothing, 1)?;
        ensure!(nothing.is_null(), "nothing is {nothing}");
        Ok(())
    }

    pub fn turn(&mut self, contender: Contender, during: Duration) -> Result<Turn> {
        let measured = match contender {
            Contender::Client => self.client.id(),
            Contender::Layer => self.layer.id(),
            Contender::Sidecar | Contender::Hit => self.sidecar.id(),
            Contender::Nothing => self.nothing.id(),
        };
        let before = [cpu::spent(measured)?, cpu::spent(self.mock.id())?];
        let driven = match contender {
            Contender::Client => self.client.drive(self.in_flight, during)?,
            Contender::Layer => self.layer.drive(self.in_flight, during)?,
            Contender::Sidecar => self.call(&self.callers.sidecar, during)?,
            Contender::Nothing => self.call(&self.callers.nothing, during)?,
            Contender::Hit => self.call(&self.callers.hit, during)?,
        };
        let after = [cpu::spent(measured)?, cpu::spent(self.mock.id())?];
        let spent = |process: usize| {
            let pair = before.get(process).zip(after.get(process));
            let spent = pair.and_then(|(before, after)| after.checked_sub(*before));
            spent.context("a thread of the process has ended")
        };
        let Driven { operations, took } = driven;
        #[expect(clippy::cast_precision_loss, reason = "no turn has 2⁵³ operations")]
        let operations = operations as f64;
        Ok(Turn {
            cpu: spent(0)?.as_secs_f64() * 1e6 / operations,
            mock_cpu: spent(1)?.as_secs_f64() * 1e6 / operations,
            operations_per_second: operations / took.as_secs_f64(),
        })
    }

    fn call(&self, caller: &Caller, during: Duration) -> Result<Driven> {
        let driven = self.runtime.block_on(drive(caller, self.in_flight, during));
        driven.with_context(|| format!("the sidecar says:\n{}", self.sidecar.tail(10)))
    }

    fn called(&self, caller: &Caller, id: i64) -> Result<Value> {
        Caller::told(self.runtime.block_on(caller.read(id))?)
    }
}

pub fn operations() -> PathBuf {
    root().join("bench/spanner/operations.yaml")
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// The sidecar as it is deployed, ready to be called.
pub fn start(operations: &Path, port: u16, socket: &Path, directory: &Path) -> Result<Process> {
    const READY: Duration = Duration::from_secs(60);
    let program = dist().join("spanner-sidecar");
    ensure!(program.exists(), "{} is missing: run `cargo xtask build`", program.display());
    let mut command = Command::new(program);
    command.arg("serve").arg("--operations").arg(operations).arg("--socket").arg(socket);
    point_at(&mut command, port);
    let log = directory.join("sidecar.log");
    let mut process = Process::start("spanner-sidecar", command, &log)?;
    process.wait_until(READY, &|| false, || is_ready(&log))?;
    Ok(process)
}

/// Every operation is known to fit, or not.
pub fn is_ready(log: &Path) -> bool {
    std::fs::read_to_string(log).is_ok_and(|said| said.contains("\"event\":\"ready\""))
}
