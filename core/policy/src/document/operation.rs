//! Operations: which calls they answer, who may call them, and what then happens.

use spangate_document::{Diagnostic, Diagnostics, Fields, Node, Path, Span, Value};

use super::step::{AnswerSource, respond_with};
use super::{Named, StepSource, Text, VersionSource, step, unknown_word};
use crate::route::{Forward, Rewrite, Template};

#[derive(Clone, Debug)]
pub struct OperationSource {
    /// Absent where it could not be read: what else the operation says is still looked at.
    pub template: Option<Template>,
    /// Indices of the API's versions that have it; all when the author names none.
    pub versions: Vec<usize>,
    pub roles: Vec<Text>,
    pub public: bool,
    pub steps: Vec<StepSource>,
    /// Absent where it could not be read.
    pub target: Option<TargetSource>,
    pub span: Option<Span>,
}

/// What an allowed call comes to.
#[derive(Clone, Debug)]
pub enum TargetSource {
    /// An operation of the sidecar.
    Call(String),
    /// Another upstream.
    Forward(Forward),
    Respond(AnswerSource),
}

pub(super) fn read(
    node: &Node,
    path: Path,
    versions: &[Named<VersionSource>],
    diagnostics: &mut Diagnostics,
) -> Option<OperationSource> {
    let mut fields = Fields::of(node, path, diagnostics)?;
    let route = fields.demand_string("route", diagnostics);
    let template = route.and_then(|route| match Template::parse(route) {
        Ok(template) => Some(template),
        Err(message) => {
            diagnostics.push(Diagnostic { code: "invalid_route", ..fields.fault("route", message) });
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
    let target = target(&mut fields, template.as_ref(), diagnostics);
    fields.finish(diagnostics);
    Some(OperationSource {
        template,
        versions,
        roles: roles.unwrap_or_default(),
        public,
        steps,
        target,
        span: node.span,
    })
}

/// Exactly one of `call`, `forward` and `respond`.
fn target(
    fields: &mut Fields<'_>,
    template: Option<&Template>,
    diagnostics: &mut Diagnostics,
) -> Option<TargetSource> {
    // A null counts as absent, as everywhere.
    let is_there = |name: &&str| fields.node().member(name).is_some_and(|node| node.value != Value::Null);
    let there: Vec<&str> = ["call", "forward", "respond"].into_iter().filter(is_there).collect();
    if there.len() != 1 {
        let found = if there.is_empty() {
            "none is there".to_owned()
        } else {
            format!("`{}` are", there.join("`, `"))
        };
        let message = format!("exactly one of `call`, `forward` and `respond` is needed, {found}");
        diagnostics.push(
            Diagnostic::error("target", fields.path(), message)
                .at(fields.node().span)
                .help("write `call: OPERATION` to call the sidecar"),
        );
    }
    let call = fields.string("call", diagnostics);
    let cluster = fields.string("forward", diagnostics);
    let rewrite = fields.string("rewrite", diagnostics).and_then(|text| {
        let fault = match (Rewrite::parse(text, template), cluster) {
            (_, None) => "`rewrite` goes with `forward`".to_owned(),
            (Err(message), Some(_)) => message,
            (Ok(rewrite), Some(_)) => return Some(rewrite),
        };
        diagnostics.push(fields.fault("rewrite", fault));
        None
    });
    let respond = fields.take("respond");
    let answer = respond.and_then(|node| {
        let fields = Fields::of(node, fields.path().member("respond"), diagnostics)?;
        respond_with(fields, diagnostics)
    });
    match (call, cluster, answer) {
        (Some(call), _, _) => Some(TargetSource::Call(call.to_owned())),
        (None, Some(cluster), _) => {
            Some(TargetSource::Forward(Forward { cluster: cluster.to_owned(), rewrite }))
        }
        (None, None, Some(answer)) => Some(TargetSource::Respond(answer)),
        (None, None, None) => None,
    }
}

fn operation_versions(
    fields: &mut Fields<'_>,
    versions: &[Named<VersionSource>],
    diagnostics: &mut Diagnostics,
) -> Vec<usize> {
    let Some(named) = fields.strings("versions", diagnostics) else {
        return (0..versions.len()).collect();
    };
    let known: Vec<&str> = versions.iter().map(|version| version.name.as_str()).collect();
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
