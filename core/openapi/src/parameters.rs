//! What an operation takes beside its body: what it binds, what the policy demands, and what the gateway itself reads.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use spangate_operations::{Freshness, Idempotency, Kind, Parameter, Source};
use spangate_policy::document::VersioningScheme;
use spangate_policy::validate;

use crate::operation::Described;
use crate::schema::{self, Form};

/// One parameter, of which several rules may say something.
#[derive(Default)]
struct Merged {
    required: bool,
    schemas: Vec<Value>,
    description: Option<&'static str>,
}

type Parameters = BTreeMap<(Place, String), Merged>;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Path,
    Query,
    Header,
}

pub fn of(described: &Described<'_>) -> Vec<Value> {
    let mut parameters = Parameters::new();
    for name in described.operation.template.parameters() {
        let merged = parameters.entry((Place::Path, name.to_owned())).or_default();
        merged.required = true;
    }
    bound(described, &mut parameters);
    for rule in &described.contract.parameters {
        let place = match rule.place {
            validate::Place::Query => Place::Query,
            validate::Place::Header => Place::Header,
            validate::Place::Path => Place::Path,
        };
        let merged = parameters.entry((place, rule.name.clone())).or_default();
        merged.required |= rule.required;
        merged.schemas.push(schema::of_rule(rule));
    }
    version(described, &mut parameters);
    of_protocol(described, &mut parameters);
    parameters.into_iter().map(|((place, name), merged)| merged.parameter(place, &name)).collect()
}

fn bound(described: &Described<'_>, parameters: &mut Parameters) {
    let Some(called) = described.called else { return };
    for parameter in &called.parameters {
        let (place, name) = match &parameter.source {
            Source::Path(name) => (Place::Path, name),
            Source::Query(name) => (Place::Query, name),
            Source::Header(name) => (Place::Header, name),
            Source::Body(_)
            | Source::Item(_)
            | Source::Position
            | Source::Identity(_)
            | Source::Claim(_)
            | Source::Page(_)
            | Source::Constant(_) => continue,
        };
        let merged = parameters.entry((place, name.clone())).or_default();
        merged.required |= is_demanded(parameter);
        merged.schemas.push(schema::of_parameter(called, parameter, Form::Text));
    }
    if let Some(pages) = &called.pages {
        let merged = parameters.entry((Place::Query, pages.token.clone())).or_default();
        merged.schemas.push(json!({"type": "string"}));
        merged.description = Some("`next_page` of the page before; without it, the first page");
    }
}

pub fn is_demanded(parameter: &Parameter) -> bool {
    parameter.required && parameter.default.is_none()
}

/// Where a version is told beside the path.
fn version(described: &Described<'_>, parameters: &mut Parameters) {
    let Some(versioning) = &described.api.versioning else { return };
    let (place, name) = match &versioning.scheme {
        VersioningScheme::Path => return,
        VersioningScheme::Header(name) => (Place::Header, name),
        VersioningScheme::Query(name) => (Place::Query, name),
    };
    let names: Vec<&str> = described.place.versions.iter().map(|version| version.name.as_str()).collect();
    let default = versioning.default.and_then(|default| described.api.versions.get(default));
    let default = default.map(|version| version.name.as_str()).filter(|name| names.contains(name));
    let mut schema = json!({"type": "string", "enum": names});
    if let (Some(default), Some(members)) = (default, schema.as_object_mut()) {
        members.insert("default".to_owned(), default.into());
    }
    let merged = parameters.entry((place, name.clone())).or_default();
    merged.required |= default.is_none();
    merged.schemas.push(schema);
    merged.description = Some("The version of the API");
}

/// Headers that mean the same for every operation.
fn of_protocol(described: &Described<'_>, parameters: &mut Parameters) {
    let Some(called) = described.called else { return };
    let mut header = |name: &str, required, schema, description| {
        let merged = Merged { required, schemas: vec![schema], description: Some(description) };
        parameters.insert((Place::Header, name.to_owned()), merged);
    };
    match &called.kind {
        // Whoever has not said who they are has no keys: another could use them up.
        Kind::Write(write) if !described.operation.public => header(
            "Idempotency-Key",
            write.idempotency == Idempotency::Required,
            json!({"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}),
            "Repeats with the same key are answered as the first one was, and done once",
        ),
        Kind::Write(_) => {}
        Kind::Read(_) if called.freshness == Freshness::Caller => header(
            "Read-Min-Timestamp",
            false,
            json!({"type": "string", "format": "date-time"}),
            "Nothing older is read: the `Read-Timestamp` of an earlier answer",
        ),
        Kind::Read(_) => {}
    }
    if !described.contract.caches.is_empty() {
        header(
            "If-None-Match",
            false,
            json!({"type": "string"}),
            "The `ETag` of an answer that the caller has",
        );
    }
}

impl Merged {
    fn parameter(self, place: Place, name: &str) -> Value {
        let Self { required, mut schemas, description } = self;
        let schema = match schemas.pop() {
            None => json!({"type": "string", "minLength": 1}),
            Some(only) if schemas.is_empty() => only,
            Some(last) => {
                schemas.push(last);
                json!({"allOf": schemas})
            }
        };
        let place = match place {
            Place::Path => "path",
            Place::Query => "query",
            Place::Header => "header",
        };
        let mut members = Map::new();
        members.insert("name".to_owned(), name.into());
        members.insert("in".to_owned(), place.into());
        members.insert("required".to_owned(), required.into());
        members.extend(description.map(|text| ("description".to_owned(), text.into())));
        members.insert("schema".to_owned(), schema);
        Value::Object(members)
    }
}
