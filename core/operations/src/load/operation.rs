//! One operation: what kind it is, what it answers, under which limits.

use spangate_document::{Diagnostic, Diagnostics, Fields, Node, Path, Value as Json, suggestion};

use super::{Context, choice, fault_at, parameter, priority, statement, unsupported};
use crate::{
    Action, Answer, Argument, Body, Class, Freshness, Idempotency, Kind, Location, Numbers, Operation,
    Parameter, ReadSource, Source, Statement, sql,
};

/// Largest body when no parameter says otherwise.
const MAX_BODY: u64 = 64 * 1024;

const NOT_YET: &[&str] =
    &["audit", "cache", "pages", "freshness", "request_tag", "directed_read", "hedge", "coalesce"];

pub(super) fn read(
    name: &str,
    node: &Node,
    path: Path,
    context: &Context<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Operation> {
    let mut fields = Fields::of(node, path, diagnostics)?;
    let (parameters, max_body) = parameter::read_all(&mut fields, diagnostics);
    let mut kind = kind(&mut fields, diagnostics);
    let answer = answer(&mut fields, kind.as_ref(), diagnostics);
    let database = database(&mut fields, context, diagnostics);
    let deadline = fields.duration("deadline", diagnostics).unwrap_or(context.defaults.deadline);
    let priority = priority(&mut fields, diagnostics).unwrap_or(context.defaults.priority);
    let role = fields.string("database_role", diagnostics).map(str::to_owned);
    let numbers =
        choice(&mut fields, "numbers", &[("text", Numbers::Text), ("native", Numbers::Native)], diagnostics);
    unsupported(&mut fields, NOT_YET, diagnostics);
    if let Some(kind) = &mut kind {
        resolve(kind, &parameters);
    }
    let class = match &kind {
        Some(Kind::Write(_)) => Class::Write,
        _ if answer.as_ref().is_some_and(|answer| answer.body == Body::Rows) => Class::Scan,
        _ => Class::Point,
    };
    let operation = Operation {
        name: name.to_owned(),
        database: database?,
        database_role: role.or_else(|| context.defaults.database_role.clone()),
        kind: kind?,
        parameters,
        deadline,
        priority,
        class,
        answer: answer?,
        numbers: numbers.unwrap_or(Numbers::Text),
        max_body: max_body.unwrap_or(MAX_BODY),
        freshness: Freshness::Operation,
        pages: None,
        audit: Vec::new(),
        directed_reads: None,
    };
    compare_with_sql(&operation, &fields, diagnostics);
    fields.finish(diagnostics);
    Some(operation)
}

/// What each name of the SQL stands for.
fn resolve(kind: &mut Kind, parameters: &[Parameter]) {
    let fill = |statement: &mut Statement| {
        let names = sql::parameters(&statement.sql).into_iter();
        statement.arguments = names
            .filter_map(|name| {
                let index = parameters.iter().position(|parameter| parameter.name == name)?;
                Some((name.to_owned(), Argument::Parameter(index)))
            })
            .collect();
    };
    match kind {
        Kind::Read(read) => {
            if let ReadSource::Sql(statement) = &mut read.source {
                fill(statement);
            }
        }
        Kind::Write(write) => {
            for step in &mut write.steps {
                if let Action::Sql(statement) = &mut step.action {
                    fill(statement);
                }
            }
        }
    }
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

fn kind(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Option<Kind> {
    let (read, write) = (fields.take("read"), fields.take("write"));
    let idempotency = choice(
        fields,
        "idempotency",
        &[("allowed", Idempotency::Allowed), ("required", Idempotency::Required)],
        diagnostics,
    );
    match (read, write) {
        (Some(node), None) => {
            if idempotency.is_some() {
                fault_at(fields, "idempotency", "a read has no `idempotency`".to_owned(), diagnostics);
            }
            statement::read(node, fields.path().member("read"), diagnostics).map(Kind::Read)
        }
        (None, Some(node)) => {
            let idempotency = idempotency.unwrap_or(Idempotency::Allowed);
            statement::write(node, fields.path().member("write"), idempotency, diagnostics).map(Kind::Write)
        }
        (Some(_), Some(_)) | (None, None) => {
            let message = "exactly one of `read` and `write` is needed";
            diagnostics.error("invalid_value", fields.path(), fields.node(), message);
            None
        }
    }
}

fn answer(fields: &mut Fields<'_>, kind: Option<&Kind>, diagnostics: &mut Diagnostics) -> Option<Answer> {
    let returns = match kind {
        Some(Kind::Write(write)) => write
            .steps
            .iter()
            .any(|step| matches!(&step.action, Action::Sql(statement) if statement.returns_rows)),
        Some(Kind::Read(_)) | None => true,
    };
    let of_body = |body| Answer {
        status: if body == Body::None { 204 } else { 200 },
        body,
        location: None,
        step: returns.then_some(0),
    };
    let Some(node) = fields.take("answer") else {
        return Some(of_body(match kind {
            Some(Kind::Write(_)) if returns => Body::One,
            Some(Kind::Write(_)) => Body::None,
            Some(Kind::Read(_)) | None => Body::Rows,
        }));
    };
    if let Json::Map(_) = node.value {
        return answer_with_status(node, fields.path().member("answer"), kind, returns, diagnostics);
    }
    let bodies = [("rows", Body::Rows), ("one", Body::One), ("none", Body::None)];
    let body = choice(fields, "answer", &bodies, diagnostics)?;
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

fn answer_with_status(
    node: &Node,
    path: Path,
    kind: Option<&Kind>,
    returns: bool,
    diagnostics: &mut Diagnostics,
) -> Option<Answer> {
    let mut fields = Fields::of(node, path, diagnostics)?;
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
    if matches!(kind, Some(Kind::Read(_))) {
        let message = "a read answers `rows`, `one` or `none`: `status` and `location` are for writes";
        diagnostics.error("invalid_value", fields.path(), node, message);
    }
    fields.finish(diagnostics);
    Some(Answer {
        status,
        body: if returns { Body::One } else { Body::None },
        location,
        step: returns.then_some(0),
    })
}

/// What can be told without the schema; planning tells the rest.
fn compare_with_sql(operation: &Operation, fields: &Fields<'_>, diagnostics: &mut Diagnostics) {
    let sql_node = ["read", "write"].iter().find_map(|name| fields.node().member(name));
    for name in operation.statements().flat_map(|statement| sql::parameters(&statement.sql)) {
        if operation.parameter(name).is_none() {
            let fault = Diagnostic::error(
                "undeclared_parameter",
                fields.path(),
                format!("the SQL uses `@{name}`, which `parameters` does not declare"),
            )
            .at(sql_node.and_then(|node| node.span));
            let declared = operation.parameters.iter().map(|parameter| parameter.name.as_str());
            diagnostics.push(match suggestion(name, declared) {
                Some(known) => fault.help(format!("did you mean `@{known}`?")),
                None => fault,
            });
        }
    }
    let in_location =
        |name: &str| operation.answer.location.iter().flat_map(Location::names).any(|known| known == name);
    let in_sql = |name: &str| {
        operation.statements().any(|statement| statement.arguments.iter().any(|(known, _)| known == name))
    };
    for parameter in &operation.parameters {
        if in_sql(&parameter.name) || in_location(&parameter.name) {
            continue;
        }
        let path = fields.path().member("parameters").member(&parameter.name);
        let span = fields.node().member("parameters").and_then(|all| all.member(&parameter.name)?.span);
        // An identity that is declared and then not bound is most likely a forgotten condition.
        let message = match parameter.source {
            Source::Identity(_) | Source::Claim(_) => {
                format!("the identity's `{}` is never used: the SQL does not name it", parameter.name)
            }
            _ => format!("the SQL does not use `@{}`", parameter.name),
        };
        diagnostics.push(Diagnostic::warning("unused_parameter", &path, message).at(span));
    }
}
