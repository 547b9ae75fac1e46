//! What a write's audit row keeps of the call: `audit: {fields: [body.customer_id]}`. A name that no call can have would
//! audit nothing, and nobody would know.

use spangate_document::{Diagnostic, Diagnostics, Fields, Span, Value as Json, suggestion};

use super::parameter;
use crate::{AuditField, Kind, Parameter, Source, Type};

pub(super) fn read(
    fields: &mut Fields<'_>,
    parameters: &[Parameter],
    kind: Option<&Kind>,
    diagnostics: &mut Diagnostics,
) -> Vec<AuditField> {
    let Some(node) = fields.take("audit") else { return Vec::new() };
    let takes = takes(fields, parameters, kind);
    let Some(mut fields) = Fields::of(node, fields.path().member("audit"), diagnostics) else {
        return Vec::new();
    };
    let mut kept = Vec::new();
    for text in fields.strings("fields", diagnostics).unwrap_or_default() {
        let fault = |message| {
            Diagnostic::error("invalid_value", &fields.path().member("fields"), message)
                .at(span(&fields, text))
        };
        match (field(text), &takes) {
            (None, _) => diagnostics.push(
                fault(format!("`{text}` cannot be audited"))
                    .help("write `path.NAME`, `query.NAME`, `body.MEMBER` or `identity.FIELD`"),
            ),
            (Some(field), Some(takes)) if !takes.has(&field) => {
                let known = takes.names();
                let known = suggestion(text, known.iter().map(String::as_str));
                diagnostics.push(
                    fault(format!("the operation takes no `{text}`: it would audit nothing")).help(
                        match known {
                            Some(known) => format!("did you mean `{known}`?"),
                            None => "name what `parameters` or `for_each` take of the call".to_owned(),
                        },
                    ),
                );
            }
            (Some(field), _) => kept.push(field),
        }
    }
    fields.finish(diagnostics);
    kept
}

fn field(text: &str) -> Option<AuditField> {
    match parameter::dotted(text) {
        Some(Source::Body(path)) => Some(AuditField::Body(path)),
        Some(Source::Identity(field)) => Some(AuditField::Identity(field)),
        _ => match text.split_once('.')? {
            ("path", name) => Some(AuditField::Path(name.to_owned())),
            ("query", name) => Some(AuditField::Query(name.to_owned())),
            _ => None,
        },
    }
}

/// Of the text itself, in a list that may have many lines.
fn span(fields: &Fields<'_>, text: &str) -> Option<Span> {
    let node = fields.node().member("fields")?;
    match &node.value {
        Json::List(items) => items.iter().find(|item| item.as_str() == Some(text))?.span,
        _ => node.span,
    }
}

/// What the write takes of a call.
struct Takes<'p> {
    parameters: &'p [Parameter],
    /// The list that it goes through.
    list: Option<&'p [String]>,
}

/// None where that is not known, for faults that have been told.
fn takes<'p>(fields: &Fields<'_>, parameters: &'p [Parameter], kind: Option<&'p Kind>) -> Option<Takes<'p>> {
    let declared = match fields.node().member("parameters").map(|node| &node.value) {
        Some(Json::Map(members)) => members.len(),
        _ => 0,
    };
    let Some(Kind::Write(write)) = kind.filter(|_| declared == parameters.len()) else { return None };
    let list = write.steps.iter().find_map(|step| step.for_each.as_ref());
    Some(Takes { parameters, list: list.map(|for_each| for_each.list.as_slice()) })
}

impl Takes<'_> {
    fn has(&self, field: &AuditField) -> bool {
        let mut sources = self.parameters.iter().map(|parameter| &parameter.source);
        match field {
            AuditField::Identity(_) => true,
            AuditField::Path(name) => sources.any(|source| *source == Source::Path(name.clone())),
            AuditField::Query(name) => sources.any(|source| *source == Source::Query(name.clone())),
            // What holds something that is taken, or is within it.
            AuditField::Body(path) => {
                self.parameters.iter().any(|parameter| relates(parameter, path))
                    || self.list.is_some_and(|list| list.starts_with(path))
            }
        }
    }

    /// As an author writes them.
    fn names(&self) -> Vec<String> {
        let body = |path: &[String]| {
            std::iter::once("body").chain(path.iter().map(String::as_str)).collect::<Vec<_>>().join(".")
        };
        let mut names: Vec<String> = self.list.into_iter().map(body).collect();
        for parameter in self.parameters {
            match &parameter.source {
                Source::Path(name) => names.push(format!("path.{name}")),
                Source::Query(name) => names.push(format!("query.{name}")),
                Source::Body(path) => {
                    let listed = parameter.schema.iter().flat_map(|schema| {
                        schema.document().get("properties").and_then(|listed| listed.as_object())
                    });
                    let listed = listed.flat_map(|listed| listed.keys().map(String::as_str));
                    let of_struct = match &parameter.r#type {
                        Type::Struct(fields) => fields.as_slice(),
                        Type::Scalar(_) | Type::Array(_) => &[],
                    };
                    let of_struct = of_struct.iter().map(|field| field.name.as_str());
                    let inner = listed.chain(of_struct).map(|name| format!("{}.{name}", body(path)));
                    names.extend(inner.chain([body(path)]));
                }
                _ => {}
            }
        }
        names
    }
}

fn relates(parameter: &Parameter, path: &[String]) -> bool {
    let Source::Body(taken) = &parameter.source else { return false };
    let is_within = |inner| {
        is_of_type(&parameter.r#type, inner)
            && parameter.schema.as_ref().is_none_or(|schema| schema.names(inner))
    };
    taken.starts_with(path) || path.strip_prefix(taken.as_slice()).is_some_and(is_within)
}

/// Whether a value of the type may have a member there.
fn is_of_type(r#type: &Type, path: &[String]) -> bool {
    match (r#type, path.split_first()) {
        (_, None) => true,
        (Type::Struct(fields), Some((name, rest))) => {
            fields.iter().any(|field| field.name == *name && is_of_type(&field.r#type, rest))
        }
        (Type::Scalar(scalar), Some(_)) => scalar.is_json(),
        (Type::Array(_), Some(_)) => false,
    }
}
