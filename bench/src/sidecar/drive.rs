//! A closed loop: so many reads in flight, for so long.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tokio::task::JoinSet;

use super::reader::{ITEMS, Reader};

/// What was read, and how long that took.
#[derive(Clone, Copy, Debug)]
pub struct Driven {
    pub operations: u64,
    pub took: Duration,
}

/// One read that fails fails the turn.
pub async fn drive(reader: &impl Reader, in_flight: usize, during: Duration) -> Result<Driven> {
    let begin = Instant::now();
    let mut loops = JoinSet::new();
    for first in 0..i64::try_from(in_flight)? {
        let reader = reader.clone();
        loops.spawn(async move {
            let mut operations = 0;
            // Each walks over all rows, and no two stand at the same one.
            let mut id = first * 7 % ITEMS + 1;
            while begin.elapsed() < during {
                black_box(reader.read(id).await?);
                operations += 1;
                id = id % ITEMS + 1;
            }
            anyhow::Ok(operations)
        });
    }
    let mut operations = 0_u64;
    while let Some(read) = loops.join_next().await {
        operations += read??;
    }
    ensure!(operations > 0, "nothing was read");
    Ok(Driven { operations, took: begin.elapsed() })
}
