//! `apis`: paths, versions and operations.

use spangate_document::{Diagnostic, Diagnostics, Fields, Node, Path, Span};

use super::{Named, StepSource, Text, named, not_yet, step, unknown_word};
use crate::route::{HostPattern, Segment, Template};

#[derive(Clone, Debug)]
pub struct ApiSource {
    /// Begins with `/` and does not end with one; empty for the root.
    pub prefix: String,
    pub hosts: Vec<HostPattern>,
    pub versioning: Option<Versioning>,
    /// In the order of the document.
    pub versions: Vec<String>,
    pub steps: Vec<StepSource>,
    pub operations: Vec<Named<OperationSource>>,
}

/// How a call says which version it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioning {
    pub scheme: VersioningScheme,
    /// Index of the version that a call is for which names none.
    pub default: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersioningScheme {
    /// The segment after the API's path.
    Path,
    /// A header, lower case.
    Header(String),
    /// A query parameter.
    Query(String),
}

#[derive(Clone, Debug)]
pub struct OperationSource {
    /// Absent where it could not be read: what else the operation says is still looked at.
    pub template: Option<Template>,
    /// Indices of the API's versions that have it; all when the author names none.
    pub versions: Vec<usize>,
    pub roles: Vec<Text>,
    pub public: bool,
    pub steps: Vec<StepSource>,
    /// Operation of the sidecar.
    pub call: String,
    pub span: Option<Span>,
}

pub(super) fn read(node: &Node, path: Path, diagnostics: &mut Diagnostics) -> Option<ApiSource> {
    let mut fields = Fields::of(node, path, diagnostics)?;
    let prefix =
        fields.demand_string("path", diagnostics).and_then(|text| prefix(text, &fields, diagnostics));
    let mut hosts = Vec::new();
    for host in fields.strings("hosts", diagnostics).unwrap_or_default() {
        match HostPattern::parse(host) {
            Ok(pattern) => hosts.push(pattern),
            Err(message) => {
                diagnostics.error("invalid_value", &fields.path().member("hosts"), node, message);
            }
        }
    }
    let versions = versions(&mut fields, diagnostics);
    let versioning = versioning(&mut fields, &versions, diagnostics);
    let steps = step::read_list(&mut fields, "steps", diagnostics);
    fields.demand("operations", diagnostics);
    let operations = named(&mut fields, "operations", diagnostics, |node, path, diagnostics| {
        operation(node, path, &versions, diagnostics)
    });
    fields.finish(diagnostics);
    Some(ApiSource { prefix: prefix?, hosts, versioning, versions, steps, operations })
}

/// The path prefix is a template without parameters.
fn prefix(text: &str, fields: &Fields<'_>, diagnostics: &mut Diagnostics) -> Option<String> {
    let message = match Template::parse(&format!("GET {text}")) {
        Ok(template) if template.segments.iter().all(|segment| matches!(segment, Segment::Literal(_))) => {
            return Some(text.trim_end_matches('/').to_owned());
        }
        Ok(_) => format!("the path `{text}` of an API has no parameters"),
        Err(message) => message,
    };
    let span = fields.node().member("path").and_then(|node| node.span);
    diagnostics.push(Diagnostic::error("invalid_value", &fields.path().member("path"), message).at(span));
    None
}

