//! The refused calls: who asks for what, what troubles Spanner meanwhile, and what the caller is told.

use spangate_mock_spanner::{Mock, Step};
use tonic::Status;

use crate::support::Request;

pub struct Refused {
    pub status: u16,
    pub reason: &'static str,
    pub retry_after: Option<&'static str>,
    pub caller: Caller,
    pub request: Request,
    pub key: Key,
    /// The path of a call that takes the only place meanwhile.
    pub occupied: Option<&'static str>,
    pub trouble: Box<dyn Fn(&Mock)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    Canary,
    /// Of no tenant, which each operation binds.
    Homeless,
    /// With no token that was ever issued.
    Forger,
}

/// The `Idempotency-Key` of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Absent,
    Fresh,
    /// Of the first write that there was.
    First,
}

impl Refused {
    fn read(status: u16, reason: &'static str, path: &str) -> Self {
        let (request, trouble) = (Request::get(&format!("/items/v1{path}")), Box::new(|_: &Mock| {}));
        let (caller, key) = (Caller::Canary, Key::Absent);
        Self { status, reason, retry_after: None, caller, request, key, occupied: None, trouble }
    }

    fn write(status: u16, reason: &'static str, path: &str, body: &str) -> Self {
        let request = Request::text(&format!("/items/v1{path}"), body).header("x-note", "oriole-header");
        Self { request, key: Key::Fresh, ..Self::read(status, reason, path) }
    }

    fn key(self, key: Key) -> Self {
        Self { key, ..self }
    }

    fn by(self, caller: Caller) -> Self {
        Self { caller, ..self }
    }

    fn retry_after(self, seconds: &'static str) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    fn while_occupied_by(self, path: &'static str) -> Self {
        Self { occupied: Some(path), ..self }
    }

    /// Each such message of Spanner's fails, in words that nobody may see.
    fn fails(self, step: Step, status: fn(String) -> Status) -> Self {
        let message = "oriole-message: Row [oriole-value] in table oriole_items";
        Self { trouble: Box::new(move |mock| mock.always(step, status(message.to_owned()))), ..self }
    }

    fn hangs(self, step: Step) -> Self {
        Self { trouble: Box::new(move |mock| mock.silent(step)), ..self }
    }
}

/// What the gateway itself refuses, with something in it that nobody may see.
pub fn by_the_gateway() -> Vec<Refused> {
    let (read, write) = (Refused::read, Refused::write);
    let title = r#"{"title": "oriole-title"}"#;
    let with = |refused: Refused, name: &str| Refused {
        request: refused.request.header(name, "oriole-forged.oriole.oriole"),
        ..refused
    };
    vec![
        read(401, "token_malformed", "/1").by(Caller::Forger),
        with(read(401, "token_repeated", "/1"), "authorization"),
        read(403, "unwanted", "?title=denied-oriole"),
        read(404, "route_not_found", "/1/nowhere?title=oriole-query"),
        write(405, "method_not_allowed", "/1/narrow?title=oriole-query", title),
    ]
}

/// Each row of the table but `outcome_unknown`, which is a story of its own.
pub fn all() -> Vec<Refused> {
    let (read, write) = (Refused::read, Refused::write);
    let title = r#"{"title": "oriole-title"}"#;
    let other = r#"{"title": "oriole-other"}"#;
    let long = format!(r#"{{"title": "oriole-{}"}}"#, "x".repeat(1024));
    let mut early = read(400, "parameter_invalid", "/1");
    early.request = early.request.header("read-min-timestamp", "oriole-timestamp");
    vec![
        early,
        read(400, "parameter_invalid", "?limit=oriole-limit"),
        read(400, "parameter_invalid", "?page=oriole-page"),
        write(400, "parameter_invalid", "/9", r#"{"title": ["oriole-list"]}"#),
        write(400, "parameter_invalid", "/9", "{oriole-syntax"),
        write(400, "idempotency_key_missing", "/9", title).key(Key::Absent),
        write(400, "out_of_range", "/1/more", ""),
        read(403, "permission_denied", "/1").by(Caller::Homeless),
        write(403, "permission_denied", "/9", title).by(Caller::Homeless),
        write(403, "permission_denied", "/9/clerk", title),
        read(404, "not_found", "/999"),
        write(409, "conflict", "/9", title).fails(Step::Commit, Status::aborted).retry_after("1"),
        write(409, "already_exists", "/1", title),
        write(412, "precondition_failed", "/9", "{}"),
        write(413, "body_too_large", "/9", &long),
        write(422, "idempotency_key_reused", "/3", other).key(Key::First),
        write(422, "idempotency_key_reused", "/9", title).key(Key::First),
        read(500, "schema_mismatch", "/1").fails(Step::Stream, Status::invalid_argument),
        read(503, "schema_mismatch", "/1/misfit").retry_after("30"),
        read(501, "operation_unknown", "/1/unknown"),
        read(503, "database_unavailable", "/1").fails(Step::Stream, Status::unavailable).retry_after("1"),
        write(503, "database_unavailable", "/9", title)
            .fails(Step::Stream, Status::internal)
            .retry_after("1"),
        read(503, "database_overloaded", "/1")
            .fails(Step::Stream, Status::resource_exhausted)
            .retry_after("1"),
        read(503, "database_overloaded", "/1/narrow").while_occupied_by("/1/narrow").retry_after("1"),
        read(429, "region_limit", "/1/regional").while_occupied_by("/1/regional").retry_after("1"),
        read(504, "deadline_exceeded", "/1/soon").hangs(Step::Stream),
        write(504, "deadline_exceeded", "/9/soon", title).hangs(Step::Stream),
    ]
}
