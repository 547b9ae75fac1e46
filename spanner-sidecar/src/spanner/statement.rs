//! An operation's SQL and its arguments as a statement of the client. Every value travels with its type, so that
//! Spanner infers nothing from what a caller sent.

use google_cloud_spanner::model::request_options;
use google_cloud_spanner::statement::{Statement, StatementBuilder};
use google_cloud_spanner::types::Type;
use google_cloud_spanner::value::Value;
use spangate_operations::{Argument, Bound, Operation, Priority, Statement as Sql};
use tokio::time::Instant;

use super::{backoff_policy, directed, remaining, retry_policy};
use crate::refusal::{Reason, Refusal};

/// What one name in the SQL stands for.
pub struct Given<'n> {
    pub name: &'n str,
    pub r#type: Type,
    pub value: Value,
}

/// The statement with its limits of time.
pub fn statement<'n>(
    operation: &Operation,
    tag: &str,
    sql: &Sql,
    given: impl IntoIterator<Item = Given<'n>>,
    deadline: Instant,
) -> Statement {
    builder(operation, tag, sql, given, deadline).build()
}

pub fn builder<'n>(
    operation: &Operation,
    tag: &str,
    sql: &Sql,
    given: impl IntoIterator<Item = Given<'n>>,
    deadline: Instant,
) -> StatementBuilder {
    let limited = Statement::builder(&sql.sql)
        .set_priority(priority(operation.priority))
        .set_request_tag(tag)
        .with_attempt_timeout(remaining(deadline))
        .with_retry_policy(retry_policy(deadline))
        .with_backoff_policy(backoff_policy());
    let directed = match &operation.directed_reads {
        Some(directed) => limited.set_directed_read_options(directed::options(directed)),
        None => limited,
    };
    given
        .into_iter()
        .fold(directed, |builder, Given { name, r#type, value }| builder.add_typed_param(name, value, r#type))
}

/// What an argument is that needs nothing but the call: a read has no other.
pub fn of_call<'b>(argument: &Argument, bound: &'b [Bound<'b>]) -> Result<&'b Bound<'b>, Refusal> {
    let found = match argument {
        Argument::Parameter(index) => bound.get(*index),
        Argument::Returned { .. } | Argument::CommitTimestamp => None,
    };
    found.ok_or_else(|| Refusal::new(Reason::SchemaMismatch, "an argument of the operation is not known"))
}

pub fn priority(priority: Priority) -> request_options::Priority {
    match priority {
        Priority::Low => request_options::Priority::Low,
        Priority::Medium => request_options::Priority::Medium,
        Priority::High => request_options::Priority::High,
    }
}
