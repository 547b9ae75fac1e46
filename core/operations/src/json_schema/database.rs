//! `databases`: where they are, and how much of them may be used at once.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use spangate_document::schema::Duration;

/// A database of Spanner, and how much of it may be used at once.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Database {
    /// `projects/PROJECT/instances/INSTANCE/databases/DATABASE`.
    #[schemars(regex(
        pattern = r"^projects/[A-Za-z0-9_.:-]+/instances/[A-Za-z0-9_.:-]+/databases/[A-Za-z0-9_.:-]+$"
    ))]
    name: String,
    dialect: Option<Dialect>,
    /// Operations that run at the same time, 1 to 100000; 400 where nothing is said. More wait in the queue, or are
    /// refused with 503 `database_overloaded`.
    max_in_flight: Option<InFlight>,
    /// gRPC channels, 1 to 256; 4 where nothing is said.
    max_channels: Option<Channels>,
    /// Budgets of their own within the whole, so that slow scans starve no point read.
    classes: Option<Classes>,
    /// By database role.
    roles: Option<BTreeMap<String, Limits>>,
    /// By region, as the sidecar's `--region` names it. What is beyond is refused with 429 `region_limit`.
    regions: Option<BTreeMap<String, Limits>>,
    /// Where calls wait for room; none where nothing is said: then what finds no room is refused at once.
    queue: Option<Queue>,
    /// Which replicas serve the reads of its operations.
    directed_reads: Option<DirectedReads>,
}

/// How the database's SQL is written; `googlesql` where nothing is said.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
enum Dialect {
    /// Parameters are written `@name`.
    GoogleSql,
    /// `$1` is the parameter `p1`.
    PostgreSql,
}

/// Operations at the same time, 1 to 100000.
#[derive(JsonSchema)]
struct InFlight(#[schemars(range(min = 1, max = 100_000))] u32);

/// gRPC channels, 1 to 256.
#[derive(JsonSchema)]
struct Channels(#[schemars(range(min = 1, max = 256))] u32);

/// By what an operation does to the database.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Classes {
    /// Reads of a few rows by their key.
    point: Option<ClassLimits>,
    /// All other reads.
    scan: Option<ClassLimits>,
    write: Option<ClassLimits>,
}

/// The part of a class.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct ClassLimits {
    /// Operations of this class at the same time, 1 to 100000; those of the database where nothing is said.
    max_in_flight: Option<InFlight>,
}

/// The part of a role or a region.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Limits {
    /// Operations at the same time, 1 to 100000; those of the database where nothing is said.
    max_in_flight: Option<InFlight>,
    /// gRPC channels, 1 to 256; those of the database where nothing is said.
    max_channels: Option<Channels>,
}

/// Calls wait here for room, if they can still be answered in time.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Queue {
    /// Calls that wait at the same time, 1 to 100000.
    max_waiting: InFlight,
    /// How long a call waits; a second where nothing is said.
    max_wait: Option<Duration>,
}

/// Which replicas serve reads, as Spanner's `DirectedReadOptions`: `include` or `exclude`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("oneOf" = [{"required": ["include"]}, {"required": ["exclude"]}]))]
pub struct DirectedReads {
    /// These are tried in their order.
    #[schemars(length(min = 1))]
    include: Option<Vec<Replica>>,
    /// These serve none.
    #[schemars(length(min = 1))]
    exclude: Option<Vec<Replica>>,
    /// Beside `include`: whether others serve where none of them can; they do where nothing is said.
    auto_failover: Option<bool>,
}

/// At least one of the two is there.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("anyOf" = [{"required": ["location"]}, {"required": ["type"]}]))]
struct Replica {
    /// A region, such as `europe-west1`.
    location: Option<String>,
    r#type: Option<ReplicaType>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum ReplicaType {
    ReadOnly,
    ReadWrite,
}
