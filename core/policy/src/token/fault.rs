//! What is wrong with a token, exactly. A client is told the reason alone, which helps no forger; whoever looks into
//! a token of their own is told this.

use crate::reason::Reason;

macro_rules! faults {
    ($($variant:ident = $reason:ident, $detail:literal;)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Fault { $($variant,)* }

        impl Fault {
            pub const fn reason(self) -> Reason {
                match self { $(Self::$variant => Reason::$reason,)* }
            }

            /// For the owner of the token: no value of it is in there.
            pub const fn detail(self) -> &'static str {
                match self { $(Self::$variant => $detail,)* }
            }
        }
    };
}

faults! {
    TooLong = TokenMalformed, "the token has more than 16 KiB";
    Shape = TokenMalformed, "a token is three parts with a dot between them (RFC 7515, section 3.1)";
    Encrypted = TokenMalformed, "the token is encrypted: no gateway has its key";
    Encoding = TokenMalformed, "a part is not base64url in its one canonical form, without padding or whitespace";
    HeaderJson = TokenMalformed, "the header is no JSON object, or has a member twice";
    ClaimsJson = TokenMalformed, "the claims are no JSON object, or have a member twice";
    HeaderMember = TokenMalformed, "`alg`, `kid` or `typ` is no text, or `alg` is missing";
    Critical = TokenMalformed, "`crit` names extensions, and none is supported";
    Unencoded = TokenMalformed, "`b64` says that the claims are not encoded, which no JWT may (RFC 7797, section 7)";
    Compressed = TokenMalformed, "the token is compressed (`zip`)";
    Nested = TokenMalformed, "the token has another token in it (`cty`)";
    Type = TokenMalformed, "the token's `typ` is not one that is accepted here";
    Date = TokenMalformed, "`exp`, `nbf` or `iat` is no NumericDate (RFC 7519, section 2)";
    Issuer = TokenIssuerUnknown, "`iss` is not, to the letter, an issuer that is accepted here";
    Tenant = TokenIssuerUnknown, "the tenant that the token names is not the one of its `iss`";
    Algorithm = TokenAlgorithmRefused, "`alg` is not one that this issuer's tokens may have";
    KeyUnknown = TokenKeyUnknown, "none of the issuer's keys is the one that the token names, or fits it";
    KeyUnfit = TokenKeyUnknown, "the key that the token names does not serve its `alg` or its issuer";
    Signature = TokenSignatureInvalid, "the signature does not hold";
    Expired = TokenExpired, "`exp` has passed";
    NotYetValid = TokenNotYetValid, "`nbf` or `iat` is in the future";
    NoExpiry = TokenClaimMissing, "`exp` is missing";
    ClaimMissing = TokenClaimMissing, "a claim that the issuer's tokens must have is missing";
    Audience = TokenAudienceMismatch, "`aud` names none of the audiences that are accepted here";
    Lifetime = TokenLifetimeTooLong, "from `iat`, or from now, to `exp` is longer than is accepted";
    Unbound = TokenBindingMismatch, "the token is bound to no certificate, and must be here";
    Binding = TokenBindingMismatch, "the key to which the token is bound (`cnf`) was not proven";
    GroupsOverage = TokenGroupsOverage, "the token does not list its groups: there are too many (`_claim_names`)";
}
