//! `cors`: which pages of other origins may call.

use spangate_document::{Diagnostics, Duration};

use super::super::owned;
use super::{Body, StepKindSource};
use crate::cors::{Cors, OriginPattern};

const DEFAULT_MAX_AGE: Duration = Duration::from_secs(5 * 60);

pub(super) fn read(body: Body<'_, '_>, diagnostics: &mut Diagnostics) -> Option<StepKindSource> {
    let mut fields = body.demand_map(diagnostics)?;
    fields.demand("origins", diagnostics);
    let mut origins = Vec::new();
    for origin in fields.strings("origins", diagnostics).unwrap_or_default() {
        match OriginPattern::parse(origin) {
            Ok(pattern) => origins.push(pattern),
            Err(message) => diagnostics.push(fields.fault("origins", message)),
        }
    }
    let [methods, headers, expose] = ["methods", "headers", "expose"]
        .map(|name| owned(fields.strings(name, diagnostics)).unwrap_or_default());
    let credentials = fields.bool("credentials", diagnostics).unwrap_or(false);
    let max_age = fields.duration("max_age", diagnostics).unwrap_or(DEFAULT_MAX_AGE);
    if credentials && origins.contains(&OriginPattern::Any) {
        let message = "`credentials` with the origin `*` would let any page act as its visitor";
        diagnostics.push(fields.fault("credentials", message).help("name the origins"));
    }
    fields.finish(diagnostics);
    Some(StepKindSource::Cors(Cors { origins, methods, headers, expose, credentials, max_age }))
}
