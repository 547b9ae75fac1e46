//! Paths: an operation stands under one path for each version that is named in the path, and once where a header or
//! the query names it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use spangate_policy::document::VersioningScheme;
use spangate_policy::route::Segment;
use spangate_policy::{Api, Operation, Policy, Target, Version};

use crate::operation::{Place, describe};
use crate::{Find, Unknown};

pub fn of(policy: &Policy, find: &Find<'_>) -> Result<Map<String, Value>, Vec<Unknown>> {
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let mut unknown = Vec::new();
    for operation in policy.operations() {
        let called = match &operation.target {
            Target::Call(call) => match find(call) {
                Some(called) => Some(called),
                None => {
                    let call = call.clone();
                    unknown.push(Unknown { policy_operation: operation.name.clone(), call });
                    continue;
                }
            },
            Target::Forward(_) | Target::Respond(_) => None,
        };
        let Some(api) = policy.apis().get(operation.api) else { continue };
        for place in places(api, operation) {
            let methods = paths.entry(path(api, operation, &place)).or_default();
            let described = describe(policy, api, operation, called, &place);
            // Operations of other versions under the same path, which a header tells apart: the latest version's stays.
            methods.insert(operation.template.method.to_ascii_lowercase(), described);
        }
    }
    if !unknown.is_empty() {
        return Err(unknown);
    }
    Ok(paths.into_iter().map(|(path, methods)| (path, Value::Object(methods))).collect())
}

fn places<'p>(api: &'p Api, operation: &Operation) -> Vec<Place<'p>> {
    let versions: Vec<&Version> =
        operation.versions.iter().filter_map(|version| api.versions.get(*version)).collect();
    match &api.versioning {
        Some(versioning) if versioning.scheme == VersioningScheme::Path => versions
            .into_iter()
            .map(|version| Place { in_path: Some(version), versions: vec![version] })
            .collect(),
        Some(_) | None => vec![Place { in_path: None, versions }],
    }
}

/// OpenAPI has no parameter of several segments: a rest is written as one.
fn path(api: &Api, operation: &Operation, place: &Place<'_>) -> String {
    let mut path = api.prefix.clone();
    if let Some(version) = place.in_path {
        path.push('/');
        path.push_str(&version.name);
    }
    for segment in &operation.template.segments {
        path.push('/');
        match segment {
            Segment::Literal(text) => path.push_str(text),
            Segment::Parameter(name) | Segment::Rest(name) => path.push_str(&format!("{{{name}}}")),
        }
    }
    if path.is_empty() { "/".to_owned() } else { path }
}
