//! Why a call was refused: stable words that clients may match on, and the one place that gives each its HTTP
//! status.

/// A reason and what goes with it. The words never change once released; `docs/reasons.md` lists them.
macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $word:literal, $status:literal, $detail:literal;)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Reason { $($(#[$doc])* $variant,)* }

        impl Reason {
            /// Every reason, in the order of the table.
            pub const ALL: &'static [Reason] = &[$(Reason::$variant,)*];

            /// The stable word, snake_case.
            pub const fn as_str(self) -> &'static str {
                match self { $(Reason::$variant => $word,)* }
            }

            /// The HTTP status that a refusal for this reason has.
            pub const fn status(self) -> u16 {
                match self { $(Reason::$variant => $status,)* }
            }

            /// What a caller may be told: nothing that helps an attacker.
            pub const fn detail(self) -> &'static str {
                match self { $(Reason::$variant => $detail,)* }
            }
        }
    };
}

reasons! {
    TokenMissing = "token_missing", 401, "this operation needs a bearer token";
    TokenRepeated = "token_repeated", 401, "the request carries more than one credential";
    TokenMalformed = "token_malformed", 401, "the token is no signed JSON Web Token";
    TokenExpired = "token_expired", 401, "the token has expired";
    TokenNotYetValid = "token_not_yet_valid", 401, "the token is not valid yet";
    TokenSignatureInvalid = "token_signature_invalid", 401, "the token's signature does not hold";
    TokenAlgorithmRefused = "token_algorithm_refused", 401, "the token's algorithm is not accepted";
    TokenKeyUnknown = "token_key_unknown", 401, "the token's key is not one of its issuer's";
    TokenIssuerUnknown = "token_issuer_unknown", 401, "the token's issuer is not accepted here";
    TokenAudienceMismatch = "token_audience_mismatch", 401, "the token is meant for another audience";
    TokenClaimMissing = "token_claim_missing", 401, "the token lacks a claim that is demanded";
    TokenLifetimeTooLong = "token_lifetime_too_long", 401, "the token is valid for longer than is accepted";
    TokenBindingMismatch = "token_binding_mismatch", 401, "the token is bound to a key that was not proven";
    TokenGroupsOverage = "token_groups_overage", 401, "the token lists too many groups to carry them: ask its issuer for app roles or assigned groups";
    KeysUnavailable = "keys_unavailable", 503, "the issuer's keys are not available at the moment";
    RoleMissing = "role_missing", 403, "the caller has none of the roles that this operation needs";
    RequirementNotMet = "requirement_not_met", 403, "a requirement of this operation is not met";
    Denied = "denied", 403, "the policy denies this call";
    RateLimited = "rate_limited", 429, "too many calls: try again later";
    QuotaExhausted = "quota_exhausted", 429, "the quota of this period is used up";
    ConcurrencyExceeded = "concurrency_exceeded", 429, "too many calls are in flight: try again later";
    PermitsUnavailable = "permits_unavailable", 503, "the state of a limit is not available at the moment";
    RouteNotFound = "route_not_found", 404, "there is no such operation";
    MethodNotAllowed = "method_not_allowed", 405, "this method is not offered here";
    VersionUnknown = "version_unknown", 404, "there is no such version of the API";
    VersionSunset = "version_sunset", 410, "this version of the API has been retired";
    ParameterInvalid = "parameter_invalid", 400, "a parameter of the request is not valid";
    HeaderTooLarge = "header_too_large", 431, "the request's headers are too large";
    BodyTooLarge = "body_too_large", 413, "the request's body is too large";
    MediaTypeUnsupported = "media_type_unsupported", 415, "the request's body is of a media type that is not accepted";
    OriginDenied = "origin_denied", 403, "pages of this origin may not call";
    ConditionError = "condition_error", 403, "a condition of the policy could not be decided for this call";
    PolicyUnavailable = "policy_unavailable", 503, "the gateway has no policy at the moment";
    UpstreamUnavailable = "upstream_unavailable", 503, "the service behind the gateway is not available";
    UpstreamTimeout = "upstream_timeout", 504, "the service behind the gateway did not answer in time";
}

#[cfg(test)]
mod tests {
    use super::Reason;

    #[test]
    fn words_are_snake_case_and_unique() {
        let mut words: Vec<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
        for word in &words {
            assert!(word.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{word}");
        }
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Reason::ALL.len());
    }

    #[test]
    fn the_documented_table_is_this_one() {
        let page = include_str!("../../../docs/reasons.md");
        let (_, table) = page.split_once("## Of the gateway").unwrap();
        let (table, _) = table.split_once("## Of Envoy itself").unwrap();
        let documented: Vec<_> = table.lines().filter(|line| line.starts_with("| `")).collect();
        let row = |reason: &Reason| {
            format!("| `{}` | {} | {} |", reason.as_str(), reason.status(), reason.detail())
        };
        assert_eq!(documented, Reason::ALL.iter().map(row).collect::<Vec<_>>());
    }
}
