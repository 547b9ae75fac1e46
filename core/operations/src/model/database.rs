//! A database, and how much of it may be used at once: by all, by class, by role, from a region.

use std::collections::BTreeMap;

use spangate_document::Duration;

use super::Class;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// `projects/P/instances/I/databases/D`.
    pub name: String,
    pub dialect: Dialect,
    /// Most operations at once.
    pub max_in_flight: u32,
    pub max_channels: u32,
    /// Budgets of their own within the whole.
    pub classes: BTreeMap<Class, Limits>,
    pub roles: BTreeMap<String, Limits>,
    /// By the region in which the sidecar says it runs (`--region`).
    pub regions: BTreeMap<String, Limits>,
    /// Absent: what finds no room is refused at once.
    pub queue: Option<Queue>,
    pub directed_reads: Option<DirectedReads>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    GoogleSql,
    PostgreSql,
}

impl Dialect {
    /// How SQL names a parameter: PostgreSQL's `$1` is called `p1` wherever it is no SQL.
    pub fn sign(self, name: &str) -> String {
        let position = name.strip_prefix('p').filter(|number| number.parse::<u32>().is_ok());
        match (self, position) {
            (Self::PostgreSql, Some(position)) => format!("${position}"),
            (Self::PostgreSql, None) | (Self::GoogleSql, _) => format!("@{name}"),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    pub max_in_flight: Option<u32>,
    pub max_channels: Option<u32>,
}

/// Calls that wait for room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queue {
    pub max_waiting: u32,
    pub max_wait: Duration,
}

/// Which replicas serve reads, as Spanner's `DirectedReadOptions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DirectedReads {
    Include { replicas: Vec<Replica>, auto_failover: bool },
    Exclude(Vec<Replica>),
}

/// At least one of the two is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replica {
    pub location: Option<String>,
    pub r#type: Option<ReplicaType>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplicaType {
    ReadOnly,
    ReadWrite,
}
