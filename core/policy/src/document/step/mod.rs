//! `steps`: one key names the kind; `when`, `mode` and `name` go with any. Each family of kinds has its file.

mod answer;
mod authenticate;
mod cors;
mod header;
mod limit;
mod refusal;
mod validate;

pub(super) use answer::respond_with;
pub use answer::{AnswerSource, CacheSource};
pub use authenticate::{AuthenticateSource, CredentialPlace};
pub use header::{HeaderEdits, is_header_name};
pub use limit::{
    ConcurrencySource, CountAt, LimitScope, QuotaSource, RateLimitSource, TierSource, Unavailable,
};
pub use refusal::RefusalSource;

use spangate_document::{Diagnostic, Diagnostics, Fields, Node, Path, Span, Value, hint};

use super::{Mode, Named, Text, mode, text, text_field, texts};
use crate::cors::Cors;
use crate::validate::Validation;

#[derive(Clone, Debug)]
pub struct StepSource {
    pub path: Path,
    pub span: Option<Span>,
    pub name: Option<String>,
    pub mode: Mode,
    pub when: Option<Text>,
    pub kind: StepKindSource,
}

#[derive(Clone, Debug)]
pub enum StepKindSource {
    Authenticate(AuthenticateSource),
    Require {
        condition: Text,
        refusal: RefusalSource,
    },
    /// Its condition is the step's `when`.
    Deny(RefusalSource),
    RateLimit(RateLimitSource),
    Quota(QuotaSource),
    Concurrency(ConcurrencySource),
    Validate(Validation),
    Cors(Cors),
    /// Names and what they are set to: an expression or a text.
    SetHeader(HeaderEdits<Text>),
    RemoveHeader(HeaderEdits<()>),
    Cache(CacheSource),
    Respond(AnswerSource),
    /// Its condition is the step's `when`.
    Group {
        steps: Vec<StepSource>,
        otherwise: Vec<StepSource>,
    },
    Audit(Vec<Named<Text>>),
}

const KINDS: [&str; 14] = [
    "authenticate",
    "require",
    "deny",
    "rate_limit",
    "quota",
    "concurrency",
    "validate",
    "cors",
    "set_header",
    "remove_header",
    "cache",
    "respond",
    "group",
    "audit",
];

/// How deep groups may lie in each other.
const MAX_DEPTH: usize = 8;

pub(super) fn read_list(
    fields: &mut Fields<'_>,
    name: &'static str,
    diagnostics: &mut Diagnostics,
) -> Vec<StepSource> {
    nested_list(fields, name, 0, diagnostics)
}

fn nested_list(
    fields: &mut Fields<'_>,
    name: &'static str,
    depth: usize,
    diagnostics: &mut Diagnostics,
) -> Vec<StepSource> {
    let steps = fields.list(name, diagnostics);
    if depth > MAX_DEPTH && !steps.is_empty() {
        diagnostics.push(fields.fault(name, format!("groups lie more than {MAX_DEPTH} deep in each other")));
        return Vec::new();
    }
    steps.into_iter().filter_map(|(node, path)| read(node, path, depth, diagnostics)).collect()
}

fn read(node: &Node, path: Path, depth: usize, diagnostics: &mut Diagnostics) -> Option<StepSource> {
    let mut fields = Fields::of(node, path.clone(), diagnostics)?;
    let kinds: Vec<&'static str> = KINDS.into_iter().filter(|kind| node.member(kind).is_some()).collect();
    let [kind] = kinds[..] else {
        diagnostics.push(kind_fault(node, &path, &kinds));
        return None;
    };
    let mut common = Common::read(&mut fields, diagnostics);
    let (node, mut inner, inner_path) = body(&mut fields, kind, diagnostics)?;
    if let Some(inner) = &mut inner {
        common = common.or(Common::read(inner, diagnostics), node, &inner_path, diagnostics);
    }
    let body = Body { node, path: inner_path, inner, outer: &mut fields };
    let source = match kind {
        "authenticate" => authenticate::read(body, diagnostics),
        "require" => refusal::require(body, diagnostics),
        "deny" => refusal::deny(body, diagnostics),
        "rate_limit" => limit::rate_limit(body, diagnostics),
        "quota" => limit::quota(body, diagnostics),
        "concurrency" => limit::concurrency(body, diagnostics),
        "validate" => validate::read(body, diagnostics),
        "cors" => cors::read(body, diagnostics),
        "set_header" => header::set(body, diagnostics),
        "remove_header" => header::remove(body, diagnostics),
        "cache" => answer::cache(body, diagnostics),
        "respond" => answer::respond(body, diagnostics),
        "group" => group(body, depth, common.when.is_some(), diagnostics),
        _ => audit(body, diagnostics),
    };
    fields.finish(diagnostics);
    let kind = source?;
    match &kind {
        StepKindSource::Authenticate(_) if common.mode == Some(Mode::Shadow) => {
            diagnostics.error("invalid_value", &path, node, "`authenticate` cannot be shadowed");
        }
        StepKindSource::Group { steps, otherwise } if common.mode == Some(Mode::Shadow) => {
            for step in steps.iter().chain(otherwise).filter(|step| step.authenticates()) {
                let message = "`authenticate` cannot be shadowed, nor its group";
                diagnostics.push(Diagnostic::error("invalid_value", &step.path, message).at(step.span));
            }
        }
        StepKindSource::Deny(_) if common.when.is_none() => {
            diagnostics.error("missing_key", &path, node, "`when` is missing");
        }
        _ => {}
    }
    let Common { name, mode, when } = common;
    Some(StepSource { path, span: node.span, name, mode: mode.unwrap_or_default(), when, kind })
}

