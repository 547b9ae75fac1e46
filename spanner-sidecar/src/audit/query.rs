//! The audit's rows by time, subject and operation, in SQL that both dialects take but for the names of parameters.

use google_cloud_spanner::statement::Statement;
use google_cloud_spanner::types;
use google_cloud_spanner::value::Value;
use spangate_operations::Dialect;

use super::command::ANSWER;
use crate::cli;
use crate::migration::own_tables::AUDIT;
use crate::spanner::bounds;

/// In the order in which they are shown.
pub const COLUMNS: [&str; 9] = [
    "committed_at",
    "operation",
    "policy_operation",
    "issuer",
    "subject",
    "tenant",
    "request_id",
    "policy_revision",
    "fields",
];

/// Newest first.
pub fn statement(options: &cli::Audit, dialect: Dialect) -> Statement {
    let wanted = [
        ("committed_at >=", &options.since, types::timestamp()),
        ("committed_at <", &options.until, types::timestamp()),
        ("subject =", &options.subject, types::string()),
        ("operation =", &options.operation, types::string()),
    ];
    let wanted: Vec<_> =
        wanted.into_iter().filter_map(|(test, value, of)| Some((test, value.as_ref()?, of))).collect();
    let tests: Vec<String> = (1_usize..)
        .zip(&wanted)
        .map(|(number, (test, ..))| match dialect {
            Dialect::GoogleSql => format!("{test} @p{number}"),
            Dialect::PostgreSql => format!("{test} ${number}"),
        })
        .collect();
    let filter = if tests.is_empty() { String::new() } else { format!(" WHERE {}", tests.join(" AND ")) };
    let columns = COLUMNS.join(", ");
    let sql =
        format!("SELECT {columns} FROM {AUDIT}{filter} ORDER BY committed_at DESC LIMIT {}", options.limit);
    let statement = bounds::statement(sql, ANSWER).set_request_tag("spangate=audit");
    (1_usize..)
        .zip(wanted)
        .fold(statement, |statement, (number, (_, value, of))| {
            statement.add_typed_param(format!("p{number}"), Value::from(value.clone()), of)
        })
        .build()
}
