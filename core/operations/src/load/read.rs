//! What a read reads: a query, or the rows of keys without SQL; and how fresh.

use spangate_document::{Diagnostic, Diagnostics, Fields, Node, Path, Value as Json};

use super::names::Names;
use super::place::Place;
use super::{fault_at, one_statement};
use crate::{KeyRead, Read, ReadSource, Scalar, Source, Staleness, Type, Value};

pub(super) fn read(
    node: &Node,
    path: Path,
    names: &Names<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Read> {
    let mut fields = Fields::of(node, path, diagnostics)?;
    let (sql, keys) = (fields.string("sql", diagnostics), fields.take("keys"));
    let source = match (sql, keys) {
        (Some(sql), None) => {
            let verbs = ["SELECT", "WITH", "FROM", "GRAPH"];
            one_statement(sql, names.dialect, &fields, &verbs, "a read", diagnostics);
            Some(ReadSource::Sql(names.statement(sql, &fields, diagnostics)))
        }
        (None, Some(node)) => {
            by_keys(node, fields.path().member("keys"), names, diagnostics).map(ReadSource::Keys)
        }
        _ => {
            let message = "exactly one of `sql` and `keys` is needed";
            diagnostics.error("invalid_value", fields.path(), fields.node(), message);
            None
        }
    };
    let staleness = fields.take("staleness").map_or(Some(Staleness::Strong), |node| {
        staleness(node, fields.path().member("staleness"), diagnostics)
    });
    fields.finish(diagnostics);
    Some(Read { source: source?, staleness: staleness? })
}

fn by_keys(node: &Node, path: Path, names: &Names<'_>, diagnostics: &mut Diagnostics) -> Option<KeyRead> {
    let mut fields = Fields::of(node, path, diagnostics)?;
    let table = fields.demand_string("table", diagnostics).map(str::to_owned);
    let index = fields.string("index", diagnostics).map(str::to_owned);
    fields.demand("columns", diagnostics);
    let columns = fields.strings("columns", diagnostics).unwrap_or_default();
    let columns = columns.into_iter().map(str::to_owned).collect();
    fields.demand("key", diagnostics);
    let key: Vec<_> = fields
        .strings("key", diagnostics)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|name| names.value(name, Place::Keys, &fields, diagnostics))
        .collect();
    let prefix = fields.bool("prefix", diagnostics).unwrap_or(false);
    let limit = fields.string("limit", diagnostics);
    let limit = limit.and_then(|name| names.value(name, Place::Limit, &fields, diagnostics));
    let lists = names.parameters(key.iter()).filter(|parameter| parameter.r#type.is_array());
    if lists.count() > 1 {
        fault_at(&fields, "key", "at most one part of a key is an array".to_owned(), diagnostics);
    }
    let is_count = |limit| {
        names.parameters(std::iter::once(limit)).all(|parameter| {
            parameter.r#type == Type::Scalar(Scalar::Int64) && !matches!(parameter.source, Source::Page(_))
        })
    };
    if limit.as_ref().is_some_and(|limit| !is_count(limit)) {
        fault_at(&fields, "limit", "`limit` is a parameter of type INT64".to_owned(), diagnostics);
    }
    fields.finish(diagnostics);
    Some(KeyRead { table: table?, index, columns, key, prefix, limit })
}

fn staleness(node: &Node, path: Path, diagnostics: &mut Diagnostics) -> Option<Staleness> {
    if let Json::String(text) = &node.value {
        if text == "strong" {
            return Some(Staleness::Strong);
        }
        let fault =
            Diagnostic::error("invalid_value", &path, format!("unknown staleness `{text}`")).at(node.span);
        diagnostics
            .push(fault.help("write `strong`, `{exact: 10s}`, `{max: 10s}` or `{min_read_timestamp: …}`"));
        return None;
    }
    let mut fields = Fields::of(node, path, diagnostics)?;
    let exact = fields.duration("exact", diagnostics).map(Staleness::Exact);
    let max = fields.duration("max", diagnostics).map(Staleness::Max);
    let least = fields.string("min_read_timestamp", diagnostics).and_then(|text| {
        match Value::from_text(Scalar::Timestamp, text) {
            Ok(value) => value.to_text().map(Staleness::MinReadTimestamp),
            Err(message) => {
                fault_at(&fields, "min_read_timestamp", format!("`{text}` {message}"), diagnostics);
                None
            }
        }
    });
    let first = exact.or(max).or(least);
    // One that has a fault of its own is there all the same.
    let words = ["exact", "max", "min_read_timestamp"];
    let given =
        words.iter().filter(|word| fields.node().member(word).is_some_and(|node| node.value != Json::Null));
    if given.count() != 1 {
        let message = "exactly one of `exact`, `max` and `min_read_timestamp` is needed";
        diagnostics.error("invalid_value", fields.path(), node, message);
    }
    fields.finish(diagnostics);
    first
}
