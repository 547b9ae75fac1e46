//! An operation and its bound values as a statement of the client. Every value travels with its type, so that
//! Spanner infers nothing from what a caller sent.

use std::time::Duration;

use google_cloud_spanner::model::execute_sql_request::QueryMode;
use google_cloud_spanner::model::request_options;
use google_cloud_spanner::statement::{Statement, StatementBuilder};
use google_cloud_spanner::types::{self, Type as SpannerType};
use google_cloud_spanner::value::Value as SpannerValue;
use spangate_operations::{Bound, Operation, Priority, Scalar, Type, Value};
use tokio::time::Instant;

use super::{backoff_policy, remaining, retry_policy};

/// The statement with its limits of time.
pub fn statement(operation: &Operation, bound: &[Bound<'_>], deadline: Instant) -> Statement {
    let mut builder = base(operation, remaining(deadline))
        .with_retry_policy(retry_policy(deadline))
        .with_backoff_policy(backoff_policy());
    for Bound { parameter, value } in bound.iter().filter(|bound| bound.parameter.in_sql) {
        builder = builder.add_typed_param(&parameter.name, to_spanner(value), spanner_type(parameter.r#type));
    }
    builder.build()
}

/// The statement to be planned: every parameter is a NULL of its type.
pub fn to_plan(operation: &Operation, deadline: Instant) -> Statement {
    let mut builder = base(operation, remaining(deadline))
        .with_retry_policy(retry_policy(deadline))
        .with_backoff_policy(backoff_policy())
        .set_query_mode(QueryMode::Plan);
    for parameter in operation.parameters.iter().filter(|parameter| parameter.in_sql) {
        builder =
            builder.add_typed_param(&parameter.name, SpannerValue::null(), spanner_type(parameter.r#type));
    }
    builder.build()
}

fn base(operation: &Operation, attempt: Duration) -> StatementBuilder {
    Statement::builder(operation.kind.sql())
        .set_priority(priority(operation.priority))
        .set_request_tag(format!("spangate={}", operation.name))
        .with_attempt_timeout(attempt)
}

pub fn priority(priority: Priority) -> request_options::Priority {
    match priority {
        Priority::Low => request_options::Priority::Low,
        Priority::Medium => request_options::Priority::Medium,
        Priority::High => request_options::Priority::High,
    }
}

/// Everything but booleans and floats travels as text.
fn to_spanner(value: &Value) -> SpannerValue {
    match value {
        Value::Null => SpannerValue::null(),
        Value::Bool(value) => (*value).into(),
        Value::Int64(value) => (*value).into(),
        Value::Float(value) => (*value).into(),
        Value::Numeric(value) => value.to_string().into(),
        Value::Text(text) => text.clone().into(),
        Value::Array(items) => items.iter().map(to_spanner).collect::<Vec<_>>().into(),
    }
}

fn spanner_type(r#type: Type) -> SpannerType {
    match r#type {
        Type::Scalar(scalar) => scalar_type(scalar),
        Type::Array(scalar) => types::array(scalar_type(scalar)),
    }
}

fn scalar_type(scalar: Scalar) -> SpannerType {
    match scalar {
        Scalar::Bool => types::bool(),
        Scalar::Int64 => types::int64(),
        Scalar::Float32 => types::float32(),
        Scalar::Float64 => types::float64(),
        Scalar::String => types::string(),
        Scalar::Bytes => types::bytes(),
        Scalar::Date => types::date(),
        Scalar::Timestamp => types::timestamp(),
        Scalar::Numeric => types::numeric(),
        Scalar::Json => types::json(),
        Scalar::Uuid => types::uuid(),
    }
}
