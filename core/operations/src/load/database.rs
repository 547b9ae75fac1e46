//! Databases: where they are, which SQL they speak, and how much of them may be used at once.

use std::collections::BTreeMap;

use spangate_document::{Diagnostics, Duration, Fields, Node, Path};

use super::{CLASSES, count};
use crate::{Class, Database, Dialect, DirectedReads, Limits, Queue, Replica, ReplicaType};

const MAX_IN_FLIGHT: u32 = 400;
const MAX_CHANNELS: u32 = 4;
const MOST_IN_FLIGHT: u32 = 100_000;
/// Spanner's own bound.
const MOST_CHANNELS: u32 = 256;
const MAX_WAIT: Duration = Duration { milliseconds: 1000 };

pub(super) fn read(node: &Node, path: Path, diagnostics: &mut Diagnostics) -> Option<Database> {
    let mut fields = Fields::of(node, path, diagnostics)?;
    let name = fields.demand_string("name", diagnostics).map(str::to_owned);
    if let Some(name) = &name
        && !is_database(name)
    {
        let fault = fields.fault("name", format!("`{name}` names no database"));
        diagnostics.push(fault.help("write `projects/PROJECT/instances/INSTANCE/databases/DATABASE`"));
    }
    let dialects = [("googlesql", Dialect::GoogleSql), ("postgresql", Dialect::PostgreSql)];
    let dialect = fields.word("dialect", &dialects, diagnostics).unwrap_or(Dialect::GoogleSql);
    let max_in_flight =
        count(&mut fields, "max_in_flight", MOST_IN_FLIGHT, diagnostics).unwrap_or(MAX_IN_FLIGHT);
    let max_channels = count(&mut fields, "max_channels", MOST_CHANNELS, diagnostics).unwrap_or(MAX_CHANNELS);
    let classes = classes(&mut fields, diagnostics);
    let roles = limits(&mut fields, "roles", diagnostics);
    let regions = limits(&mut fields, "regions", diagnostics);
    let queue = fields.take("queue");
    let queue = queue.and_then(|node| self::queue(node, fields.path().member("queue"), diagnostics));
    let directed_reads = directed_reads(&mut fields, diagnostics);
    fields.finish(diagnostics);
    Some(Database {
        name: name?,
        dialect,
        max_in_flight,
        max_channels,
        classes,
        roles,
        regions,
        queue,
        directed_reads,
    })
}

fn classes(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> BTreeMap<Class, Limits> {
    let mut classes = BTreeMap::new();
    let Some(node) = fields.take("classes") else { return classes };
    let Some(mut fields) = Fields::of(node, fields.path().member("classes"), diagnostics) else {
        return classes;
    };
    for (word, class) in CLASSES {
        let Some(node) = fields.take(word) else { continue };
        if let Some(mut of_class) = Fields::of(node, fields.path().member(word), diagnostics) {
            // Channels are of the database, of a role or of a region: a class has none of its own.
            let max_in_flight = count(&mut of_class, "max_in_flight", MOST_IN_FLIGHT, diagnostics);
            of_class.finish(diagnostics);
            classes.insert(class, Limits { max_in_flight, max_channels: None });
        }
    }
    fields.finish(diagnostics);
    classes
}

fn limits(
    fields: &mut Fields<'_>,
    name: &'static str,
    diagnostics: &mut Diagnostics,
) -> BTreeMap<String, Limits> {
    let limits = fields.map(name, diagnostics).into_iter();
    limits.filter_map(|(key, node, path)| Some((key.name.clone(), limit(node, path, diagnostics)?))).collect()
}

fn limit(node: &Node, path: Path, diagnostics: &mut Diagnostics) -> Option<Limits> {
    let mut fields = Fields::of(node, path, diagnostics)?;
    let max_in_flight = count(&mut fields, "max_in_flight", MOST_IN_FLIGHT, diagnostics);
    let max_channels = count(&mut fields, "max_channels", MOST_CHANNELS, diagnostics);
    fields.finish(diagnostics);
    Some(Limits { max_in_flight, max_channels })
}

fn queue(node: &Node, path: Path, diagnostics: &mut Diagnostics) -> Option<Queue> {
    let mut fields = Fields::of(node, path, diagnostics)?;
    fields.demand("max_waiting", diagnostics);
    let max_waiting = count(&mut fields, "max_waiting", MOST_IN_FLIGHT, diagnostics);
    let max_wait = fields.duration("max_wait", diagnostics).unwrap_or(MAX_WAIT);
    fields.finish(diagnostics);
    Some(Queue { max_waiting: max_waiting?, max_wait })
}

/// Of a database, or of an operation.
pub(super) fn directed_reads(
    fields: &mut Fields<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<DirectedReads> {
    let node = fields.take("directed_reads")?;
    let mut fields = Fields::of(node, fields.path().member("directed_reads"), diagnostics)?;
    let mut replicas = |name| {
        let items = fields.list(name, diagnostics);
        items.into_iter().filter_map(|(node, path)| replica(node, path, diagnostics)).collect::<Vec<_>>()
    };
    let (include, exclude) = (replicas("include"), replicas("exclude"));
    let auto_failover = fields.bool("auto_failover", diagnostics);
    let directed = match (include.is_empty(), exclude.is_empty()) {
        (false, true) => {
            Some(DirectedReads::Include { replicas: include, auto_failover: auto_failover.unwrap_or(true) })
        }
        (true, false) => Some(DirectedReads::Exclude(exclude)),
        _ => {
            let message = "exactly one of `include` and `exclude` is needed";
            diagnostics.error("invalid_value", fields.path(), node, message);
            None
        }
    };
    if auto_failover.is_some() && matches!(directed, Some(DirectedReads::Exclude(_))) {
        diagnostics.push(fields.fault("auto_failover", "`auto_failover` is of `include`"));
    }
    fields.finish(diagnostics);
    directed
}

fn replica(node: &Node, path: Path, diagnostics: &mut Diagnostics) -> Option<Replica> {
    let mut fields = Fields::of(node, path, diagnostics)?;
    let location = fields.string("location", diagnostics).map(str::to_owned);
    let types = [("read_only", ReplicaType::ReadOnly), ("read_write", ReplicaType::ReadWrite)];
    let r#type = fields.word("type", &types, diagnostics);
    if location.is_none() && r#type.is_none() {
        let message = "`location`, `type` or both are needed";
        diagnostics.error("invalid_value", fields.path(), node, message);
    }
    fields.finish(diagnostics);
    Some(Replica { location, r#type })
}

fn is_database(name: &str) -> bool {
    let parts: Vec<_> = name.split('/').collect();
    matches!(parts.as_slice(), ["projects", project, "instances", instance, "databases", database]
    if [project, instance, database].iter().all(|part| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
    }))
}
