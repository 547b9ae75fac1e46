//! What the sidecar holds in memory: under steady load, and while a crowd of readers stands still before answers of
//! many megabytes.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use spangate_stack::Process;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::Form;
use super::caller::Caller;
use super::drive::drive;
use super::helper::Helper;
use super::reader::Reader;
use super::stage::{operations, start};
use crate::memory::resident;

/// Between two looks at the memory.
const TURN: Duration = Duration::from_secs(30);
/// The rows of the table so many times over: some 25 MB an answer.
const REPEATS: usize = 200;
/// Readers that share a connection.
const ON_ONE_CONNECTION: usize = 250;

#[derive(clap::Args)]
pub struct Held {
    /// How long the load lasts
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// Reads in flight
    #[arg(long, default_value_t = 64)]
    in_flight: usize,
    /// Readers that stand still
    #[arg(long, default_value_t = 1000)]
    streams: usize,
}

struct Ground {
    sidecar: Process,
    runtime: Runtime,
    mock: Helper,
}

impl Held {
    pub fn run(&self, directory: &Path) -> Result<()> {
        ensure!(self.minutes > 0 && self.in_flight > 0 && self.streams > 0, "nothing is held by nobody");
        let socket = directory.join("sidecar.sock");
        let (mock, port) = Helper::start(&["mock"], None)?;
        let sidecar = start(&operations(), port.parse()?, &socket, directory)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let mut ground = Ground { sidecar, runtime, mock };
        self.load(&ground, &socket)?;
        self.stand_still(&mut ground, &socket)
    }

    /// Point reads without a pause.
    fn load(&self, ground: &Ground, socket: &Path) -> Result<()> {
        let caller = ground.caller(socket, Form::Keys.operation());
        println!("{:>8}{:>14}{:>14}", "seconds", "operations", "resident MiB");
        let (begin, mut operations) = (Instant::now(), 0);
        while begin.elapsed() < Duration::from_secs(60 * self.minutes) {
            operations += ground.runtime.block_on(drive(&caller, self.in_flight, TURN))?.operations;
            println!("{:>8}{operations:>14}{:>14.1}", begin.elapsed().as_secs(), ground.resident()?);
        }
        Ok(())
    }

    /// Each begins to read all rows, and then takes no more; one among them reads a single row.
    fn stand_still(&self, ground: &mut Ground, socket: &Path) -> Result<()> {
        ground.mock.ask(&format!("repeat {REPEATS}"))?;
        let before = ground.resident()?;
        let connections = self.streams.div_ceil(ON_ONE_CONNECTION);
        let callers: Vec<_> = (0..connections).map(|_| ground.caller(socket, "ListAll")).collect();
        let mut still = JoinSet::new();
        for caller in callers.iter().cycle().take(self.streams) {
            let caller = caller.clone();
            // Whoever stands before it on the same channel may keep an answer from beginning at all.
            still.spawn_on(stand(caller), ground.runtime.handle());
        }
        println!("{} readers stand still; resident MiB: {before:.1} before", still.len());
        for _ in 0..6 {
            sleep(TURN / 6);
            println!("{:.1}", ground.resident()?);
        }
        ground.mock.ask("repeat 1")?;
        let among = Instant::now();
        ground.runtime.block_on(ground.caller(socket, Form::Keys.operation()).read(1))?;
        println!("a point read among them took {:.1} ms", among.elapsed().as_secs_f64() * 1e3);
        ensure!(ground.runtime.block_on(async { still.try_join_next().is_none() }), "somebody went away");
        drop(still);
        sleep(TURN / 6);
        println!("{:.1} after they have gone", ground.resident()?);
        Ok(())
    }
}

/// Asks for all rows, takes the first of them, and no more.
async fn stand(caller: Caller) {
    let begun = caller.begin(None).await;
    if begun.is_ok() {
        std::future::pending::<()>().await;
    }
}

impl Ground {
    fn caller(&self, socket: &Path, operation: &'static str) -> Caller {
        let _within = self.runtime.enter();
        Caller::new(socket, operation)
    }

    /// In MiB.
    fn resident(&self) -> Result<f64> {
        #[expect(clippy::cast_precision_loss, reason = "no process has 2⁵³ bytes")]
        Ok(resident(self.sidecar.id())? as f64 / 1_048_576.0)
    }
}
