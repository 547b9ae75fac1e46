//! Limits as a host keeps them: whose account a key names, and what the account is worth.

use spangate_limits::{Limit, QuotaLimit};

use crate::condition::Condition;
use crate::document::{CountAt, LimitScope, Unavailable};

#[derive(Debug)]
pub struct RateLimit {
    /// What the client is told it is called.
    pub label: String,
    pub scope: LimitScope,
    /// Whether allowed calls are told how the limit stands, too.
    pub tell: bool,
    pub count: CountAt,
    pub unavailable: Unavailable,
    pub(crate) key: Condition,
    pub(crate) cost: Option<Condition>,
    pub(crate) tiers: Vec<Tier>,
}

/// One rate of a limit. Each tier keeps accounts of its own.
#[derive(Debug)]
pub struct Tier {
    /// Tells this limit from every other: its place in the document, its rate and its burst.
    pub rule: Vec<u8>,
    pub limit: Limit,
    pub(crate) when: Option<Condition>,
}

#[derive(Debug)]
pub struct Quota {
    pub label: String,
    /// Tells this quota from every other.
    pub rule: Vec<u8>,
    pub limit: QuotaLimit,
    pub scope: LimitScope,
    pub unavailable: Unavailable,
    pub(crate) key: Condition,
    pub(crate) cost: Option<Condition>,
}

#[derive(Debug)]
pub struct Concurrency {
    /// Tells this limit from every other.
    pub rule: Vec<u8>,
    /// Calls in flight at once.
    pub limit: u32,
    pub(crate) key: Condition,
}
