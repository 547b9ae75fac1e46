//! An operation's parameters: type, source, and what keeps a value out.

mod constraints;
mod source;
mod typed;

use spangate_document::{Diagnostic, Diagnostics, Fields, Node, Path};

use super::{Schemas, fault_at, is_name};
use crate::{Dialect, IdentityField, Nulls, Parameter, Scalar, Schema, Source, Type};

pub(super) use source::dotted;
use typed::of_type;

/// All parameters, and the largest body that one of them asks for.
pub(super) fn read_all(
    fields: &mut Fields<'_>,
    dialect: Dialect,
    schemas: Schemas<'_>,
    diagnostics: &mut Diagnostics,
) -> (Vec<Parameter>, Option<u64>) {
    let mut parameters: Vec<Parameter> = Vec::new();
    let mut max_body = None;
    for (key, node, path) in fields.map("parameters", diagnostics) {
        let twin = parameters.iter().find(|known| known.name.eq_ignore_ascii_case(&key.name));
        if let Some(twin) = twin {
            let message = format!("`{}` and `{}` are one parameter to Spanner", twin.name, key.name);
            diagnostics.push(Diagnostic::error("duplicate_key", &path, message).at(key.span));
        }
        if !is_name(&key.name) {
            let message = format!("`{}` is no name of a parameter", key.name);
            diagnostics.push(Diagnostic::error("invalid_name", &path, message).at(key.span));
        }
        if let Some((parameter, size)) = read(&key.name, node, path, dialect, schemas, diagnostics) {
            max_body = max_body.max(size);
            parameters.push(parameter);
        }
    }
    (parameters, max_body)
}

fn read(
    name: &str,
    node: &Node,
    path: Path,
    dialect: Dialect,
    schemas: Schemas<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<(Parameter, Option<u64>)> {
    let mut fields = Fields::of(node, path, diagnostics)?;
    let r#type = typed::read(&mut fields, dialect, diagnostics);
    let from = fields.demand_string("from", diagnostics);
    let (value, default) = (fields.take("value"), fields.take("default"));
    let source = match (from, &r#type) {
        (Some("constant"), Some(r#type)) => constant(value, r#type, &fields, diagnostics),
        (Some(from), Some(_)) => source::read(from, name, &fields, diagnostics),
        _ => None,
    };
    if value.is_some() && from.is_some_and(|from| from != "constant") {
        fault_at(
            &fields,
            "value",
            "`value` is for `from: constant`; did you mean `default`?".to_owned(),
            diagnostics,
        );
    }
    let required = fields.bool("required", diagnostics);
    let nullable = fields.bool("nullable", diagnostics);
    let default = default
        .zip(r#type.as_ref())
        .and_then(|(node, r#type)| of_type(node, "default", r#type, Nulls::Refused, &fields, diagnostics));
    let max_size = fields.size("max_size", diagnostics);
    let constraints = constraints::read(&mut fields, r#type.as_ref(), diagnostics);
    let schema = schema(&mut fields, schemas, diagnostics);
    // The first page comes after nothing.
    let is_of_page = matches!(source, Some(Source::Page(_)));
    let parameter = Parameter {
        name: name.to_owned(),
        r#type: r#type?,
        source: source?,
        required: required.unwrap_or(default.is_none() && !is_of_page),
        nullable: nullable.unwrap_or(false),
        default,
        constraints,
        schema,
    };
    contradictions(&parameter, required, nullable, max_size, &fields, diagnostics);
    fields.finish(diagnostics);
    Some((parameter, max_size))
}

fn constant(
    value: Option<&Node>,
    r#type: &Type,
    fields: &Fields<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Source> {
    match value {
        Some(node) => {
            of_type(node, "value", r#type, Nulls::Refused, fields, diagnostics).map(Source::Constant)
        }
        None => {
            fault_at(fields, "value", "`from: constant` needs a `value`".to_owned(), diagnostics);
            None
        }
    }
}

/// A file beside the document.
fn schema(fields: &mut Fields<'_>, schemas: Schemas<'_>, diagnostics: &mut Diagnostics) -> Option<Schema> {
    let file = fields.string("schema", diagnostics)?;
    match schemas(file).and_then(|text| Schema::compile(&text)) {
        Ok(schema) => Some(schema),
        Err(message) => {
            fault_at(fields, "schema", format!("`{file}` {message}"), diagnostics);
            None
        }
    }
}

fn contradictions(
    parameter: &Parameter,
    required: Option<bool>,
    nullable: Option<bool>,
    max_size: Option<u64>,
    fields: &Fields<'_>,
    diagnostics: &mut Diagnostics,
) {
    let mut fault = |name: &str, message: &str| fault_at(fields, name, message.to_owned(), diagnostics);
    let in_body = matches!(parameter.source, Source::Body(_) | Source::Item(_));
    let of_identity = matches!(parameter.source, Source::Identity(_) | Source::Claim(_));
    match (required, &parameter.default) {
        (Some(true), Some(_)) => fault("required", "what has a default is never missing"),
        (Some(false), None) if matches!(parameter.source, Source::Path(_)) => {
            fault("required", "a path parameter is always there");
        }
        _ => {}
    }
    if parameter.default.is_some()
        && (of_identity || matches!(parameter.source, Source::Path(_) | Source::Constant(_)))
    {
        fault("default", "only what callers may leave out has a default: `query` and `body`");
    }
    let violation = |value| parameter.constraints.violation(&parameter.r#type, value);
    if let Some(violation) = parameter.default.as_ref().and_then(violation) {
        fault("default", &format!("the default {violation}"));
    }
    if nullable.is_some() && !in_body {
        fault("nullable", "only a member of the body can be null");
    }
    if parameter.schema.is_some() && !in_body {
        fault("schema", "`schema` is for parameters of the body");
    }
    if max_size.is_some() && !in_body {
        fault("max_size", "`max_size` is for parameters of the body");
    }
    if max_size.is_some_and(|size| size > 16 * 1024 * 1024) {
        fault("max_size", "a body may have at most `16MiB`");
    }
    if let Some(message) = of_another_type(&parameter.source, &parameter.r#type) {
        fault("type", &message);
    }
}

/// What a source cannot give.
fn of_another_type(source: &Source, r#type: &Type) -> Option<String> {
    let expected = match source {
        Source::Identity(IdentityField::Roles | IdentityField::Scopes) => {
            Some(Type::array_of(Scalar::String.into()))
        }
        Source::Identity(_) => Some(Scalar::String.into()),
        Source::Position => Some(Scalar::Int64.into()),
        _ => None,
    };
    if let Some(expected) = expected.filter(|expected| expected != r#type) {
        return Some(format!("this source is always {expected}"));
    }
    let is_json = matches!(r#type, Type::Scalar(scalar) if scalar.is_json());
    let is_scalar = matches!(r#type, Type::Scalar(_));
    match source {
        Source::Body(path) if path.is_empty() && is_scalar && !is_json => {
            Some("a whole body is JSON, a STRUCT or an ARRAY".to_owned())
        }
        Source::Path(_) | Source::Page(_) if !is_scalar => {
            Some("a parameter of the path or of a page is a single value".to_owned())
        }
        Source::Query(_) | Source::Header(_) if r#type.scalar().is_none() => {
            Some("a STRUCT comes from the body, an item, a claim or a constant".to_owned())
        }
        _ => None,
    }
}
