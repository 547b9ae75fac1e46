//! `rate_limit`, `quota` and `concurrency`.

use schemars::JsonSchema;

use super::Expression;
use super::step::step;

step! {
    /// How often. In every interval T at most burst + rate·T calls of one account pass.
    struct RateLimit {
        /// Whose account a call is counted on.
        key: Expression,
        rate: RateOrTiers,
        /// How many may come at once; the rate's count where nothing is said.
        #[schemars(range(min = 1, max = 1_000_000_000))]
        burst: Option<u32>,
        /// Over what it counts; `proxy` where nothing is said.
        scope: Option<Scope>,
        /// How many permits a call takes; one where nothing is said.
        cost: Option<Expression>,
        /// Whether the cost is known when a call comes or by its answer.
        count: Option<CountAt>,
        /// Tell allowed calls how the limit stands, too.
        headers: Option<bool>,
        unavailable: Option<Unavailable>,
    }
}

step! {
    /// How much, in a window of a length or of a calendar month.
    struct Quota {
        /// Whose account a call is counted on.
        key: Expression,
        /// Such as `100000/1d`, or `1000000/1month` by the calendar, in UTC.
        #[schemars(regex(pattern = r"^[0-9]+/([0-9]+(ms|s|m|h|d)|(1|2|3|4|6|12)month)$"))]
        limit: String,
        /// Over what it counts; `global` where nothing is said.
        scope: Option<Scope>,
        /// How many permits a call takes; one where nothing is said.
        cost: Option<Expression>,
        unavailable: Option<Unavailable>,
    }
}

step! {
    /// How many at the same time.
    struct Concurrency {
        /// Whose account a call is counted on.
        key: Expression,
        /// Calls in flight at once.
        #[schemars(range(min = 1, max = 1_000_000))]
        limit: u32,
        scope: Option<ProxyScope>,
    }
}

/// Such as `100/1m`; or a table, of which the first row applies whose `when` holds.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum RateOrTiers {
    One(Rate),
    Tiers(#[schemars(length(min = 1))] Vec<Tier>),
}

/// Such as `100/1m`.
#[derive(JsonSchema)]
struct Rate(#[schemars(regex(pattern = r"^[0-9]+/[0-9]+(ms|s|m|h|d)$"))] String);

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Tier {
    when: Option<Expression>,
    rate: Rate,
    /// How many may come at once; the rate's count where nothing is said.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    burst: Option<u32>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum Scope {
    Proxy,
    Region,
    Global,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum ProxyScope {
    Proxy,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum CountAt {
    Request,
    Response,
}

/// What becomes of a call while nobody can say how its account stands; `deny` where nothing is said.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum Unavailable {
    Deny,
    Allow,
    Proxy,
}