fn versions(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Vec<String> {
    named(fields, "versions", diagnostics, |node, path, diagnostics| {
        let mut fields = Fields::of(node, path, diagnostics)?;
        not_yet(&mut fields, &["deprecated", "sunset", "after_sunset", "link"], diagnostics);
        fields.finish(diagnostics);
        Some(())
    })
    .into_iter()
    .map(|version| version.name)
    .collect()
}

fn versioning(
    fields: &mut Fields<'_>,
    versions: &[String],
    diagnostics: &mut Diagnostics,
) -> Option<Versioning> {
    let path = fields.path().member("versioning");
    let Some(node) = fields.take("versioning") else {
        if !versions.is_empty() {
            diagnostics.push(
                Diagnostic::error("missing_key", fields.path(), "`versions` need a `versioning`")
                    .at(fields.node().span)
                    .help("write `versioning: {scheme: path}`"),
            );
        }
        return None;
    };
    let mut fields = Fields::of(node, path.clone(), diagnostics)?;
    let scheme = fields.demand_string("scheme", diagnostics);
    let default = fields.string("default", diagnostics);
    fields.finish(diagnostics);
    if versions.is_empty() {
        diagnostics.error("missing_key", &path, node, "`versioning` needs `versions`");
        return None;
    }
    let default = match default {
        None => None,
        Some(name) => {
            let index = versions.iter().position(|version| version == name);
            if index.is_none() {
                let known: Vec<&str> = versions.iter().map(String::as_str).collect();
                let span = node.member("default").and_then(|node| node.span);
                diagnostics.push(unknown_word("version", name, &known, &path.member("default"), span));
            }
            index
        }
    };
    let scheme = match scheme?.split_once(' ') {
        None if scheme == Some("path") => VersioningScheme::Path,
        Some(("header", name)) if is_token(name) => VersioningScheme::Header(name.to_ascii_lowercase()),
        Some(("query", name)) if is_token(name) => VersioningScheme::Query(name.to_owned()),
        _ => {
            let message = format!("`{}` is no scheme", scheme.unwrap_or_default());
            diagnostics.push(
                Diagnostic::error("invalid_value", &path.member("scheme"), message)
                    .at(node.member("scheme").and_then(|node| node.span))
                    .help("write `path`, `header NAME` or `query NAME`"),
            );
            return None;
        }
    };
    Some(Versioning { scheme, default })
}

/// Name of a header or of a query parameter (RFC 9110, section 5.6.2, without its rarer marks).
fn is_token(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

fn operation(
    node: &Node,
    path: Path,
    versions: &[String],
    diagnostics: &mut Diagnostics,
) -> Option<OperationSource> {
    let mut fields = Fields::of(node, path, diagnostics)?;
    let route = fields.demand_string("route", diagnostics);
    let template = route.and_then(|route| match Template::parse(route) {
        Ok(template) => Some(template),
        Err(message) => {
            let span = node.member("route").and_then(|node| node.span);
            diagnostics
                .push(Diagnostic::error("invalid_route", &fields.path().member("route"), message).at(span));
            None
        }
    });
    let versions = operation_versions(&mut fields, versions, diagnostics);
    let roles = roles(&mut fields, diagnostics);
    let public = fields.bool("public", diagnostics).unwrap_or(false);
    if public == roles.is_some() {
        let message = if public {
            "`public` and `roles` exclude each other"
        } else {
            "`roles` or `public: true` is needed"
        };
        diagnostics.push(
            Diagnostic::error("roles_or_public", fields.path(), message)
                .at(node.span)
                .help("name the roles that may call it, or say `public: true`"),
        );
    }
    let steps = step::read_list(&mut fields, "steps", diagnostics);
    not_yet(&mut fields, &["forward", "rewrite", "respond"], diagnostics);
    let call = fields.demand_string("call", diagnostics);
    fields.finish(diagnostics);
    Some(OperationSource {
        template,
        versions,
        roles: roles.unwrap_or_default(),
        public,
        steps,
        call: call.unwrap_or_default().to_owned(),
        span: node.span,
    })
}

fn operation_versions(
    fields: &mut Fields<'_>,
    versions: &[String],
    diagnostics: &mut Diagnostics,
) -> Vec<usize> {
    let Some(named) = fields.strings("versions", diagnostics) else {
        return (0..versions.len()).collect();
    };
    let known: Vec<&str> = versions.iter().map(String::as_str).collect();
    let mut indices = Vec::new();
    for name in named {
        match known.iter().position(|version| *version == name) {
            Some(index) => indices.push(index),
            None => {
                let path = fields.path().member("versions");
                let span = fields.node().member("versions").and_then(|node| node.span);
                diagnostics.push(unknown_word("version of this API", name, &known, &path, span));
            }
        }
    }
    indices
}

/// The names under `roles`, `None` when the key is absent. An empty list would be an operation for nobody.
fn roles(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Option<Vec<Text>> {
    let node = fields.take("roles")?;
    let path = fields.path().member("roles");
    let names = fields.strings("roles", diagnostics)?;
    if names.is_empty() {
        diagnostics.error("invalid_value", &path, node, "at least one role is needed");
    }
    let texts =
        names.into_iter().map(|name| Text { text: name.to_owned(), path: path.clone(), span: node.span });
    Some(texts.collect())
}
