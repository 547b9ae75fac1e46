//! Where a parameter's value comes from: its one source.

use spangate_document::{Diagnostic, Diagnostics, Fields};

use crate::load::body_path;
use crate::{IdentityField, Source};

pub fn read(from: &str, name: &str, fields: &Fields<'_>, diagnostics: &mut Diagnostics) -> Option<Source> {
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

pub fn dotted(source: &str) -> Option<Source> {
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
