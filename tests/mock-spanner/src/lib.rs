//! A small faithful Spanner for tests and benchmarks. It stands in for the real one where the emulator cannot: the
//! emulator enforces no database role, takes one read-write transaction at a time, fails nowhere on purpose, and is too
//! slow to measure anything else with. Here tables are made from DDL, reads see a snapshot as of their timestamp,
//! read-write transactions are apart until the first to commit wins (the others are ABORTED), commit timestamps only
//! grow, and a fault can be planned before or after every message.
//!
//! Not here: joins, functions, checks, foreign keys, interleaving, row deletion, change streams, the admin API.

mod evaluate;
mod hooks;
mod information_schema;
mod keys;
mod record;
mod run;
mod schema;
mod server;
mod spanner;
mod sql;
mod store;
mod token;
mod transaction;
mod value;

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use prost_types::value::Kind;
use tokio::net::TcpListener;
use tonic::Status;

pub use hooks::{Fault, Step, Times, When};
pub use record::Record;
use spanner::{Door, Spanner};

/// A database and one door to it: a port of its own with faults and counts of its own. Serves until the runtime ends.
#[derive(Clone)]
pub struct Mock {
    pub port: u16,
    door: Door,
}

impl Mock {
    /// A database with the tables, roles and grants of the DDL, on a free port.
    pub async fn start(ddl: &str) -> Result<Self, Status> {
        Self::on(ddl, "127.0.0.1:0").await
    }

    pub async fn on(ddl: &str, address: &str) -> Result<Self, Status> {
        let spanner = Spanner::default();
        spanner.state().store.apply(ddl)?;
        Self::open(Arc::new(spanner), address).await.map_err(|error| Status::internal(error.to_string()))
    }

    /// Another port of the same database.
    pub async fn another_door(&self) -> io::Result<Self> {
        Self::open(Arc::clone(&self.door.spanner), "127.0.0.1:0").await
    }

    async fn open(spanner: Arc<Spanner>, address: &str) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let port = listener.local_addr()?.port();
        let door = Door { spanner, hooks: Arc::default() };
        tokio::spawn(server::serve(door.clone(), listener));
        Ok(Self { port, door })
    }

    /// More tables, roles or grants.
    pub fn apply(&self, ddl: &str) -> Result<(), Status> {
        self.door.spanner.state().store.apply(ddl)
    }

    /// Runs statements that end with semicolons, in a transaction of their own: rows to begin with.
    pub fn execute(&self, statements: &str) -> Result<(), Status> {
        self.door.spanner.state().execute(statements)
    }

    /// What a query returns, as texts: for tests to count and compare.
    pub fn query(&self, query: &str) -> Result<Vec<Vec<String>>, Status> {
        self.door.spanner.state().query(query)
    }

    pub fn fault(&self, step: Step, when: When, times: Times, fault: Fault) {
        self.door.hooks.add(step, when, times, fault);
    }

    /// From now on whoever sends an `authorization` header that is not accepted, or none, is UNAUTHENTICATED.
    pub fn guard(&self, accepts: impl Fn(&str) -> bool + Send + Sync + 'static) {
        self.door.hooks.post(Arc::new(accepts));
    }

    /// The next such message fails before anything is done.
    pub fn once(&self, step: Step, status: Status) {
        self.fault(step, When::Before, Times::Nth(1), Fault::Status(status));
    }

    /// Every such message fails so, and in no other way.
    pub fn always(&self, step: Step, status: Status) {
        self.heal(step);
        self.fault(step, When::Before, Times::Always, Fault::Status(status));
    }

    /// Every such message gets no answer at all.
    pub fn silent(&self, step: Step) {
        self.heal(step);
        self.fault(step, When::Before, Times::Always, Fault::Silence);
    }

    /// Every such message is answered only after a while.
    pub fn slow(&self, step: Step, delay: Duration) {
        self.heal(step);
        self.fault(step, When::Before, Times::Always, Fault::Delay(delay));
    }

    pub fn heal(&self, step: Step) {
        self.door.hooks.clear(step);
    }

    pub fn heal_all(&self) {
        self.door.hooks.clear_all();
        self.door.spanner.state().broken_stream = None;
    }

    /// Streams end with this after their first piece.
    pub fn break_after_rows(&self, status: Status) {
        self.door.spanner.state().broken_stream = Some(status);
    }

    /// Streams send their rows so many times over, made as they are sent: long answers without long tables.
    pub fn repeat_rows(&self, times: usize) {
        self.door.spanner.state().repeats = times;
    }

    /// Every session that there is, of every door, is not found any more.
    pub fn lose_sessions(&self) {
        self.door.spanner.state().generation += 1;
    }

    /// Queries and reads whose end has not been sent and that nobody has cancelled.
    pub fn open_streams(&self) -> usize {
        self.door.spanner.state().open_streams.load(Ordering::Relaxed)
    }

    pub fn count(&self, step: Step) -> usize {
        self.door.hooks.count(step)
    }

    pub fn forget_counts(&self) {
        self.door.hooks.forget_counts();
    }

    /// Roles for which sessions were made, sorted.
    pub fn roles(&self) -> Vec<String> {
        let mut roles = self.door.spanner.state().roles.clone();
        roles.sort();
        roles
    }

    /// The latest requests, oldest first.
    pub fn records(&self) -> Vec<Record> {
        self.door.spanner.state().records.iter().cloned().collect()
    }

    /// The value of a parameter of the last statement that had it, and the code of its type.
    pub fn last_parameter(&self, name: &str) -> Option<(String, i32)> {
        let state = self.door.spanner.state();
        let record = state.records.iter().rev().find(|record| record.parameters.fields.contains_key(name))?;
        let code = record.types.get(name).map_or(0, |r#type| r#type.code);
        match record.parameters.fields.get(name)?.kind.as_ref()? {
            Kind::StringValue(text) => Some((text.clone(), code)),
            other => Some((format!("{other:?}"), code)),
        }
    }
}

#[cfg(test)]
mod tests;
