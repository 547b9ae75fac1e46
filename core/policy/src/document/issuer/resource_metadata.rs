//! `resource_metadata`: the URL of the resource's document (RFC 9728), or what it says.

use serde_json::json;
use spangate_document::{Diagnostics, Fields, Value};

use crate::token::{HttpUrl, IssuerUrl, ResourceMetadata, WELL_KNOWN};

/// Members that are lists of texts, and those that are texts (RFC 9728, section 2).
const LISTS: [&str; 3] = ["authorization_servers", "scopes_supported", "bearer_methods_supported"];
const TEXTS: [&str; 4] =
    ["resource_name", "resource_documentation", "resource_policy_uri", "resource_tos_uri"];

/// A document that names no authorization servers names the issuer.
pub(super) fn read(
    fields: &mut Fields<'_>,
    issuer: &IssuerUrl,
    diagnostics: &mut Diagnostics,
) -> Option<ResourceMetadata> {
    let node = fields.take("resource_metadata")?;
    let mut metadata = match &node.value {
        Value::Map(_) => {
            let mut members = Fields::of(node, fields.path().member("resource_metadata"), diagnostics)?;
            let metadata = from_members(&mut members, diagnostics);
            members.finish(diagnostics);
            metadata?
        }
        _ => {
            let url = fields.string("resource_metadata", diagnostics)?;
            let metadata = HttpUrl::parse(url).and_then(|url| ResourceMetadata::at(&url));
            if metadata.is_none() {
                let message = format!("`{url}` is no URL of a resource's metadata");
                let fault = fields.fault("resource_metadata", message);
                diagnostics
                    .push(fault.help(format!("write `https://HOST{WELL_KNOWN}` and the resource's path")));
            }
            metadata?
        }
    };
    if let IssuerUrl::Exact(url) = issuer {
        metadata.members.entry("authorization_servers").or_insert_with(|| json!([url]));
    }
    Some(metadata)
}

fn from_members(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Option<ResourceMetadata> {
    let resource = fields.demand_string("resource", diagnostics);
    let url = resource.and_then(HttpUrl::parse);
    if let (Some(text), None) = (resource, &url) {
        diagnostics.push(fields.fault("resource", format!("`{text}` is no URL of http or https")));
    }
    let lists = LISTS.map(|name| (name, fields.strings(name, diagnostics).map(|list| json!(list))));
    let texts = TEXTS.map(|name| (name, fields.string(name, diagnostics).map(|text| json!(text))));
    let mut metadata = ResourceMetadata::of_resource(&url?);
    // To the letter: the client compares it with what it asked for (RFC 9728, section 3.3).
    metadata.members.insert("resource".to_owned(), json!(resource));
    for (name, value) in lists.into_iter().chain(texts) {
        metadata.members.extend(value.map(|value| (name.to_owned(), value)));
    }
    Some(metadata)
}
