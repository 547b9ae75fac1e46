//! `rate_limit`, `quota` and `concurrency`: whose account, how much, over what reach.

use spangate_document::{Diagnostics, Fields, Node, Path, Quota, Rate, Value};

use super::{Body, StepKindSource, Text, text_field};

#[derive(Clone, Debug)]
pub struct RateLimitSource {
    pub key: Text,
    /// The first whose `when` holds applies; a single rate is one tier without `when`.
    pub tiers: Vec<TierSource>,
    pub scope: LimitScope,
    /// How many permits a call costs; one where the author says nothing.
    pub cost: Option<Text>,
    pub count: CountAt,
    /// Whether allowed calls are told how the limit stands, too.
    pub headers: bool,
    pub unavailable: Unavailable,
}

#[derive(Clone, Debug)]
pub struct TierSource {
    pub path: Path,
    pub when: Option<Text>,
    pub rate: Rate,
    /// As many as the rate's count where the author names none.
    pub burst: u64,
}

#[derive(Clone, Debug)]
pub struct QuotaSource {
    pub key: Text,
    pub limit: Quota,
    pub scope: LimitScope,
    pub cost: Option<Text>,
    pub unavailable: Unavailable,
}

#[derive(Clone, Debug)]
pub struct ConcurrencySource {
    pub key: Text,
    /// Calls in flight at once.
    pub limit: u32,
}

/// Over what a limit counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LimitScope {
    /// All workers of one proxy.
    #[default]
    Proxy,
    Region,
    Global,
}

impl LimitScope {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Proxy => "proxy",
            Self::Region => "region",
            Self::Global => "global",
        }
    }
}

/// When a call is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CountAt {
    #[default]
    Request,
    /// A permit is held while the call runs; what it costs is known by its answer.
    Response,
}

/// What becomes of a call while nobody can say how its account stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unavailable {
    #[default]
    Deny,
    Allow,
    /// This proxy alone counts.
    Proxy,
}

const SCOPES: &[(&str, LimitScope)] =
    &[("proxy", LimitScope::Proxy), ("region", LimitScope::Region), ("global", LimitScope::Global)];

const MAX_BURST: i64 = 1_000_000_000;

pub(super) fn rate_limit(body: Body<'_, '_>, diagnostics: &mut Diagnostics) -> Option<StepKindSource> {
    let mut fields = body.demand_map(diagnostics)?;
    let key = key(&mut fields, diagnostics);
    let tiers = match fields.demand("rate", diagnostics) {
        Some(Node { value: Value::List(_), .. }) => tiers(&mut fields, diagnostics),
        Some(_) => tier(&mut fields, None, diagnostics).into_iter().collect(),
        None => Vec::new(),
    };
    let scope = fields.word("scope", SCOPES, diagnostics).unwrap_or_default();
    let cost = text_field(&mut fields, "cost", diagnostics);
    let count = [("request", CountAt::Request), ("response", CountAt::Response)];
    let count = fields.word("count", &count, diagnostics).unwrap_or_default();
    let headers = fields.bool("headers", diagnostics).unwrap_or(false);
    let unavailable = unavailable(&mut fields, diagnostics);
    fields.finish(diagnostics);
    let source = RateLimitSource { key: key?, tiers, scope, cost, count, headers, unavailable };
    Some(StepKindSource::RateLimit(source))
}

fn tiers(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Vec<TierSource> {
    let mut tiers = Vec::new();
    for (node, path) in fields.list("rate", diagnostics) {
        if let Some(mut row) = Fields::of(node, path, diagnostics) {
            let when = text_field(&mut row, "when", diagnostics);
            row.demand("rate", diagnostics);
            tiers.extend(tier(&mut row, when, diagnostics));
            row.finish(diagnostics);
        }
    }
    if tiers.is_empty() {
        diagnostics.push(fields.fault("rate", "at least one rate is needed"));
    }
    tiers
}

fn tier(fields: &mut Fields<'_>, when: Option<Text>, diagnostics: &mut Diagnostics) -> Option<TierSource> {
    let rate = fields.rate("rate", diagnostics);
    let burst = fields.integer_in("burst", 1..=MAX_BURST, diagnostics);
    let rate = rate?;
    let burst = burst.and_then(|burst| u64::try_from(burst).ok()).unwrap_or(rate.count);
    Some(TierSource { path: fields.path().clone(), when, rate, burst })
}

pub(super) fn quota(body: Body<'_, '_>, diagnostics: &mut Diagnostics) -> Option<StepKindSource> {
    let mut fields = body.demand_map(diagnostics)?;
    let key = key(&mut fields, diagnostics);
    fields.demand("limit", diagnostics);
    let limit = fields.quota("limit", diagnostics);
    let scope = fields.word("scope", SCOPES, diagnostics).unwrap_or(LimitScope::Global);
    let cost = text_field(&mut fields, "cost", diagnostics);
    let unavailable = unavailable(&mut fields, diagnostics);
    fields.finish(diagnostics);
    Some(StepKindSource::Quota(QuotaSource { key: key?, limit: limit?, scope, cost, unavailable }))
}

pub(super) fn concurrency(body: Body<'_, '_>, diagnostics: &mut Diagnostics) -> Option<StepKindSource> {
    let mut fields = body.demand_map(diagnostics)?;
    let key = key(&mut fields, diagnostics);
    fields.demand("limit", diagnostics);
    let limit = fields.integer_in("limit", 1..=1_000_000, diagnostics);
    // Calls in flight are known to the proxy that holds them, and to nobody else.
    fields.word("scope", &[("proxy", ())], diagnostics);
    fields.finish(diagnostics);
    let limit = u32::try_from(limit?).ok()?;
    Some(StepKindSource::Concurrency(ConcurrencySource { key: key?, limit }))
}

fn key(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Option<Text> {
    fields.demand("key", diagnostics);
    text_field(fields, "key", diagnostics)
}

fn unavailable(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Unavailable {
    let words = [("deny", Unavailable::Deny), ("allow", Unavailable::Allow), ("proxy", Unavailable::Proxy)];
    fields.word("unavailable", &words, diagnostics).unwrap_or_default()
}
