//! `apis`: paths, hosts and versions, with the operations below them.

use spangate_document::{Diagnostic, Diagnostics, Fields, Node, Path};

use super::step::is_header_name;
use super::{Named, OperationSource, StepSource, named, operation, step, unknown_word};
use crate::condition::time::{parse_timestamp, timestamp};
use crate::facts::Timestamp;
use crate::route::{HostPattern, Segment, Template};

#[derive(Clone, Debug)]
pub struct ApiSource {
    /// Begins with `/` and does not end with one; empty for the root.
    pub prefix: String,
    pub hosts: Vec<HostPattern>,
    pub versioning: Option<Versioning>,
    /// In the order of the document.
    pub versions: Vec<Named<VersionSource>>,
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

/// A version's life, as its callers are told of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionSource {
    pub deprecated: Option<Timestamp>,
    pub sunset: Option<Timestamp>,
    /// Whether calls are refused once it is past its sunset.
    pub refuse_after_sunset: bool,
    /// Where callers may read more.
    pub link: Option<String>,
}

pub(super) fn read(node: &Node, path: Path, diagnostics: &mut Diagnostics) -> Option<ApiSource> {
    let mut fields = Fields::of(node, path, diagnostics)?;
    let prefix =
        fields.demand_string("path", diagnostics).and_then(|text| prefix(text, &fields, diagnostics));
    let mut hosts = Vec::new();
    for host in fields.strings("hosts", diagnostics).unwrap_or_default() {
        match HostPattern::parse(host) {
            Ok(pattern) => hosts.push(pattern),
            Err(message) => diagnostics.push(fields.fault("hosts", message)),
        }
    }
    let versions = named(&mut fields, "versions", diagnostics, version);
    let versioning = versioning(&mut fields, &versions, diagnostics);
    let steps = step::read_list(&mut fields, "steps", diagnostics);
    fields.demand("operations", diagnostics);
    let operations = named(&mut fields, "operations", diagnostics, |node, path, diagnostics| {
        operation::read(node, path, &versions, diagnostics)
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

fn version(node: &Node, path: Path, diagnostics: &mut Diagnostics) -> Option<VersionSource> {
    let mut fields = Fields::of(node, path, diagnostics)?;
    let deprecated = date(&mut fields, "deprecated", diagnostics);
    let sunset = date(&mut fields, "sunset", diagnostics);
    let after = fields.word("after_sunset", &[("refuse", true), ("serve", false)], diagnostics);
    if after.is_some() && node.member("sunset").is_none() {
        diagnostics.push(fields.fault("after_sunset", "`after_sunset` needs a `sunset`"));
    }
    if let (Some(deprecated), Some(sunset)) = (deprecated, sunset)
        && sunset < deprecated
    {
        // RFC 9745, section 4.
        diagnostics.push(fields.fault("sunset", "the sunset is before the deprecation"));
    }
    let link = fields.string("link", diagnostics).filter(|link| {
        let fits = link.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"".contains(&byte));
        if !fits {
            diagnostics.push(fields.fault("link", format!("`{link}` is no URL")));
        }
        fits
    });
    let link = link.map(str::to_owned);
    fields.finish(diagnostics);
    Some(VersionSource { deprecated, sunset, refuse_after_sunset: after.unwrap_or(false), link })
}

/// `2027-06-30` (its first instant, in UTC) or a date and time of RFC 3339.
fn date(fields: &mut Fields<'_>, name: &'static str, diagnostics: &mut Diagnostics) -> Option<Timestamp> {
    let text = fields.string(name, diagnostics)?;
    let day = || parse_timestamp(&format!("{text}T00:00:00Z"));
    let at = parse_timestamp(text).or_else(day).and_then(|at| {
        // What callers are told has whole seconds.
        timestamp(at.nanoseconds.div_euclid(1_000_000_000).saturating_mul(1_000_000_000))
    });
    if at.is_none() {
        let message = format!("`{text}` is no date (such as `2027-06-30` or `2027-06-30T12:00:00Z`)");
        diagnostics.push(fields.fault(name, message));
    }
    at
}

fn versioning(
    fields: &mut Fields<'_>,
    versions: &[Named<VersionSource>],
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
            let index = versions.iter().position(|version| version.name == name);
            if index.is_none() {
                let known: Vec<&str> = versions.iter().map(|version| version.name.as_str()).collect();
                let span = node.member("default").and_then(|node| node.span);
                diagnostics.push(unknown_word("version", name, &known, &path.member("default"), span));
            }
            index
        }
    };
    let scheme = match scheme?.split_once(' ') {
        None if scheme == Some("path") => VersioningScheme::Path,
        Some(("header", name)) if is_header_name(name) => VersioningScheme::Header(name.to_ascii_lowercase()),
        Some(("query", name)) if is_header_name(name) => VersioningScheme::Query(name.to_owned()),
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
