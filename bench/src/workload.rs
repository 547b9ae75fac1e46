//! What is measured: which contenders take part, with which configuration and which tokens.

use clap::ValueEnum;
use serde::Serialize;

use crate::contender::Kind;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Workload {
    /// Envoy answers what is allowed: the decision and nothing else.
    Decided,
    /// What is allowed goes to an HTTP/2 upstream, by gRPC and back to JSON, but for `bare`.
    Proxied,
    /// Nothing but the token is asked, it is always the same, and the call goes to the upstream as it is.
    CachedRs256,
    /// Never one that any cache has.
    ColdRs256,
    ColdEs256,
    /// Ten thousand in rotation, which `native` is told to cache.
    ManyTokens,
}

/// Tokens that differ, in rotation.
#[derive(Clone, Copy, Debug)]
pub struct Rotation {
    pub algorithm: &'static str,
    pub count: usize,
}

/// A token comes again only after more others than any cache here holds, which is some 28,000.
const COLD: usize = 40_000;
const MANY: usize = 10_000;

impl Workload {
    pub const ALL: [Self; 6] =
        [Self::Decided, Self::Proxied, Self::CachedRs256, Self::ColdRs256, Self::ColdEs256, Self::ManyTokens];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Decided => "decided",
            Self::Proxied => "proxied",
            Self::CachedRs256 => "cached-rs256",
            Self::ColdRs256 => "cold-rs256",
            Self::ColdEs256 => "cold-es256",
            Self::ManyTokens => "many-tokens",
        }
    }

    pub const fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Decided => {
                &[Kind::Bare, Kind::Native, Kind::Spangate, Kind::NativeConditions, Kind::SpangateConditions]
            }
            Self::Proxied | Self::CachedRs256 | Self::ColdRs256 | Self::ColdEs256 | Self::ManyTokens => {
                &[Kind::Bare, Kind::Native, Kind::Spangate]
            }
        }
    }

    /// Whether more is asked than the token.
    pub const fn authorizes(self) -> bool {
        matches!(self, Self::Decided | Self::Proxied)
    }

    /// Name of a contender's configuration.
    pub const fn configuration(self, kind: Kind) -> &'static str {
        match (self, kind) {
            (Self::Decided, _) => "decided",
            // Who asks nothing passes on alike.
            (Self::Proxied, _) | (_, Kind::Bare) => "proxied",
            (Self::CachedRs256 | Self::ColdRs256 | Self::ColdEs256 | Self::ManyTokens, _) => "authenticated",
        }
    }

    /// Our own policy for it.
    pub const fn policy(self) -> &'static str {
        if self.authorizes() { "policy.yaml" } else { "authenticated-policy.yaml" }
    }

    /// None where every request has the same token.
    pub const fn rotation(self) -> Option<Rotation> {
        match self {
            Self::Decided | Self::Proxied | Self::CachedRs256 => None,
            Self::ColdRs256 => Some(Rotation { algorithm: "RS256", count: COLD }),
            Self::ColdEs256 => Some(Rotation { algorithm: "ES256", count: COLD }),
            Self::ManyTokens => Some(Rotation { algorithm: "RS256", count: MANY }),
        }
    }

    /// How many tokens `native` is told to cache.
    pub const fn native_cache(self) -> usize {
        match self {
            Self::Decided | Self::Proxied | Self::CachedRs256 => 100,
            Self::ColdRs256 | Self::ColdEs256 => 0,
            Self::ManyTokens => MANY,
        }
    }
}