/// What goes with any kind. It may stand inside the kind's own map or beside it, but not in both places.
#[derive(Default)]
struct Common {
    name: Option<String>,
    mode: Option<Mode>,
    when: Option<Text>,
}

impl Common {
    fn read(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Self {
        Self {
            name: fields.string("name", diagnostics).map(str::to_owned),
            mode: mode(fields, diagnostics),
            when: text_field(fields, "when", diagnostics),
        }
    }

    fn or(self, inner: Self, node: &Node, path: &Path, diagnostics: &mut Diagnostics) -> Self {
        let twice = [
            ("name", self.name.is_some() && inner.name.is_some()),
            ("mode", self.mode.is_some() && inner.mode.is_some()),
            ("when", self.when.is_some() && inner.when.is_some()),
        ];
        for (key, _) in twice.into_iter().filter(|(_, twice)| *twice) {
            diagnostics.error(
                "duplicate_key",
                path,
                node,
                format!("`{key}` stands inside and beside the step"),
            );
        }
        Self {
            name: self.name.or(inner.name),
            mode: self.mode.or(inner.mode),
            when: self.when.or(inner.when),
        }
    }
}

/// The value of the key that names the kind: a map of fields, or something short that stands for one of them.
struct Body<'b, 'n> {
    node: &'n Node,
    path: Path,
    inner: Option<Fields<'n>>,
    /// The step's own fields: what a short body cannot say stands there.
    outer: &'b mut Fields<'n>,
}

impl<'n> Body<'_, 'n> {
    fn demand_map(self, diagnostics: &mut Diagnostics) -> Option<Fields<'n>> {
        if self.inner.is_none() {
            let message = format!("expected a map, found {}", self.node.kind());
            diagnostics.error("wrong_type", &self.path, self.node, message);
        }
        self.inner
    }
}

fn kind_fault(node: &Node, path: &Path, kinds: &[&'static str]) -> Diagnostic {
    if !kinds.is_empty() {
        let message = format!("a step is of one kind, this one has `{}`", kinds.join("`, `"));
        return Diagnostic::error("step_kind", path, message).at(node.span).help("write two steps");
    }
    let first = match &node.value {
        Value::Map(members) => members
            .iter()
            .map(|(key, _)| key)
            .find(|key| !["when", "mode", "name"].contains(&key.name.as_str())),
        _ => None,
    };
    let fault = match first {
        Some(key) => {
            Diagnostic::error("step_kind", path, format!("`{}` is no kind of step", key.name)).at(key.span)
        }
        None => Diagnostic::error("step_kind", path, "the step has no kind").at(node.span),
    };
    fault.help(hint("known kinds", first.map_or("", |key| &key.name), &KINDS))
}

type Opened<'n> = (&'n Node, Option<Fields<'n>>, Path);

fn body<'n>(
    fields: &mut Fields<'n>,
    kind: &'static str,
    diagnostics: &mut Diagnostics,
) -> Option<Opened<'n>> {
    let path = fields.path().member(kind);
    let node = fields.demand(kind, diagnostics)?;
    let inner = match &node.value {
        Value::Map(_) => Fields::of(node, path.clone(), diagnostics),
        _ => None,
    };
    Some((node, inner, path))
}

fn group(
    body: Body<'_, '_>,
    depth: usize,
    has_condition: bool,
    diagnostics: &mut Diagnostics,
) -> Option<StepKindSource> {
    let mut fields = body.demand_map(diagnostics)?;
    fields.demand("steps", diagnostics);
    let depth = depth.saturating_add(1);
    let steps = nested_list(&mut fields, "steps", depth, diagnostics);
    let otherwise = nested_list(&mut fields, "otherwise", depth, diagnostics);
    if !otherwise.is_empty() && !has_condition {
        let fault = fields.fault("otherwise", "without `when` these steps are never reached");
        diagnostics.push(Diagnostic { code: "unreachable", ..fault });
    }
    fields.finish(diagnostics);
    Some(StepKindSource::Group { steps, otherwise })
}

fn audit(body: Body<'_, '_>, diagnostics: &mut Diagnostics) -> Option<StepKindSource> {
    let mut fields = body.demand_map(diagnostics)?;
    fields.demand("fields", diagnostics);
    let named = texts(&mut fields, "fields", diagnostics);
    fields.finish(diagnostics);
    Some(StepKindSource::Audit(named))
}

impl StepSource {
    /// Whether it asks for a token, itself or by a step in it.
    pub fn authenticates(&self) -> bool {
        match &self.kind {
            StepKindSource::Authenticate(_) => true,
            StepKindSource::Group { steps, otherwise } => {
                steps.iter().chain(otherwise).any(StepSource::authenticates)
            }
            _ => false,
        }
    }
}
