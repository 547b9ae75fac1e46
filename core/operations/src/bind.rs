//! From what a call carries to the typed values of an operation's parameters. A parameter is taken from its one
//! declared source and from nowhere else, so that no caller can stand in for what a token says.

mod items;

use spangate_document::{Node, Value as Json};

use items::Items;

use crate::sent::{self, Sent};
use crate::{IdentityField, Misfit, Nulls, Operation, Parameter, Source, Type, Value, body};

/// What a call carries, decoded.
#[derive(Clone, Debug, Default)]
pub struct Inputs<'c> {
    pub path: Vec<(&'c str, &'c str)>,
    pub query: Vec<(&'c str, &'c str)>,
    /// Names in lower case.
    pub headers: Vec<(&'c str, &'c str)>,
    pub body: &'c [u8],
    /// Absent when nobody has been authenticated.
    pub caller: Option<Caller<'c>>,
}

/// The verified identity.
#[derive(Clone, Debug, Default)]
pub struct Caller<'c> {
    pub issuer: &'c str,
    pub subject: &'c str,
    pub tenant: Option<&'c str>,
    pub roles: Vec<&'c str>,
    pub scopes: Vec<&'c str>,
    /// Name and JSON text.
    pub claims: Vec<(&'c str, &'c str)>,
}

/// A parameter and its value for one call.
#[derive(Clone, Debug)]
pub struct Bound<'o> {
    pub parameter: &'o Parameter,
    /// Of one that comes from an item, an array with the value of each item.
    pub value: Value,
}

/// Why a call is not run. `detail` names parameters and constraints, never values: it is safe to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub wrong: Wrong,
    pub detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The caller sent what does not fit.
    Parameter,
    /// The identity lacks what the operation binds.
    Identity,
}

