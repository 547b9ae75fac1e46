//! What all operations share: problems, rows, headers of answers, and how callers say who they are.

use serde_json::{Map, Value, json};
use spangate_policy::{Policy, Target};

use crate::{Find, schema, security};

pub fn of(policy: &Policy, find: &Find<'_>, answers: Map<String, Value>) -> Value {
    let mut components = json!({"schemas": schemas(), "headers": headers(), "responses": answers});
    let called = policy.operations().iter().filter_map(|operation| match &operation.target {
        Target::Call(call) => find(call),
        Target::Forward(_) | Target::Respond(_) => None,
    });
    if let Some(schemas) = components.get_mut("schemas").and_then(Value::as_object_mut) {
        schemas.extend(schema::components(called));
    }
    let schemes = security::schemes(policy);
    if let (false, Some(members)) = (schemes.is_empty(), components.as_object_mut()) {
        members.insert("securitySchemes".to_owned(), schemes.into());
    }
    components
}

fn schemas() -> Value {
    json!({
        "Problem": {
            "description": "A problem document (RFC 9457). `reason` is stable: match on it, not on `detail`.",
            "type": "object",
            "properties": {
                "status": {"type": "integer", "minimum": 400, "maximum": 599},
                "title": {"type": "string"},
                "detail": {"type": "string"},
                "reason": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"},
                "request_id": {"type": "string"},
            },
            "required": ["status", "title", "reason"],
        },
        "Row": {
            "description": "A row: its columns by their names. INT64 and NUMERIC are texts unless the operation says otherwise.",
            "type": "object",
        },
    })
}

fn headers() -> Value {
    let text = |description: &str| json!({"description": description, "schema": {"type": "string"}});
    let whole =
        |description: &str| json!({"description": description, "schema": {"type": "integer", "minimum": 0}});
    json!({
        "Age": whole("Seconds since the rows were read"),
        "Cache-Control": text("How long the answer may be kept"),
        "Deprecation": text("Since when the version is deprecated (RFC 9745)"),
        "ETag": text("Names this answer: for `If-None-Match`"),
        "Idempotency-Replayed": {
            "description": "The write was done by an earlier call with the same key; this is that call's answer",
            "schema": {"type": "boolean"},
        },
        "Link": text("Where to read more"),
        "Location": text("What has been made"),
        "RateLimit": text("How the limit stands"),
        "RateLimit-Policy": text("What the limit is"),
        "Read-Timestamp": {
            "description": "As of when was read, or when the write was committed",
            "schema": {"type": "string", "format": "date-time"},
        },
        "Retry-After": whole("Seconds after which another try may help"),
        "Sunset": text("When the version goes away (RFC 8594)"),
        "Vary": text("Of which headers of the request the answer depends"),
        "WWW-Authenticate": text("What is wrong with the token (RFC 6750)"),
    })
}
