//! One operation: what kind it is, what it answers, under which limits.

use spangate_document::{Diagnostic, Diagnostics, Fields, Node, Path, Value as Json};

use super::names::Names;
use super::{CLASSES, Context, audit, database, fault_at, location, numbers, parameter, priority, write};
use crate::{
    Action, Answer, Body, Class, Dialect, Freshness, Idempotency, Kind, Location, Operation, Pages,
    Parameter, Scalar, Source, Type,
};

/// Largest body when no parameter says otherwise.
const MAX_BODY: u64 = 64 * 1024;

pub(super) fn read(
    name: &str,
    node: &Node,
    path: Path,
    context: &Context<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Operation> {
    let mut fields = Fields::of(node, path, diagnostics)?;
    let database = database(&mut fields, context, diagnostics);
    let dialect =
        database.as_ref().and_then(|name| context.databases.get(name)).map(|database| database.dialect);
    let dialect = dialect.unwrap_or(Dialect::GoogleSql);
    let (parameters, max_body) = parameter::read_all(&mut fields, dialect, context.schemas, diagnostics);
    let mut names = Names::new(dialect, &parameters, node.member("parameters"));
    let kind = kind(&mut fields, &mut names, diagnostics);
    let answer = answer(&mut fields, kind.as_ref(), &names, diagnostics);
    let deadline = fields.duration("deadline", diagnostics).unwrap_or(context.defaults.deadline);
    let priority = priority(&mut fields, diagnostics).unwrap_or(context.defaults.priority);
    let class = fields.word("class", &CLASSES, diagnostics);
    let role = fields.string("database_role", diagnostics).map(str::to_owned);
    let numbers = numbers(&mut fields, diagnostics).unwrap_or(context.defaults.numbers);
    let freshness = [("operation", Freshness::Operation), ("caller", Freshness::Caller)];
    let freshness = fields.word("freshness", &freshness, diagnostics);
    let pages = pages(&mut fields, &parameters, diagnostics);
    let audit = audit::read(&mut fields, &parameters, kind.as_ref(), diagnostics);
    let directed_reads = database::directed_reads(&mut fields, diagnostics);
    let (kind, answer) = (kind?, answer?);
    let class = class.unwrap_or(match (&kind, answer.body) {
        (Kind::Write(_), _) => Class::Write,
        (Kind::Read(_), Body::Rows) => Class::Scan,
        (Kind::Read(_), Body::One | Body::None) => Class::Point,
    });
    let database = database?;
    let of_database = context.databases.get(&database).and_then(|database| database.directed_reads.clone());
    let operation = Operation {
        name: name.to_owned(),
        database,
        dialect,
        database_role: role.or_else(|| context.defaults.database_role.clone()),
        directed_reads: directed_reads.or(of_database).filter(|_| matches!(kind, Kind::Read(_))),
        kind,
        parameters,
        deadline,
        priority,
        class,
        answer,
        numbers,
        max_body: max_body.unwrap_or(MAX_BODY),
        freshness: freshness.unwrap_or(Freshness::Operation),
        pages,
        audit,
    };
    of_the_other_kind(&operation, &fields, diagnostics);
    unused_parameters(&operation, &fields, diagnostics);
    fields.finish(diagnostics);
    Some(operation)
}

/// What only reads have, and what only writes.
fn of_the_other_kind(operation: &Operation, fields: &Fields<'_>, diagnostics: &mut Diagnostics) {
    let is_write = operation.is_write();
    let (other, words): (_, &[&str]) = if is_write {
        ("write", &["freshness", "pages", "directed_reads"])
    } else {
        ("read", &["audit", "idempotency"])
    };
    for word in words.iter().filter(|word| fields.node().member(word).is_some()) {
        fault_at(fields, word, format!("a {other} has no `{word}`"), diagnostics);
    }
    if is_write != (operation.class == Class::Write) {
        fault_at(
            fields,
            "class",
            "a write is of the class `write`, and nothing else is".to_owned(),
            diagnostics,
        );
    }
    let paged = operation.parameters.iter().any(|parameter| matches!(parameter.source, Source::Page(_)));
    match (&operation.pages, paged) {
        (Some(_), false) => {
            let message = "no parameter is `from: page.COLUMN`: every page would be the first";
            fault_at(fields, "pages", message.to_owned(), diagnostics);
        }
        (None, true) => {
            let message = "a parameter is `from: page.COLUMN`, and there are no `pages`";
            diagnostics.error("invalid_value", fields.path(), fields.node(), message);
        }
        (Some(_), true) if operation.answer.body != Body::Rows || operation.statements().next().is_none() => {
            let message = "pages are of a query that answers with `rows`";
            fault_at(fields, "pages", message.to_owned(), diagnostics);
        }
        _ => {}
    }
}

/// `pages: {size: limit, token: page}`
fn pages(fields: &mut Fields<'_>, parameters: &[Parameter], diagnostics: &mut Diagnostics) -> Option<Pages> {
    let node = fields.take("pages")?;
    let mut fields = Fields::of(node, fields.path().member("pages"), diagnostics)?;
    let size = fields.demand_string("size", diagnostics).map(str::to_owned);
    let token = fields.string("token", diagnostics).unwrap_or("page").to_owned();
    let is_bounded_count = |parameter: &Parameter| {
        parameter.r#type == Type::Scalar(Scalar::Int64)
            && (parameter.constraints.maximum.is_some() || matches!(parameter.source, Source::Constant(_)))
    };
    if let Some(size) = &size
        && !parameters.iter().any(|parameter| parameter.name == *size && is_bounded_count(parameter))
    {
        let fault = fields.fault("size", format!("`{size}` is no parameter of type INT64 with a `maximum`"));
        diagnostics.push(fault.help("name the parameter that is the `LIMIT` of the query"));
    }
    if parameters.iter().any(|parameter| matches!(&parameter.source, Source::Query(name) if *name == token)) {
        diagnostics.push(fields.fault("token", format!("the query's `{token}` is a parameter already")));
    }
    fields.finish(diagnostics);
    Some(Pages { size: size?, token })
}

fn database(fields: &mut Fields<'_>, context: &Context<'_>, diagnostics: &mut Diagnostics) -> Option<String> {
    let name = match (fields.string("database", diagnostics), &context.defaults.database) {
        (Some(name), _) => name,
        (None, Some(name)) => name,
        // With one database there is nothing to choose.
        (None, None) if context.databases.len() == 1 => context.databases.keys().next()?,
        (None, None) => {
            fault_at(
                fields,
                "database",
                "no database is chosen, here or in `defaults`".to_owned(),
                diagnostics,
            );
            return None;
        }
    };
    if !context.databases.contains_key(name) {
        fault_at(fields, "database", format!("`databases` has no `{name}`"), diagnostics);
        return None;
    }
    Some(name.to_owned())
}

fn kind(fields: &mut Fields<'_>, names: &mut Names<'_>, diagnostics: &mut Diagnostics) -> Option<Kind> {
    let (read, write) = (fields.take("read"), fields.take("write"));
    let idempotency = [("allowed", Idempotency::Allowed), ("required", Idempotency::Required)];
    let idempotency = fields.word("idempotency", &idempotency, diagnostics);
    match (read, write) {
        (Some(node), None) => {
            super::read::read(node, fields.path().member("read"), names, diagnostics).map(Kind::Read)
        }
        (None, Some(node)) => {
            let idempotency = idempotency.unwrap_or(Idempotency::Allowed);
            write::write(node, &fields.path().member("write"), names, idempotency, diagnostics)
                .map(Kind::Write)
        }
        (Some(_), Some(_)) | (None, None) => {
            let message = "exactly one of `read` and `write` is needed";
            diagnostics.error("invalid_value", fields.path(), fields.node(), message);
            None
        }
    }
}

fn answer(
    fields: &mut Fields<'_>,
    kind: Option<&Kind>,
    names: &Names<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Answer> {
    let step = kind.and_then(last_returning);
    let returns = step.is_some() || !matches!(kind, Some(Kind::Write(_)));
    let of_body =
        |body| Answer { status: if body == Body::None { 204 } else { 200 }, body, location: None, step };
    let Some(node) = fields.take("answer") else {
        return Some(of_body(match kind {
            Some(Kind::Write(_)) if returns => Body::One,
            Some(Kind::Write(_)) => Body::None,
            Some(Kind::Read(_)) | None => Body::Rows,
        }));
    };
    if let Json::Map(_) = node.value {
        return answer_with_status(node, fields.path().member("answer"), kind, names, diagnostics);
    }
    let bodies = [("rows", Body::Rows), ("one", Body::One), ("none", Body::None)];
    let body = fields.word("answer", &bodies, diagnostics)?;
    if body != Body::None && !returns {
        fault_at(
            fields,
            "answer",
            "the statement returns nothing: it has no `THEN RETURN`".to_owned(),
            diagnostics,
        );
    }
    Some(of_body(body))
}

/// The step whose rows answer: the last that returns any.
fn last_returning(kind: &Kind) -> Option<usize> {
    let Kind::Write(write) = kind else { return None };
    write
        .steps
        .iter()
        .rposition(|step| matches!(&step.action, Action::Sql(statement) if statement.returns_rows))
}

fn answer_with_status(
    node: &Node,
    path: Path,
    kind: Option<&Kind>,
    names: &Names<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Answer> {
    let mut fields = Fields::of(node, path, diagnostics)?;
    let step = kind.and_then(last_returning);
    let status = match fields.integer("status", diagnostics) {
        None => 200,
        Some(status @ 200..=202) => u16::try_from(status).unwrap_or(200),
        Some(status) => {
            fault_at(&fields, "status", format!("`{status}` is not one of 200, 201, 202"), diagnostics);
            200
        }
    };
    let location =
        fields.string("location", diagnostics).and_then(|template| match Location::parse(template) {
            Ok(location) => Some(location),
            Err(message) => {
                fault_at(&fields, "location", message, diagnostics);
                None
            }
        });
    if let (Some(location), Some(Kind::Write(write))) = (&location, kind) {
        let answering = step.and_then(|step| write.steps.get(step));
        location::check(location, answering, names, &fields, diagnostics);
    }
    if matches!(kind, Some(Kind::Read(_))) {
        let message = "a read answers `rows`, `one` or `none`: `status` and `location` are for writes";
        diagnostics.error("invalid_value", fields.path(), node, message);
    }
    fields.finish(diagnostics);
    Some(Answer { status, body: step.map_or(Body::None, |_| Body::One), location, step })
}

/// A parameter that nothing uses. An identity that is declared and then not bound is most likely a forgotten condition.
fn unused_parameters(operation: &Operation, fields: &Fields<'_>, diagnostics: &mut Diagnostics) {
    let in_location =
        |name: &str| operation.answer.location.iter().flat_map(Location::names).any(|known| known == name);
    let paging = |name: &str| operation.pages.as_ref().is_some_and(|pages| pages.size == name);
    for (index, parameter) in operation.parameters.iter().enumerate() {
        let name = &parameter.name;
        if operation.uses(index) || in_location(name) || paging(name) {
            continue;
        }
        let path = fields.path().member("parameters").member(name);
        let span = fields.node().member("parameters").and_then(|all| all.member(name)?.span);
        let message = match parameter.source {
            Source::Identity(_) | Source::Claim(_) => {
                format!("the identity's `{name}` is never used: the SQL does not name it")
            }
            _ => {
                let sign = operation.dialect.sign(name);
                format!("the SQL does not use `{sign}`")
            }
        };
        diagnostics.push(Diagnostic::warning("unused_parameter", &path, message).at(span));
    }
}
