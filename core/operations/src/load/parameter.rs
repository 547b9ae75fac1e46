//! An operation's parameters: type, source, and what keeps a value out.

use regex_lite::Regex;
use spangate_document::{Diagnostic, Diagnostics, Fields, Node, Path, suggestion};

use super::{Schemas, body_path, fault_at, is_name};
use crate::{Constraints, IdentityField, Parameter, Scalar, Schema, Source, Type, Value};

/// All parameters, and the largest body that one of them asks for.
pub(super) fn read_all(
    fields: &mut Fields<'_>,
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
        if let Some((parameter, size)) = read(&key.name, node, path, schemas, diagnostics) {
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
    schemas: Schemas<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<(Parameter, Option<u64>)> {
    let mut fields = Fields::of(node, path, diagnostics)?;
    let r#type = fields.demand_string("type", diagnostics).and_then(|text| {
        let found = Type::parse(text);
        if found.is_none() {
            unknown_type(text, &fields, diagnostics);
        }
        found
    });
    let from = fields.demand_string("from", diagnostics);
    let (value, default) = (fields.take("value"), fields.take("default"));
    let source = match (from, r#type) {
        (Some("constant"), Some(r#type)) => constant(value, r#type, &fields, diagnostics),
        (Some(from), Some(_)) => source(from, name, &fields, diagnostics),
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
    let default =
        default.zip(r#type).and_then(|(node, r#type)| of_type(node, "default", r#type, &fields, diagnostics));
    let required = fields.bool("required", diagnostics);
    let nullable = fields.bool("nullable", diagnostics);
    let max_size = fields.size("max_size", diagnostics);
    let constraints = constraints(&mut fields, r#type, diagnostics);
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

fn unknown_type(text: &str, fields: &Fields<'_>, diagnostics: &mut Diagnostics) {
    let names = Scalar::ALL.map(Scalar::name);
    let fault =
        Diagnostic::error("invalid_value", &fields.path().member("type"), format!("unknown type `{text}`"));
    let fault = fault.at(fields.node().member("type").and_then(|node| node.span));
    diagnostics.push(match suggestion(&text.to_ascii_uppercase(), names) {
        Some(known) => fault.help(format!("did you mean `{known}`?")),
        None => fault.help(format!("types are `{}` and `ARRAY<…>` of them", names.join("`, `"))),
    });
}

fn source(from: &str, name: &str, fields: &Fields<'_>, diagnostics: &mut Diagnostics) -> Option<Source> {
    let (kind, other) = from.split_once(' ').map_or((from, None), |(kind, other)| (kind, Some(other.trim())));
    let its_name = || other.unwrap_or(name).to_owned();
    let found = match kind {
        "path" => Some(Source::Path(its_name())),
        "query" => Some(Source::Query(its_name())),
        "body" if other.is_none() => Some(Source::Body(Vec::new())),
        "header" => Some(Source::Header(its_name().to_ascii_lowercase())),
        "item" if other.is_none() => Some(Source::Item(Vec::new())),
        "position" if other.is_none() => Some(Source::Position),
        _ if other.is_some() => None,
        _ => dotted(kind),
    };
    if found.is_none() {
        let fault = Diagnostic::error(
            "invalid_value",
            &fields.path().member("from"),
            format!("unknown source `{from}`"),
        );
        diagnostics.push(fault.at(fields.node().member("from").and_then(|node| node.span)).help(
            "sources are `path`, `query`, `header NAME`, `body`, `body.MEMBER`, `item`, `item.MEMBER`, `position`, \
             `page.COLUMN`, `identity.issuer`, `identity.subject`, `identity.tenant`, `identity.roles`, \
             `identity.scopes`, `claim.NAME` and `constant`",
        ));
    }
    found
}

pub(super) fn dotted(source: &str) -> Option<Source> {
    let (kind, rest) = source.split_once('.')?;
    let field = |field| Some(Source::Identity(field));
    match (kind, rest) {
        ("identity", "issuer") => field(IdentityField::Issuer),
        ("identity", "subject") => field(IdentityField::Subject),
        ("identity", "tenant") => field(IdentityField::Tenant),
        ("identity", "roles") => field(IdentityField::Roles),
        ("identity", "scopes") => field(IdentityField::Scopes),
        ("claim", name) if !name.is_empty() => Some(Source::Claim(name.to_owned())),
        ("page", column) if !column.is_empty() => Some(Source::Page(column.to_owned())),
        ("body", _) => body_path(source).map(Source::Body),
        // A member of an item is named as one of the body is.
        ("item", rest) => body_path(&format!("body.{rest}")).map(Source::Item),
        _ => None,
    }
}

fn constant(
    value: Option<&Node>,
    r#type: Type,
    fields: &Fields<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Source> {
    match value {
        Some(node) => of_type(node, "value", r#type, fields, diagnostics).map(Source::Constant),
        None => {
            fault_at(fields, "value", "`from: constant` needs a `value`".to_owned(), diagnostics);
            None
        }
    }
}

/// A value that the author wrote.
fn of_type(
    node: &Node,
    name: &str,
    r#type: Type,
    fields: &Fields<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Value> {
    match Value::from_json(r#type, node) {
        Ok(value) => Some(value),
        Err(message) => {
            fault_at(fields, name, format!("{message}, as a value of {type}"), diagnostics);
            None
        }
    }
}

fn constraints(fields: &mut Fields<'_>, r#type: Option<Type>, diagnostics: &mut Diagnostics) -> Constraints {
    let (minimum, maximum) = (fields.take("minimum"), fields.take("maximum"));
    let min_length = length(fields, "min_length", diagnostics);
    let max_length = length(fields, "max_length", diagnostics);
    let pattern = fields.string("pattern", diagnostics);
    let allowed = fields.list("enum", diagnostics);
    let Some(r#type) = r#type else { return Constraints::default() };
    let scalar = r#type.scalar();
    let mut bound = |node: Option<&Node>, name: &'static str| {
        let node = node?;
        if !scalar.is_ordered() {
            fault_at(fields, name, format!("a {} has no `{name}`", scalar.name()), diagnostics);
            return None;
        }
        of_type(node, name, Type::Scalar(scalar), fields, diagnostics)
    };
    let (minimum, maximum) = (bound(minimum, "minimum"), bound(maximum, "maximum"));
    let has_length = matches!(r#type, Type::Array(_)) || matches!(scalar, Scalar::String | Scalar::Bytes);
    for (name, given) in [("min_length", min_length.is_some()), ("max_length", max_length.is_some())] {
        if given && !has_length {
            fault_at(fields, name, format!("a {type} has no `{name}`"), diagnostics);
        }
    }
    let pattern = pattern.and_then(|pattern| compile(pattern, scalar, fields, diagnostics));
    let r#enum = allowed
        .into_iter()
        .filter_map(|(node, _)| of_type(node, "enum", Type::Scalar(scalar), fields, diagnostics))
        .collect();
    Constraints { minimum, maximum, min_length, max_length, pattern, r#enum }
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

fn length(fields: &mut Fields<'_>, name: &'static str, diagnostics: &mut Diagnostics) -> Option<u64> {
    let number = fields.integer(name, diagnostics)?;
    let length = u64::try_from(number).ok();
    if length.is_none() {
        fault_at(fields, name, format!("`{number}` is no length"), diagnostics);
    }
    length
}

/// Linear in time, whatever the pattern: callers choose the text that it runs over.
fn compile(
    pattern: &str,
    scalar: Scalar,
    fields: &Fields<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Regex> {
    if scalar != Scalar::String {
        fault_at(fields, "pattern", format!("a {} has no `pattern`", scalar.name()), diagnostics);
        return None;
    }
    match Regex::new(pattern) {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            fault_at(fields, "pattern", format!("`{pattern}` is no pattern: {error}"), diagnostics);
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
    if let Some(violation) =
        parameter.default.as_ref().and_then(|value| parameter.constraints.violation(parameter.r#type, value))
    {
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
    let expected = match &parameter.source {
        Source::Body(path) if path.is_empty() => Some(Type::Scalar(Scalar::Json)),
        Source::Identity(IdentityField::Roles | IdentityField::Scopes) => Some(Type::Array(Scalar::String)),
        Source::Identity(_) => Some(Type::Scalar(Scalar::String)),
        Source::Position => Some(Type::Scalar(Scalar::Int64)),
        _ => None,
    };
    if let Some(expected) = expected
        && expected != parameter.r#type
    {
        fault("type", &format!("this source is always {expected}"));
    }
    if let (Source::Path(_) | Source::Page(_), Type::Array(_)) = (&parameter.source, parameter.r#type) {
        fault("type", "a parameter of the path or of a page is a single value");
    }
}
