//! `steps`: one key names the kind, `when`, `mode` and `name` go with any.

use spangate_document::{Diagnostic, Diagnostics, Fields, Node, Path, Rate, Span, Value, suggestion};

use super::{Mode, Text, mode, not_yet, text, text_field, unknown_word};

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
}

#[derive(Clone, Debug)]
pub struct AuthenticateSource {
    pub issuers: Vec<Text>,
    pub optional: bool,
}

/// What the author says of a refusal; the step's kind fills in the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefusalSource {
    pub status: Option<u16>,
    pub reason: Option<String>,
    pub detail: Option<String>,
}

#[derive(Clone, Debug)]
pub struct RateLimitSource {
    pub key: Text,
    pub rate: Rate,
    /// As many as the rate's count where the author names none.
    pub burst: u64,
    pub headers: bool,
}

/// Kinds that exist now, and those that the language has and a later version will keep.
const KINDS: [&str; 4] = ["authenticate", "require", "deny", "rate_limit"];
const LATER: [&str; 10] = [
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

pub(super) fn read_list(
    fields: &mut Fields<'_>,
    name: &'static str,
    diagnostics: &mut Diagnostics,
) -> Vec<StepSource> {
    fields
        .list(name, diagnostics)
        .into_iter()
        .filter_map(|(node, path)| read(node, path, diagnostics))
        .collect()
}

fn read(node: &Node, path: Path, diagnostics: &mut Diagnostics) -> Option<StepSource> {
    let mut fields = Fields::of(node, path.clone(), diagnostics)?;
    let kinds: Vec<&'static str> =
        KINDS.into_iter().chain(LATER).filter(|kind| node.member(kind).is_some()).collect();
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
        "authenticate" => authenticate(body, diagnostics),
        "require" => require(body, diagnostics),
        "deny" => deny(body, diagnostics),
        "rate_limit" => rate_limit(body, diagnostics),
        later => {
            diagnostics.error("not_supported_yet", &path, node, format!("`{later}` is not supported yet"));
            return None;
        }
    };
    fields.finish(diagnostics);
    let kind = source?;
    match &kind {
        StepKindSource::Authenticate(_) if common.mode == Some(Mode::Shadow) => {
            diagnostics.error("invalid_value", &path, node, "`authenticate` cannot be shadowed");
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
    fault.help(match first.and_then(|key| suggestion(&key.name, KINDS)) {
        Some(close) => format!("did you mean `{close}`?"),
        None => format!("known kinds are `{}`", KINDS.join("`, `")),
    })
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

fn authenticate(body: Body<'_, '_>, diagnostics: &mut Diagnostics) -> Option<StepKindSource> {
    let Body { node, path, inner, outer } = body;
    let (names, optional, path) = match inner {
        Some(mut inner) => {
            inner.demand("issuers", diagnostics);
            let names = inner.strings("issuers", diagnostics);
            let optional = inner.bool("optional", diagnostics).unwrap_or(false);
            let from = inner.take("from").filter(|from| from.as_str() != Some("bearer"));
            if let Some(from) = from {
                let message = "only `from: bearer` is supported yet";
                diagnostics.error("not_supported_yet", &path.member("from"), from, message);
            }
            not_yet(&mut inner, &["forward", "bound", "token_types"], diagnostics);
            inner.finish(diagnostics);
            (names, optional, path.member("issuers"))
        }
        None => (outer.strings("authenticate", diagnostics), false, path),
    };
    let names = names?;
    if names.is_empty() {
        diagnostics.error("invalid_value", &path, node, "at least one issuer is needed");
    }
    let issuers =
        names.into_iter().map(|name| Text { text: name.to_owned(), path: path.clone(), span: node.span });
    Some(StepKindSource::Authenticate(AuthenticateSource { issuers: issuers.collect(), optional }))
}

fn require(body: Body<'_, '_>, diagnostics: &mut Diagnostics) -> Option<StepKindSource> {
    let Body { node, path, inner, outer } = body;
    let (condition, refusal) = match inner {
        Some(mut inner) => {
            inner.demand("condition", diagnostics);
            let condition = text_field(&mut inner, "condition", diagnostics);
            let refusal = refusal(&mut inner, diagnostics);
            inner.finish(diagnostics);
            (condition, refusal)
        }
        // `require: CEL`, with `reason`, `status` and `detail` beside it.
        None => (text(node, path, diagnostics), refusal(outer, diagnostics)),
    };
    Some(StepKindSource::Require { condition: condition?, refusal })
}

fn deny(body: Body<'_, '_>, diagnostics: &mut Diagnostics) -> Option<StepKindSource> {
    let mut fields = body.demand_map(diagnostics)?;
    let refusal = refusal(&mut fields, diagnostics);
    fields.finish(diagnostics);
    Some(StepKindSource::Deny(refusal))
}

fn refusal(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> RefusalSource {
    let status = fields.integer("status", diagnostics).and_then(|status| match u16::try_from(status) {
        Ok(status @ 400..=599) => Some(status),
        _ => {
            let path = fields.path().member("status");
            let node = fields.node();
            diagnostics.error(
                "invalid_value",
                &path,
                node,
                format!("`{status}` is no status of a refusal (400 to 599)"),
            );
            None
        }
    });
    let reason = fields.string("reason", diagnostics).and_then(|reason| {
        let fits = reason.len() <= 64
            && reason.starts_with(|c: char| c.is_ascii_lowercase())
            && reason.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !fits {
            let path = fields.path().member("reason");
            let node = fields.node();
            diagnostics.error(
                "invalid_value",
                &path,
                node,
                format!("`{reason}` is no reason: write it in snake_case"),
            );
        }
        fits.then(|| reason.to_owned())
    });
    let detail = fields.string("detail", diagnostics).map(str::to_owned);
    RefusalSource { status, reason, detail }
}

fn rate_limit(body: Body<'_, '_>, diagnostics: &mut Diagnostics) -> Option<StepKindSource> {
    let mut fields = body.demand_map(diagnostics)?;
    let (node, path) = (fields.node(), fields.path().clone());
    fields.demand("key", diagnostics);
    let key = text_field(&mut fields, "key", diagnostics);
    fields.demand("rate", diagnostics);
    if matches!(node.member("rate").map(|node| &node.value), Some(Value::List(_))) {
        diagnostics.error(
            "not_supported_yet",
            &path.member("rate"),
            node,
            "a table of rates is not supported yet",
        );
        return None;
    }
    let rate = fields.rate("rate", diagnostics);
    let burst = fields.integer("burst", diagnostics);
    let burst = match burst.map(u64::try_from) {
        Some(Ok(burst @ 1..=1_000_000_000)) => Some(burst),
        Some(_) => {
            let message = "`burst` is a number from 1 to 1000000000";
            diagnostics.error("invalid_value", &path.member("burst"), node, message);
            None
        }
        None => rate.map(|rate| rate.count),
    };
    let headers = fields.bool("headers", diagnostics).unwrap_or(false);
    if let Some(scope) = fields.string("scope", diagnostics) {
        let span = node.member("scope").and_then(|node| node.span);
        match scope {
            "proxy" => {}
            "region" | "global" => diagnostics.push(
                Diagnostic::error(
                    "not_supported_yet",
                    &path.member("scope"),
                    format!("the gateway has no source of leases for `scope: {scope}` yet"),
                )
                .at(span)
                .help("write `scope: proxy`"),
            ),
            other => diagnostics.push(unknown_word(
                "scope",
                other,
                &["proxy", "region", "global"],
                &path.member("scope"),
                span,
            )),
        }
    }
    not_yet(&mut fields, &["cost", "count", "unavailable"], diagnostics);
    fields.finish(diagnostics);
    Some(StepKindSource::RateLimit(RateLimitSource { key: key?, rate: rate?, burst: burst?, headers }))
}
