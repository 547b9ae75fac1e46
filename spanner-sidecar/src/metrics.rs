//! What the sidecar counts, for Prometheus to ask (`--metrics`). Labels are names of the author's document and words
//! of this program: never what a caller sent.

mod endpoint;

pub use endpoint::{bind, serve};

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Metric, Registry};

pub struct Metrics {
    registry: Registry,
    pub calls: Family<CallLabels, Counter>,
    pub answers_cut: Family<CallLabels, Counter>,
    pub call_seconds: Family<OperationLabel, Histogram, fn() -> Histogram>,
    pub in_flight: Family<LaneLabels, Gauge>,
    pub waiting: Family<LaneLabels, Gauge>,
    pub wait_seconds: Family<LaneLabels, Histogram, fn() -> Histogram>,
    pub turned_away: Family<TurnedAwayLabels, Counter>,
    pub operations_served: Family<OperationLabel, Gauge>,
    pub operation_drifts: Family<OperationLabel, Counter>,
    pub database_reachable: Family<DatabaseLabel, Gauge>,
    pub sessions_made: Family<DatabaseLabel, Counter>,
    pub sessions_renewed: Family<DatabaseLabel, Counter>,
    pub kept_answers: Family<FoundLabel, Counter>,
    pub reloads: Family<ResultLabel, Counter>,
    pub certificate_reloads: Family<ResultLabel, Counter>,
    pub page_key_reloads: Family<ResultLabel, Counter>,
    pub connections: Gauge,
    pub peers_refused: Counter,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct CallLabels {
    /// `unknown` when the document has no such operation: a caller could make up names.
    pub operation: String,
    /// `ok`, or the refusal's.
    pub reason: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct OperationLabel {
    pub operation: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct DatabaseLabel {
    pub database: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct LaneLabels {
    pub database: String,
    pub class: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct TurnedAwayLabels {
    pub database: String,
    pub class: &'static str,
    pub reason: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct ResultLabel {
    /// `accepted` or `refused`.
    pub result: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct FoundLabel {
    /// `hit`, `read` when this call read it, or `passed` when it could not be kept or used.
    pub found: &'static str,
}

impl ResultLabel {
    pub const ACCEPTED: Self = Self { result: "accepted" };
    pub const REFUSED: Self = Self { result: "refused" };
}

impl Metrics {
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("spangate_sidecar");
        let r = &mut registry;
        let seconds: fn() -> Histogram = || Histogram::new(exponential_buckets(0.000_5, 2.0, 16));
        let (per_operation, per_lane) =
            (Family::new_with_constructor(seconds), Family::new_with_constructor(seconds));
        Self {
            calls: add(
                r,
                "calls",
                "calls by operation and the reason of their refusal, or `ok` once an answer began",
                Family::default(),
            ),
            answers_cut: add(
                r,
                "answers_cut",
                "answers that began and were cut, by operation and reason",
                Family::default(),
            ),
            call_seconds: add(r, "call_seconds", "from a call's metadata to its first bytes", per_operation),
            in_flight: add(r, "in_flight", "calls that hold a place in a database", Family::default()),
            waiting: add(r, "waiting", "calls that wait for a place", Family::default()),
            wait_seconds: add(r, "wait_seconds", "how long admitted calls had waited for a place", per_lane),
            turned_away: add(r, "turned_away", "calls that found no place", Family::default()),
            operations_served: add(
                r,
                "operation_served",
                "1 when the operation fits the live schema",
                Family::default(),
            ),
            operation_drifts: add(
                r,
                "operation_drifts",
                "how often an operation that was served stopped to fit the schema",
                Family::default(),
            ),
            database_reachable: add(
                r,
                "database_reachable",
                "1 when the database answered the last probe",
                Family::default(),
            ),
            sessions_made: add(r, "sessions_made", "sessions that were made", Family::default()),
            sessions_renewed: add(
                r,
                "sessions_renewed",
                "sessions made in place of ones that Spanner forgot",
                Family::default(),
            ),
            kept_answers: add(
                r,
                "kept_answers",
                "calls whose answer may be kept, by what was found",
                Family::default(),
            ),
            reloads: add(r, "reloads", "readings of a changed operations file", Family::default()),
            certificate_reloads: add(
                r,
                "certificate_reloads",
                "readings of changed certificate files",
                Family::default(),
            ),
            page_key_reloads: add(
                r,
                "page_key_reloads",
                "readings of a changed file of page keys",
                Family::default(),
            ),
            connections: add(r, "connections", "open connections", Gauge::default()),
            peers_refused: add(
                r,
                "peers_refused",
                "connections of peers that may not call, or too many",
                Counter::default(),
            ),
            registry,
        }
    }

    /// An answer has ended before all of it was there.
    pub fn answer_cut(&self, operation: &str, reason: &str) {
        let labels = CallLabels { operation: operation.to_owned(), reason: reason.to_owned() };
        self.answers_cut.get_or_create_owned(&labels).inc();
    }

    /// A call is refused for that reason, or its answer begins: `ok`.
    pub fn call_ended(&self, operation: Option<&str>, reason: &str, took: Duration) {
        let operation = operation.unwrap_or("unknown").to_owned();
        self.call_seconds
            .get_or_create_owned(&OperationLabel { operation: operation.clone() })
            .observe(took.as_secs_f64());
        self.calls.get_or_create_owned(&CallLabels { operation, reason: reason.to_owned() }).inc();
    }

    /// All of it as OpenMetrics text.
    pub fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl DatabaseLabel {
    pub fn new(database: &str) -> Self {
        Self { database: database.to_owned() }
    }
}

impl OperationLabel {
    pub fn new(operation: &str) -> Self {
        Self { operation: operation.to_owned() }
    }
}

fn add<M: Metric + Clone>(registry: &mut Registry, name: &str, help: &str, metric: M) -> M {
    registry.register(name, help, metric.clone());
    metric
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every metric stands in the documentation, in the order of the code, and nothing else does. Read from the code,
    /// since a family without a sample is not told.
    #[test]
    fn every_metric_is_documented() {
        let code = include_str!("metrics.rs").split_once("pub fn new()").unwrap().1;
        let code = code.split_once("registry,").unwrap().0;
        let actual: Vec<_> = code
            .split("add(")
            .skip(1)
            .map(|call| format!("spangate_sidecar_{}", call.split('"').nth(1).unwrap()))
            .collect();
        let page = include_str!("../../docs/sidecar.md").split_once("## Metrics").unwrap().1;
        let section = page.split_once("\n## ").unwrap().0;
        let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
        let documented: Vec<_> = rows.map(|row| row.split_once('`').unwrap().0).collect();
        assert_eq!(documented, actual);
    }

    #[test]
    fn calls_are_counted_by_operation_and_reason() {
        let metrics = Metrics::new();
        metrics.call_ended(Some("Read"), "ok", Duration::from_millis(3));
        metrics.call_ended(None, "operation_unknown", Duration::ZERO);
        let text = metrics.text().unwrap();
        for line in [
            r#"spangate_sidecar_calls_total{operation="Read",reason="ok"} 1"#,
            r#"spangate_sidecar_calls_total{operation="unknown",reason="operation_unknown"} 1"#,
            r#"spangate_sidecar_call_seconds_count{operation="Read"} 1"#,
        ] {
            assert!(text.contains(line), "{text}");
        }
    }
}