/// Values for all of the operation's parameters.
pub fn bind<'o>(operation: &'o Operation, inputs: &Inputs<'_>) -> Result<Vec<Bound<'o>>, Refusal> {
    refuse_undeclared(operation, inputs)?;
    let body = read_body(operation, inputs.body)?;
    // Of another type a number is what it is in binary.
    let holds_json = operation.parameters.iter().any(|parameter| parameter.r#type.holds_json());
    let text = std::str::from_utf8(inputs.body).ok().filter(|_| holds_json);
    let numbers = text.map(sent::numbers);
    let body = body.as_ref().map(|node| Sent::new(node, numbers.as_deref()));
    let items = Items::of(operation, body)?;
    let value = |declared: &Parameter| match &declared.source {
        Source::Item(path) => items.members(declared, path),
        Source::Position => Ok(items.positions()),
        _ => value(declared, inputs, body),
    };
    operation.parameters.iter().map(|parameter| Ok(Bound { parameter, value: value(parameter)? })).collect()
}

/// A name that no parameter takes is refused: a filter misspelt by its caller would else be no filter at all, and
/// a path parameter that is ignored would show one customer's rows under another's address.
fn refuse_undeclared(operation: &Operation, inputs: &Inputs<'_>) -> Result<(), Refusal> {
    for (name, _) in &inputs.path {
        if !operation.path_names().any(|known| known == *name) {
            return Err(parameter(format!("the operation takes no path parameter `{name}`")));
        }
    }
    for (name, _) in &inputs.query {
        if !operation.query_names().any(|known| known == *name) {
            return Err(parameter(format!("the operation takes no query parameter `{}`", shown(name))));
        }
    }
    Ok(())
}

fn read_body(operation: &Operation, bytes: &[u8]) -> Result<Option<Node>, Refusal> {
    if !operation.takes_body() {
        return if bytes.is_empty() {
            Ok(None)
        } else {
            Err(parameter("the operation takes no body".to_owned()))
        };
    }
    if bytes.is_empty() {
        return Ok(None);
    }
    let node = body::parse(bytes).map_err(parameter)?;
    let of_parameters = operation.parameters.iter().filter_map(|parameter| match &parameter.source {
        Source::Body(path) => Some(path.as_slice()),
        _ => None,
    });
    let paths: Vec<&[String]> =
        of_parameters.chain(operation.list().map(|for_each| for_each.list.as_slice())).collect();
    let whole = paths.iter().any(|path| path.is_empty());
    if !whole && !matches!(node.value, Json::Map(_)) {
        return Err(parameter("the body must be a JSON object".to_owned()));
    }
    match body::unknown_member(&node, &paths) {
        Some(name) => Err(parameter(format!("the operation takes no member `{}` of the body", shown(&name)))),
        None => Ok(Some(node)),
    }
}

fn value(declared: &Parameter, inputs: &Inputs<'_>, body: Option<Sent<'_>>) -> Result<Value, Refusal> {
    let found = found(declared, inputs, body)?;
    fit(declared, found, || shown_name(declared))
}

/// What its source holds, if anything.
fn found(
    declared: &Parameter,
    inputs: &Inputs<'_>,
    body: Option<Sent<'_>>,
) -> Result<Option<Value>, Refusal> {
    match &declared.source {
        Source::Constant(value) => Ok(Some(value.clone())),
        Source::Path(name) => from_texts(declared, "path parameter", name, &inputs.path),
        Source::Query(name) => from_texts(declared, "query parameter", name, &inputs.query),
        Source::Header(name) => from_texts(declared, "header", name, &inputs.headers),
        Source::Body(path) => {
            let sent = body.and_then(|body| body.member(path));
            from_sent(declared, sent, path.is_empty(), || shown_name(declared))
        }
        // What is of the page before comes from its token, and of an item from the list.
        Source::Page(_) | Source::Item(_) | Source::Position => Ok(None),
        Source::Identity(field) => Ok(inputs.caller.as_ref().and_then(|caller| identity(*field, caller))),
        Source::Claim(name) => match &inputs.caller {
            Some(caller) => from_claim(declared, name, caller),
            None => Ok(None),
        },
    }
}

/// The value if it may be one, or what stands for one that is not there. `name` is what the caller knows it by.
fn fit(declared: &Parameter, found: Option<Value>, name: impl Fn() -> String) -> Result<Value, Refusal> {
    let of_caller = matches!(declared.source, Source::Identity(_) | Source::Claim(_));
    match (found, &declared.default) {
        (Some(value), _) => match declared.constraints.violation(&declared.r#type, &value) {
            None => Ok(value),
            Some(_) if of_caller => Err(identity_lacks(declared)),
            Some(violation) => Err(invalid(&name(), &violation)),
        },
        (None, Some(default)) => Ok(default.clone()),
        (None, None) if !declared.required => Ok(Value::Null),
        (None, None) if of_caller => Err(identity_lacks(declared)),
        (None, None) => Err(invalid(&name(), "is missing")),
    }
}

/// A repeated scalar is refused: which of its values counts would depend on who reads them.
fn from_texts(
    declared: &Parameter,
    kind: &str,
    name: &str,
    all: &[(&str, &str)],
) -> Result<Option<Value>, Refusal> {
    let texts: Vec<&str> = all.iter().filter(|(key, _)| *key == name).map(|(_, text)| *text).collect();
    let convert = |text: &&str| {
        let scalar = declared.r#type.scalar().ok_or("has no text");
        let found = scalar.and_then(|scalar| Value::from_text(scalar, text));
        found.map_err(|fault| invalid(&shown_name(declared), fault))
    };
    match (&declared.r#type, texts.as_slice()) {
        (_, []) => Ok(None),
        (Type::Array(_), texts) => {
            texts.iter().map(convert).collect::<Result<_, _>>().map(|items| Some(Value::Array(items)))
        }
        (_, [text]) => convert(text).map(Some),
        (_, _) => Err(parameter(format!("the {kind} `{name}` is repeated"))),
    }
}

/// A member of the body or of an item, if it is there. `whole`: it is no member, and its `null` is JSON's own.
fn from_sent(
    declared: &Parameter,
    sent: Option<Sent<'_>>,
    whole: bool,
    name: impl Fn() -> String,
) -> Result<Option<Value>, Refusal> {
    let Some(sent) = sent else { return Ok(None) };
    let node = sent.node;
    if node.value == Json::Null && !whole {
        return if declared.nullable {
            Ok(Some(Value::Null))
        } else {
            Err(invalid(&name(), "must not be null"))
        };
    }
    if let Some((place, word)) = declared.schema.as_ref().and_then(|schema| schema.violation(&node.to_json()))
    {
        let name = format!("{}{}", name(), shown(&place));
        return Err(invalid(&name, &format!("breaks `{word}` of its schema")));
    }
    let nulls = if declared.nullable { Nulls::Taken } else { Nulls::Refused };
    let misfit = |Misfit { path, message }| invalid(&format!("{}{}", name(), shown(&path)), message);
    Value::from_sent(&declared.r#type, sent, nulls).map(Some).map_err(misfit)
}

fn from_claim(declared: &Parameter, name: &str, caller: &Caller<'_>) -> Result<Option<Value>, Refusal> {
    let Some((_, json)) = caller.claims.iter().find(|(key, _)| *key == name) else { return Ok(None) };
    let node = spangate_document::from_json(json).map_err(|_| identity_lacks(declared))?;
    if node.value == Json::Null {
        return Ok(None);
    }
    let numbers = sent::numbers(json);
    let found = Value::from_sent(&declared.r#type, Sent::new(&node, Some(&numbers)), Nulls::Refused);
    found.map(Some).map_err(|_| identity_lacks(declared))
}

/// An empty issuer, subject or tenant is none: it would bind to rows that nobody owns.
fn identity(field: IdentityField, caller: &Caller<'_>) -> Option<Value> {
    let text = |text: &str| (!text.is_empty()).then(|| Value::Text(text.to_owned()));
    let list =
        |texts: &[&str]| Value::Array(texts.iter().map(|text| Value::Text((*text).to_owned())).collect());
    match field {
        IdentityField::Issuer => text(caller.issuer),
        IdentityField::Subject => text(caller.subject),
        IdentityField::Tenant => caller.tenant.and_then(text),
        IdentityField::Roles => Some(list(&caller.roles)),
        IdentityField::Scopes => Some(list(&caller.scopes)),
    }
}

fn parameter(detail: String) -> Refusal {
    Refusal { wrong: Wrong::Parameter, detail }
}

fn invalid(name: &str, fault: &str) -> Refusal {
    parameter(format!("`{name}` {fault}"))
}

/// As its sender knows it.
fn shown_name(declared: &Parameter) -> String {
    match &declared.source {
        Source::Path(name) | Source::Query(name) | Source::Header(name) => name.clone(),
        Source::Body(path) if !path.is_empty() => path.join("."),
        _ => declared.name.clone(),
    }
}

fn identity_lacks(declared: &Parameter) -> Refusal {
    Refusal { wrong: Wrong::Identity, detail: format!("the identity has no usable `{}`", declared.name) }
}

/// A name that the caller chose, made fit to show.
fn shown(name: &str) -> String {
    name.chars().take(64).map(|c| if c.is_ascii_graphic() && c != '`' { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests;
