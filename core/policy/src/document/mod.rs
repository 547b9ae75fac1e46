//! The document as its author wrote it: every key of a policy read into plain values, with where each stands.
//! Nothing here knows what a name refers to or what an expression means; that is `compile`'s.

mod api;
mod issuer;
mod operation;
mod step;

pub use api::{ApiSource, VersionSource, Versioning, VersioningScheme};
pub use operation::{OperationSource, TargetSource};
pub use step::{
    AnswerSource, AuthenticateSource, CacheSource, ConcurrencySource, CountAt, CredentialPlace, HeaderEdits,
    LimitScope, QuotaSource, RateLimitSource, RefusalSource, StepKindSource, StepSource, TierSource,
    Unavailable,
};

use spangate_document::{Diagnostic, Diagnostics, Fields, Node, Path, Span, hint};

use crate::token::Issuer;

/// A text that means something later (an expression, a name), and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    pub text: String,
    pub path: Path,
    pub span: Option<Span>,
}

/// Something under a name of the author's.
#[derive(Clone, Debug)]
pub struct Named<T> {
    pub name: String,
    pub path: Path,
    pub span: Option<Span>,
    pub value: T,
}

/// Whether verdicts are enforced or only counted and logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    #[default]
    Enforce,
    Shadow,
}

impl Mode {
    /// The mode of something in a group, or a policy, that has one of its own.
    pub fn within(self, around: Self) -> Self {
        match around {
            Self::Enforce => self,
            Self::Shadow => Self::Shadow,
        }
    }
}

#[derive(Clone, Debug)]
pub struct Document {
    pub name: String,
    pub mode: Mode,
    pub conditions: Vec<Named<Text>>,
    pub issuers: Vec<Named<Issuer>>,
    pub roles: Vec<Named<Text>>,
    pub steps: Vec<StepSource>,
    pub apis: Vec<Named<ApiSource>>,
}

/// Reads a policy. What cannot be read is reported and left out, so that the rest is still looked at.
pub fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Document> {
    let mut fields = Fields::of(node, Path::root(), diagnostics)?;
    let version = fields.demand_string("apiVersion", diagnostics);
    if let Some(other) = version.filter(|version| *version != "spangate/v1") {
        diagnostics.push(
            Diagnostic::error(
                "api_version",
                &Path::root().member("apiVersion"),
                format!("`{other}` is not known"),
            )
            .at(node.member("apiVersion").and_then(|node| node.span))
            .help("write `apiVersion: spangate/v1`"),
        );
    }
    let name = fields.demand_string("name", diagnostics).unwrap_or_default().to_owned();
    let mode = mode(&mut fields, diagnostics).unwrap_or_default();
    let conditions = texts(&mut fields, "conditions", diagnostics);
    let issuers = named(&mut fields, "issuers", diagnostics, issuer::read);
    let roles = texts(&mut fields, "roles", diagnostics);
    let steps = step::read_list(&mut fields, "steps", diagnostics);
    fields.demand("apis", diagnostics);
    let apis = named(&mut fields, "apis", diagnostics, api::read);
    fields.finish(diagnostics);
    Some(Document { name, mode, conditions, issuers, roles, steps, apis })
}

fn mode(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Option<Mode> {
    let node = fields.take("mode")?;
    let path = fields.path().member("mode");
    match text(node, path.clone(), diagnostics)?.text.as_str() {
        "enforce" => Some(Mode::Enforce),
        "shadow" => Some(Mode::Shadow),
        other => {
            diagnostics.push(unknown_word("mode", other, &["enforce", "shadow"], &path, node.span));
            None
        }
    }
}

/// A map from the author's names to what `read` makes of each member.
fn named<T>(
    fields: &mut Fields<'_>,
    name: &'static str,
    diagnostics: &mut Diagnostics,
    mut read: impl FnMut(&Node, Path, &mut Diagnostics) -> Option<T>,
) -> Vec<Named<T>> {
    let mut all = Vec::new();
    for (key, node, path) in fields.map(name, diagnostics) {
        if !is_name(&key.name) {
            diagnostics.push(
                Diagnostic::error("invalid_name", &path, format!("`{}` is no name", key.name))
                    .at(key.span)
                    .help("names have letters, digits, `_` and `-`, and at most 64 of them"),
            );
        }
        if let Some(value) = read(node, path.clone(), diagnostics) {
            all.push(Named { name: key.name.clone(), path, span: key.span, value });
        }
    }
    all
}

fn texts(fields: &mut Fields<'_>, name: &'static str, diagnostics: &mut Diagnostics) -> Vec<Named<Text>> {
    named(fields, name, diagnostics, text)
}

fn text(node: &Node, path: Path, diagnostics: &mut Diagnostics) -> Option<Text> {
    match node.as_str() {
        Some(text) => Some(Text { text: text.to_owned(), path, span: node.span }),
        None => {
            diagnostics.error("wrong_type", &path, node, format!("expected a text, found {}", node.kind()));
            None
        }
    }
}

fn owned(texts: Option<Vec<&str>>) -> Option<Vec<String>> {
    texts.map(|texts| texts.into_iter().map(str::to_owned).collect())
}

/// A reason in the author's own words: as those of [`Reason`](crate::reason::Reason) are spelt.
fn is_reason(word: &str) -> bool {
    word.len() <= 64
        && word.starts_with(|c: char| c.is_ascii_lowercase())
        && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// The text `name` of a map.
fn text_field(fields: &mut Fields<'_>, name: &'static str, diagnostics: &mut Diagnostics) -> Option<Text> {
    let node = fields.take(name)?;
    text(node, fields.path().member(name), diagnostics)
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

/// A fault for a word that is none of `known`.
fn unknown_word(what: &str, word: &str, known: &[&str], path: &Path, span: Option<Span>) -> Diagnostic {
    let fault = Diagnostic::error("invalid_value", path, format!("`{word}` is no {what}")).at(span);
    fault.help(hint("known", word, known))
}
