//! A read by keys, without SQL: of a table or through an index, of one key, of many, or of all that begin alike.

use google_cloud_spanner::key::{Key, KeyRange, KeySet};
use google_cloud_spanner::read::ReadRequest;
use google_cloud_spanner::value::Value as SpannerValue;
use spangate_operations::{Argument, Bound, KeyRead, Operation, Value};
use tokio::time::Instant;

use crate::refusal::{Reason, Refusal};
use crate::spanner::statement::{of_call, priority};
use crate::spanner::value::to_key_parts;
use crate::spanner::{backoff_policy, directed, remaining, retry_policy};

const TOO_FEW: &str = "the number of rows must be at least 1";

pub fn request(
    operation: &Operation,
    tag: &str,
    read: &KeyRead,
    bound: &[Bound<'_>],
    deadline: Instant,
) -> Result<ReadRequest, Refusal> {
    let KeyRead { table, index, columns, key, prefix, limit } = read;
    let value = |wanted: &Argument| of_call(wanted, bound).map(|bound| &bound.value);
    let keys = key_set(&key.iter().map(value).collect::<Result<Vec<_>, _>>()?, *prefix);
    let builder = ReadRequest::builder(table, columns);
    let builder = match index {
        Some(index) => builder.with_index(index, keys),
        None => builder.with_keys(keys),
    };
    let builder = match limit.as_ref().map(value).transpose()? {
        Some(Value::Int64(limit)) if *limit > 0 => builder.set_limit(*limit),
        // Spanner takes 0 for no limit at all.
        Some(Value::Int64(_)) => return Err(Refusal::new(Reason::ParameterInvalid, TOO_FEW)),
        _ => builder,
    };
    let builder = match &operation.directed_reads {
        Some(directed) => builder.set_directed_read_options(directed::options(directed)),
        None => builder,
    };
    Ok(builder
        .set_priority(priority(operation.priority))
        .set_request_tag(tag)
        .with_attempt_timeout(remaining(deadline))
        .with_retry_policy(retry_policy(deadline))
        .with_backoff_policy(backoff_policy())
        .build())
}

/// A key for each element of the one part that is an array, or a single key.
fn key_set(parts: &[&Value], prefix: bool) -> KeySet {
    let elements = parts.iter().find_map(|part| match part {
        Value::Array(items) => Some(items.as_slice()),
        _ => None,
    });
    let of = |element: Option<&Value>| {
        let values = |part: &&Value| match (part, element) {
            (Value::Array(_), Some(element)) => to_key_parts(element),
            (part, _) => to_key_parts(part),
        };
        Key::new(parts.iter().flat_map(values).collect())
    };
    let keys: Vec<Key> = match elements {
        Some(elements) => elements.iter().map(|element| of(Some(element))).collect(),
        None => vec![of(None)],
    };
    keys.into_iter()
        .fold(KeySet::builder(), |set, key| match prefix {
            true => set.add_range(KeyRange::closed_closed(key.clone(), key)),
            false => set.add_key(key),
        })
        .build()
}

/// A read that is meant to find nothing: it tells whether table, index, columns and the number of the key's parts are
/// right, and the columns' types.
pub fn of_nothing(operation: &Operation, read: &KeyRead, tag: &str, deadline: Instant) -> ReadRequest {
    let parts = |argument: &Argument| match argument {
        Argument::Parameter(index) => operation.parameters.get(*index)?.r#type.key_parts(),
        Argument::Returned { .. } | Argument::CommitTimestamp => None,
    };
    let parts: usize = read.key.iter().map(|argument| parts(argument).unwrap_or(1)).sum();
    let key = Key::new(vec![SpannerValue::null(); parts]);
    let keys = match read.prefix {
        true => KeySet::builder().add_range(KeyRange::closed_closed(key.clone(), key)).build(),
        false => KeySet::builder().add_key(key).build(),
    };
    let builder = ReadRequest::builder(&read.table, &read.columns);
    let builder = match &read.index {
        Some(index) => builder.with_index(index, keys),
        None => builder.with_keys(keys),
    };
    builder
        .set_limit(1)
        .set_request_tag(tag)
        .with_attempt_timeout(remaining(deadline))
        .with_retry_policy(retry_policy(deadline))
        .with_backoff_policy(backoff_policy())
        .build()
}
